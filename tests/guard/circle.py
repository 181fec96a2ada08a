"""A small group of invented people whose contacts the guard tests hide in texts."""

from __future__ import annotations

from channels.secret import Contact, Secret
from relay.guard.people import Person


def person(number: int, name: str, *contacts: str, names: tuple[str, ...] = ()) -> Person:
    """Return a member; a contact with `@` is an address, any other a number in E.164."""
    kept = tuple(Contact("email" if "@" in each else "sms", each) for each in contacts)
    return Person(
        id=number, name=Secret(name), contacts=kept, names=tuple(Secret(each) for each in names)
    )


MARA = person(
    1, "Robin", "mara.hale@example.org", "+491701234567", "mh84@gmx.de", names=("Mara Hale",)
)
JO = person(2, "Wren", "jo@me.com", "+12025550143", names=("Joanna O'Brien",))
SALIM = person(
    3, "Sparrow", "salim_haddad+group@gmail.com", "+447400918273", names=("سليم حداد", "Salim")
)
JOSE = person(4, "Finch", "josé.núñez@correo.es", "+34612847591", names=("José Núñez",))
LI = person(5, "Lark", "lixiaolong@qq.com", "+8613817264950", names=("李小龙",))
GRACE = person(6, "Heron", "grace@müller.de", "+393331590284", names=("Grace Hope",))
MEERA = person(7, "Swift", "meera-k@web.de", "+919845162738", names=("मीरा कपूर",))
CIRCLE = (MARA, JO, SALIM, JOSE, LI, GRACE, MEERA)
