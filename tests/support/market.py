"""A pretended market of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.secret import Secret
from relay.errors import RefusalError
from relay.market import Rented


@dataclass
class Shop:
    """Offers numbers, rents them to us, and remembers where ours point."""

    offered: list[str]
    ours: dict[str, bool]
    """Whether it points here, by number."""
    asked: list[tuple[str, str | None, bool, int]] = field(default_factory=list)
    is_broken: bool = False
    """Whether nothing can be pointed anywhere."""
    most: int = 9
    """It rents no more than so many to us."""

    async def search(
        self, *, country: str, area_code: str | None, toll_free: bool, limit: int
    ) -> list[Secret]:
        """What is on offer: toll-free ones begin with +18."""
        self.asked.append((country, area_code, toll_free, limit))
        fit = [n for n in self.offered if n.startswith("+18") == toll_free]
        return [Secret(number) for number in fit[:limit]]

    async def buy(self, number: Secret) -> None:
        """Rent it."""
        if len(self.ours) >= self.most:
            raise RefusalError("Twilio sells no more.")
        self.offered.remove(number.reveal())
        self.ours[number.reveal()] = False

    async def rented(self) -> list[Rented]:
        """All that are rented."""
        return [Rented(number=Secret(n), points_here=here) for n, here in self.ours.items()]

    async def point(self, number: Secret) -> None:
        """Point it here."""
        if self.is_broken:
            raise RefusalError("Twilio does not answer.")
        self.ours[number.reveal()] = True
