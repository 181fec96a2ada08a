"""`Carrier`: the fake Twilio put together, started and stopped, and what a test tells it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from .account import Account, Signature, real_now
from .errors import error
from .faults import Fault, Faults
from .inbound import Inbound
from .life import Life
from .messages import CDN, Messages
from .model import API, LeftBehind, Taken, TextMessage
from .optout import OptOuts
from .others import LISTS, Others
from .outbound import Outbound
from .phones import Phone, Phones, Pictures
from .rental import Rental
from .rented import Numbers
from .store import Store
from .webhooks import Webhooks

_OPEN = (CDN + "/", LISTS + "/")


class Carrier(Account):
    """Twilio's API, the phones, and what may go wrong between them. See the package for its use.

    `account_sid` and `auth_token` are made up anew unless given. With `redaction` the account has
    Message Redaction; with `handles_stop` Twilio acts on STOP and its like itself, and with
    `advanced_opt_out` says so in the webhook. With `signature="sha256"` webhooks are signed with
    `shared_key`. `now` is its clock. All methods but `start` and `close` may be called at any time
    between them.
    """

    def __init__(
        self,
        *,
        account_sid: str | None = None,
        auth_token: str | None = None,
        redaction: bool = False,
        handles_stop: bool = False,
        advanced_opt_out: bool = False,
        signature: Signature = "sha1",
        shared_key: str = "",
        now: Callable[[], datetime] = real_now,
    ) -> None:
        super().__init__(
            account_sid=account_sid,
            auth_token=auth_token,
            redaction=redaction,
            handles_stop=handles_stop,
            advanced_opt_out=advanced_opt_out,
            signature=signature,
            shared_key=shared_key,
            now=now,
        )
        self._life = Life()
        self._faults = Faults()
        self._store = Store()
        self._numbers = Numbers()
        self._opt_outs = OptOuts()
        self._phones = Phones(self)
        self._webhooks = Webhooks(self)
        ends = (self, self._numbers, self._store, self._phones, self._opt_outs)
        self._inbound = Inbound(*ends, self._faults, self._webhooks, self._life)
        self._outbound = Outbound(*ends, self._faults, self._webhooks, self._life)
        self._others = Others(self, self._store)
        self._runner: web.AppRunner | None = None
        self.requests = self._outbound.requests
        """The parameters of every create call that named this account, refused ones too."""
        self.callbacks = self._outbound.callbacks
        """Message, status and what our callback got as HTTP status (0: nothing)."""

    # Life

    async def start(self, api_port: int = 0) -> None:
        """Serve the REST API on 127.0.0.1 (port 0: any free one)."""
        self._life.open()
        self._webhooks.open()
        app = web.Application(middlewares=[self._admit])
        app.router.add_post(API + "/{account}/Messages.json", self._outbound.create)
        app.add_routes(Messages(self, self._store, self._faults).routes())
        app.add_routes(Rental(self, self._numbers).routes())
        app.add_routes(self._others.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", api_port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop: nothing of it runs or listens afterwards. Callbacks still under way are dropped."""
        await self._life.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await self._life.close()  # what came in while the server ended
        await self._webhooks.close()

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the account in, and anybody to what has an unguessable name."""
        if not request.path.startswith(_OPEN):
            refusal = self.stranger(request)
            if refusal is not None:
                return refusal
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return error(20404)
        except web.HTTPMethodNotAllowed:
            return error(20004)

    # The account

    def rent(self, *numbers: str) -> None:
        """Add numbers to the account. Before the first one, every number counts as rented."""
        for number in numbers:
            self._numbers.rent(number, self.now())

    def offer(self, *numbers: str, country: str = "US", sms: bool = True, mms: bool = True) -> None:
        """Put numbers on sale: toll-free ones by their area code, all others as local ones."""
        self._numbers.offer(numbers, country=country, sms=sms, mms=mms)

    def service(self, *numbers: str) -> str:
        """Put numbers into one new Messaging Service; its id. They share their opt-outs."""
        return self._numbers.serve(numbers)

    def deactivate(self, *numbers: str, day: date | None = None) -> None:
        """Have carriers say that these numbers are nobody's any more, on that day or today."""
        self._others.deactivate(numbers, day)

    # The phones

    def phone(self, number: str) -> Phone:
        """The phone with that number (E.164). There is one for every number, from its first use."""
        return self._phones.of(number)

    @property
    def delivered(self) -> list[TextMessage]:
        """Every text any phone received, oldest first. It grows while you hold it."""
        return self._phones.delivered

    async def take_from_phone(
        self, number: str, to: str, body: str, media: Pictures = 0, others: Sequence[str] = ()
    ) -> int:
        """What `Phone.text` does."""
        return await self._inbound.text(number, to, body, media, others)

    async def take_call(self, number: str, to: str) -> str:
        """What `Phone.call` does."""
        return await self._inbound.call(number, to)

    # The truth

    @property
    def taken(self) -> list[Taken]:
        """Every text taken from the program, oldest first; deletion does not touch it."""
        return self._store.taken

    def doubles(self) -> dict[tuple[str, str], list[Taken]]:
        """By phone and body, the texts that were taken more than once."""
        by_words: defaultdict[tuple[str, str], list[Taken]] = defaultdict(list)
        for taken in self.taken:
            by_words[taken.to, taken.body].append(taken)
        return {words: copies for words, copies in by_words.items() if len(copies) > 1}

    def left_behind(self) -> LeftBehind:
        """What is still stored at the provider, incoming and outgoing."""
        return self._store.left_behind()

    @property
    def faults_done(self) -> Counter[str]:
        """How often each class of `Fault` was done, by script or by chance."""
        return self._faults.done

    # Faults

    def fail(
        self,
        to: str | None = None,
        *,
        code: int | None = None,
        http: int | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Refuse the next `times` create calls (to `to`) with a Twilio code, HTTP status, or both.

        The first `after` of them still pass. A code alone comes with the status Twilio uses; a
        status alone with a page of HTML, as from a proxy before the API.
        """
        kind = Fault.SERVER_ERROR if code is None else Fault.REFUSE
        self._faults.script(kind, to=to, times=times, after=after, code=code, http=http)

    def undeliver(self, to: str | None = None, *, code: int, times: int = 1) -> None:
        """Take the next `times` texts (to `to`), then report `undelivered` with that code."""
        self._faults.script(Fault.UNDELIVERED, to=to, times=times, code=code)

    def lose_answer(self, times: int = 1) -> None:
        """Take the next `times` texts and drop the connection in place of an answer."""
        self._faults.script(Fault.ANSWER_LOST, times=times)

    def delay(self, seconds: float) -> None:
        """From now on take every text at once, and answer the create call this much later."""
        self._outbound.delay = seconds

    def duplicate_webhook(self, times: int = 1, *, overlap: bool = False) -> None:
        """Post each of the next `times` incoming texts twice, with one `MessageSid`.

        The second follows the answer to the first, or with `overlap` comes at the same moment.
        """
        self._faults.script(Fault.WEBHOOK_DUPLICATED, times=times, overlap=overlap)

    def script(self, fault: Fault | str, *, to: str | None = None, times: int = 1) -> None:
        """Have a fault of that class strike the next `times` events (of phone `to`)."""
        self._faults.script(fault, to=to, times=times)

    def chaos(
        self,
        rate: float = 0.05,
        seed: int = 1,
        faults: Mapping[str, float] | Iterable[str] | None = None,
        *,
        late: float = 1.0,
        overlap: bool = False,
        undelivered_codes: Sequence[int] = (30003,),
    ) -> None:
        """From now on have faults strike by seeded chance, each class for itself.

        `faults` names the classes (all, if not given), or gives each its own rate in place of
        `rate`. What comes late comes `late` seconds late; with `overlap` an incoming text that is
        posted twice is so at once. What is not delivered has one of `undelivered_codes`.
        `chaos(0)` ends it. Raises `ValueError` for a class that is none, or without any code.
        """
        self._faults.chaos(rate, seed, faults, late, overlap=overlap, codes=undelivered_codes)

    # Waiting

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the name callers use
        """Return once `predicate()` holds; it is asked after everything that happens here.

        Raises `TimeoutError` after `timeout` seconds.
        """
        await self._life.wait_for(predicate, timeout)
