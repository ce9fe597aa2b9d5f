"""Short messages by SMPP 3.4: one login for a batch, every answer of the operator told apart.

SMPP has no id by which an operator would know a message again: one that was handed over and not answered for may arrive
twice when it is handed over again.
"""

from __future__ import annotations

import asyncio
import math
import re
import ssl
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rectiflow.engine.moments import ZONE
from rectiflow.engine.visibility import masked_phone

from .errors import ChannelDown, PermanentFailure
from .given import Given
from .message import SMS, Contact, Message, Rendered
from .pace import HERE, Turns
from .plaintext import one_line, shorten
from .receipts import Receipt, SmsReply
from .registry import About
from .smpp_answers import Dropped, Lost, Unbound, in_parts, no_connection, refusal, unanswered
from .smpp_link import SmppLink
from .smpp_pdu import (
    SUBMIT_SM,
    Address,
    BadPdu,
    Delivery,
    Long,
    Pdu,
    Piece,
    bind_body,
    message_id_of,
    pieces_of,
    submit_body,
)
from .sms import compose_sms
from .templates import TemplateSet

__all__ = ["SmppChannel", "SmppSettings", "channel", "receipt_of"]

MAX_NUMBER = 20  #: characters of an address (SMPP 3.4, 4.4.1)
MAX_ID = 64  #: characters of an operator's id (SMPP 3.4, 4.4.2)
MAX_CODE = 40  #: characters kept of what an operator calls the end of a message
RECEIPTED_ID = 0x001E  #: receipted_message_id (SMPP 3.4, 5.3.2.12)
KIND = 0x3C  #: the bits of esm_class that say what a delivery is (SMPP 3.4, 5.2.12)
IS_RECEIPT = 0x04
IS_REPLY = 0x00
ALREADY_BOUND = 0x05  #: command_status of a login while there is one (SMPP 3.4, 5.1.3)
UNDER_WAY = ("ENROUTE", "ACCEPTD")  #: says nothing final yet

_FIELD = re.compile(r"\b(id|stat|err|done date):(\S*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppSettings:
    """How to reach the operator's message centre, and as whom; see `channel` for what each name means."""

    host: str
    port: int = 2775
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    source: Address
    destination: Address  #: what every number begins with ("" or 86), and its type and plan
    tls: bool = False
    ca_file: Path | None = None
    long: Long = "payload"
    rate: float = 10  #: messages per second, each part counted
    window: int = 10  #: messages without an answer at a time
    receipts: bool = True
    replies: bool = False  #: the operator hands answers to `source` over, and messages say what can be answered
    linger: float = 1  #: seconds to wait for receipts at the end of a batch
    timeout: float = 15  #: seconds

    @property
    def place(self) -> str:
        """Return host:port, as it stands in messages."""
        return f"{self.host}:{self.port}"


class SmppChannel:
    """The channel "sms" over SMPP.

    The login is made with the first message of a batch and shared by all of them; when the connection drops it is made
    anew, and what was not handed over yet goes over the new one. A login that failed holds for the rest of the batch.

    Args:
        settings: of the operator.
        signature: who speaks: 【梁子湖区教育局】.
        now: the time of what arrives.
        turns: who counts how many are sent in a second.
        on_receipt: is told what became of a message; where it raises, the operator delivers the receipt again.
        on_reply: is told what a person answered; the same.
    """

    name = SMS

    def __init__(
        self,
        settings: SmppSettings,
        /,
        *,
        signature: str,
        now: Callable[[], datetime],
        turns: Turns = HERE,
        on_receipt: Callable[[Receipt], object] | None = None,
        on_reply: Callable[[SmsReply], None] | None = None,
    ) -> None:
        self._settings, self._signature, self._now, self._turns = settings, signature, now, turns
        self.on_receipt, self.on_reply = on_receipt, on_reply
        self._link: SmppLink | None = None
        self._begin()

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a telephone number."""
        return bool(one_line(contact.phone or ""))

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the text with its signature."""
        signature, replies = self._signature, self._settings.replies
        return compose_sms(message, contact, templates=templates, signature=signature, replies=replies)

    async def open(self) -> None:
        """Begin a batch; the login waits for the first message."""
        await self._end()
        self._begin()

    async def send(self, rendered: Rendered) -> str:
        """Hand one message over, in as many parts as it needs, and return the operator's id of each.

        A message in parts that is refused halfway is handed over again from the beginning.

        Raises:
            TemporaryFailure: not taken now; ChannelDown where connection, login or settings fail and nothing was handed
                over, Unanswered where it was, or some of its parts, and the operator did not say what became of it.
            PermanentFailure: a number or a text that will never be taken.
        """
        number, pieces = self._prepared(rendered)
        ids: list[str] = []
        async with self._window:
            for piece in pieces:
                try:
                    ids.append(await self._handed_over(number, piece))
                except ChannelDown as exc:
                    if ids:
                        raise in_parts(exc) from exc
                    raise
        return f"SMPP id {','.join(ids)}"

    async def close(self) -> None:
        """Wait for receipts as long as the settings want it, and log out."""
        if self._wants_receipts and self._link is not None and self._link.alive:
            await asyncio.sleep(self._settings.linger)
        await self._end(farewell=True)

    async def listen(self, seconds: float) -> None:
        """Log in, hand on what the operator has kept for us, and log out; nothing where the account is in use elsewhere.

        Raises:
            ChannelDown: connection, login or settings fail.
        """
        await self.open()
        try:
            link = await self._logged_in()
        except (OSError, Dropped, Unbound) as exc:
            if isinstance(exc, Unbound) and exc.status == ALREADY_BOUND:
                return  # whoever is logged in hears it
            raise no_connection(exc, self._settings.place) from exc
        try:
            await link.stay(seconds)
        finally:
            await link.close(farewell=True)

    @property
    def _wants_receipts(self) -> bool:
        return self._settings.receipts and self.on_receipt is not None

    def _begin(self) -> None:
        self._down: ChannelDown | None = None
        self._login = asyncio.Lock()
        self._window = asyncio.Semaphore(self._settings.window)

    def _prepared(self, rendered: Rendered) -> tuple[Address, list[Piece]]:
        """Return number and text as they are handed over; the parts of a message have the same reference in every try."""
        s, text = self._settings, one_line(rendered.body.decode())
        digits = re.sub(r"[\s()+-]", "", rendered.to)
        number = digits if digits.startswith(s.destination.text) and len(digits) > 11 else s.destination.text + digits
        if not re.fullmatch(r"[0-9]{3,20}", number):
            shown = masked_phone(one_line(rendered.to))
            raise PermanentFailure(f"手机号 {shown} 不能使用，请更正后重发。")
        try:
            pieces = pieces_of(text, s.long, zlib.crc32(rendered.message_id.encode()) & 0xFF)
        except BadPdu as exc:
            raise PermanentFailure(f"短信不能发送：{exc}，请缩短后重发。") from exc
        return Address(number, s.destination.ton, s.destination.npi), pieces

    async def _handed_over(self, number: Address, piece: Piece) -> str:
        """Hand over one part, on a new connection where the first one is found dead; return the operator's id of it."""
        s = self._settings
        body = submit_body(piece, s.source, number, receipt=self._wants_receipts)
        try:
            answer = await self._submitted(body)
        except (Lost, TimeoutError) as exc:
            raise unanswered(exc, s.place) from exc
        except Dropped as exc:
            raise await self._fail(no_connection(exc, s.place)) from exc
        if answer.status:
            shown = masked_phone(number.text.removeprefix(s.destination.text)) or ""
            raise refusal(answer.status, s.place, shown)
        return _id(message_id_of(answer.body))

    async def _submitted(self, body: bytes) -> Pdu:
        """Return the answer to a submit_sm; a connection that is found dead before it was written is made anew, once."""
        try:
            return await self._asked(body)
        except Lost:
            raise
        except Dropped:
            return await self._asked(body)

    async def _asked(self, body: bytes) -> Pdu:
        link = await self._connected()
        await self._turn()
        return await link.ask(SUBMIT_SM, body)

    async def _connected(self) -> SmppLink:
        """Return the connection there is, or a new one that is logged in."""
        async with self._login:
            if self._down is not None:
                raise ChannelDown(str(self._down), code=self._down.code) from self._down
            if self._link is not None and self._link.alive:
                return self._link
            await self._end()
            try:
                self._link = await self._logged_in()
            except (OSError, Dropped, Unbound) as exc:
                raise await self._fail(no_connection(exc, self._settings.place)) from exc
            return self._link

    async def _logged_in(self) -> SmppLink:
        s = self._settings
        link = SmppLink(s.host, s.port, context=self._context(), timeout=s.timeout, took=self._took)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(link.close, farewell=False)
            await link.connect(bind_body(s.system_id, s.password, s.system_type))
            undo.pop_all()
        return link

    async def _turn(self) -> None:
        """Wait until the rate allows one more."""
        s = self._settings
        name = f"smpp/{s.place}/{s.system_id}"
        await asyncio.sleep(self._turns.take(name, spacing=1 / s.rate, ahead=0, patience=math.inf))

    async def _fail(self, down: ChannelDown) -> ChannelDown:
        """Note that the rest of the batch need not try."""
        self._down = down
        await self._end()
        return down

    async def _end(self, *, farewell: bool = False) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close(farewell=farewell)

    def _took(self, delivery: Delivery) -> None:
        """Hand on what the operator delivers; nobody may want it."""
        kind, at = delivery.esm_class & KIND, self._now()
        phone = shorten(one_line(delivery.source), MAX_NUMBER)
        if kind == IS_RECEIPT and self.on_receipt is not None:
            receipted = delivery.extra.get(RECEIPTED_ID, b"").split(b"\0", 1)[0].decode("latin-1")
            receipt = receipt_of(delivery.text, phone=phone, at=at, receipted=receipted)
            if receipt is not None:
                self.on_receipt(receipt)
        elif kind == IS_REPLY and self.on_reply is not None:
            self.on_reply(SmsReply(phone=phone, text=delivery.text, at=None, extend=""))  # it does not say when

    def _context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self._settings.ca_file) if self._settings.tls else None


def receipt_of(text: str, *, phone: str, at: datetime, receipted: str = "") -> Receipt | None:
    """Read the text of a receipt: id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:… (SMPP 3.4, appendix B).

    Args:
        text: as the operator wrote it.
        phone: of the person the message was for.
        at: when it arrived, for a receipt without a date; dates in the text are in local time.
        receipted: the operator's id where the text has none.

    Returns:
        None where it names no message, or says nothing final.
    """
    found = {name.lower(): value for name, value in reversed(_FIELD.findall(text))}  # the first of each counts
    id_, state, error = found.get("id") or receipted, found.get("stat", "").upper(), found.get("err", "")
    if not id_ or not state or state in UNDER_WAY:
        return None
    delivered = state == "DELIVRD"
    code = shorten(state if delivered or not error.strip("0") else f"{state} {error}", MAX_CODE)
    at = _instant(found.get("done date", "")) or at
    return Receipt(message_id=None, vendor_id=_id(id_), phone=phone, delivered=delivered, code=code, at=at)


def _id(text: str) -> str:
    """Return an operator's id as it is kept: the same from an answer and from a receipt."""
    return shorten(one_line(text), MAX_ID)


def _instant(digits: str) -> datetime | None:
    """Read YYMMDDhhmm, with seconds or without; None where it is no date."""
    for form in ("%y%m%d%H%M%S", "%y%m%d%H%M"):
        if len(digits) == 2 * form.count("%"):
            try:
                return datetime.strptime(digits, form).replace(tzinfo=ZONE).astimezone(UTC)
            except ValueError:
                return None
    return None


def channel(given: Given, about: About) -> SmppChannel:
    """Make the channel of a settings table: the entry point of the kind "smpp".

    host, port, system_id, password (password_file), system_type: of the operator's message centre.
    source, source_ton, source_npi: the number or name that speaks, and its type and plan (SMPP 3.4, 5.2.5 and 5.2.6).
    prefix, destination_ton, destination_npi: what every number begins with (86), and its type and plan.
    tls, ca_file: an encrypted connection, and the file of the authority that vouches for the operator.
    long: "payload" or "parts", how a message of more than 70 characters goes.
    rate, window: short messages per second, and without an answer at a time.
    receipts, linger: whether receipts are asked for (where somebody wants them), and how many seconds a batch waits for
        them at its end; what comes later the operator keeps for the next login.
    timeout: seconds for each answer.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    ca_file = given.text("ca_file", "")
    settings = SmppSettings(
        host=given.text("host"),
        port=int(given.number("port", 2775, low=1, high=65535)),
        system_id=given.text("system_id"),
        password=given.secret("password"),
        system_type=given.text("system_type", ""),
        source=_address(given, "source", given.text("source")),
        destination=_address(given, "destination", given.text("prefix", "")),
        tls=given.flag("tls"),
        ca_file=about.folder / ca_file if ca_file else None,
        long="parts" if given.one_of("long", ("payload", "parts"), "payload") == "parts" else "payload",
        rate=given.number("rate", 10, low=0.1, high=1000),
        window=int(given.number("window", 10, low=1, high=100)),
        receipts=given.flag("receipts", default=True),
        replies=given.flag("replies"),
        linger=given.number("linger", 1, low=0, high=60),
        timeout=given.number("timeout", 15, low=1, high=120),
    )
    given.problems += _problems(settings)
    given.done()
    return SmppChannel(settings, signature=about.signature, now=about.now, turns=about.turns)


def _address(given: Given, name: str, text: str) -> Address:
    ton, npi = (int(given.number(f"{name}_{part}", 0, low=0, high=255)) for part in ("ton", "npi"))
    return Address(text, ton, npi)


def _problems(s: SmppSettings) -> list[str]:
    """Return what no single setting shows; lengths are those of SMPP 3.4, 4.1.1 and 4.4.1, without the end."""
    checks = [
        (len(s.system_id) > 15, "system_id 最多 15 个字符"),
        (len(s.system_type) > 12, "system_type 最多 12 个字符"),
        (len(s.source.text) > MAX_NUMBER, f"source 最多 {MAX_NUMBER} 个字符"),
        (
            not (s.system_id + s.system_type + s.source.text).isascii(),
            "system_id、system_type、source 只能是英文和数字",
        ),
        (not (s.password.isascii() and (s.password.isprintable())), "password 只能是英文、数字和符号"),
        (not re.fullmatch(r"[0-9]{0,6}", s.destination.text), "prefix 应是国家代码，如 86"),
        (s.ca_file is not None and not s.ca_file.is_file(), f"没有证书文件 {s.ca_file}"),
    ]
    return [text for wrong, text in checks if wrong]
