"""Doubles of the ports for tests and for hosts that try things out: an outbox in memory, and a channel that records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from .errors import DeliveryFailure
from .message import Contact, Enclosure, Message, Rendered
from .mime import Sender, compose_mail
from .sms import compose_sms
from .templates import TemplateSet

__all__ = ["MemoryContacts", "MemoryOutbox", "RecordingChannel", "Row"]


@dataclass(slots=True)
class Row:
    """One message with its state: waiting, sent or dead."""

    message: Message
    due: datetime
    state: str = "waiting"
    told: str = ""  #: the last detail or error
    claim: Message | None = None  #: what the present holder was given
    leased_until: datetime | None = None


class MemoryOutbox:
    """An `Outbox` that keeps its rows in memory and its time by `now`; `incidents` holds what was given up."""

    def __init__(self, messages: Iterable[Message], /, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self.rows: dict[int | str, Row] = {m.id: Row(m, due=m.created_at) for m in messages}
        self.incidents: list[str] = []
        self.called: list[tuple[int | str, str]] = []  #: messages that reached nobody, and why
        self.down: dict[str, str] = {}  #: channels that are down, and why

    def add(self, message: Message) -> None:
        """Put another message in."""
        self.rows[message.id] = Row(message, due=message.created_at)

    def claim_messages(self, *, owner: str, limit: int, lease: timedelta) -> list[Message]:
        """Take what is due, behind nothing of the same ticket and person that is not."""
        now = self._now()
        blocked: set[tuple[str | None, str]] = set()
        claimed: list[Message] = []
        for row in sorted(self.rows.values(), key=lambda r: (r.message.created_at, r.message.sequence)):
            lane = (row.message.number, row.message.recipient)
            if row.state != "waiting" or len(claimed) == limit:
                continue
            if row.due > now or (row.leased_until or now) > now or lane in blocked:
                blocked |= {lane} if row.message.number else set()
                continue
            row.claim, row.leased_until = replace(row.message), now + lease
            claimed.append(row.claim)
        return claimed

    def enclosed(self, message: Message) -> tuple[Enclosure, ...]:
        """Return what the message carries."""
        return message.attachments

    def keep_rendered(self, message: Message, rendered: Rendered, *, lease: timedelta) -> bool:
        """Store the final bytes."""
        row = self._held(message)
        if row is not None:
            row.message = replace(row.message, rendered=rendered)
        return self.renew(message, lease=lease)

    def renew(self, message: Message, *, lease: timedelta) -> bool:
        """Hold the claim anew."""
        row = self._held(message)
        if row is not None:
            row.leased_until = self._now() + lease
        return row is not None

    def mark_sent(self, message: Message, rendered: Rendered, *, detail: str) -> bool:
        """Finish the row."""
        return self._release(message, "sent", detail, due=None)

    def mark_retry(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Count the attempt and give the row back."""
        row = self._held(message)
        if row is not None:
            row.message = replace(row.message, attempts=row.message.attempts + 1)
        return self._release(message, "waiting", error, due=after)

    def mark_waiting(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Give the row back without counting."""
        return self._release(message, "waiting", error, due=after)

    def mark_dead(self, message: Message, *, error: str, unreached: bool = False) -> bool:
        """Give up and open an incident."""
        done = self._release(message, "dead", error, due=None)
        if done:
            self.incidents.append(error)
        if unreached:
            self.unreached(message, error)
        return done

    def unreached(self, message: Message, why: str) -> None:
        """Keep who is to be called."""
        self.called.append((message.id, why))

    def channel_down(self, district: str, channel: str, why: str) -> None:
        """Keep that a channel is down, the first time."""
        self.down.setdefault(channel, why)

    def channel_up(self, channel: str) -> None:
        """Forget that a channel was down."""
        self.down.pop(channel, None)

    def mark_held(self, message: Message, *, why: str) -> bool:
        """Keep the row for the digest."""
        return self._release(message, "held", why, due=None)

    def mark_dropped(self, message: Message, *, why: str) -> bool:
        """Take the row out."""
        return self._release(message, "cancelled", why, due=None)

    def _held(self, message: Message) -> Row | None:
        row = self.rows[message.id]
        return row if row.claim is message else None

    def _release(self, message: Message, state: str, told: str, *, due: timedelta | None) -> bool:
        row = self._held(message)
        if row is None:
            return False
        row.state, row.told, row.claim, row.leased_until = state, told, None, None
        row.message = replace(row.message, told=told)
        row.due = self._now() + (due or timedelta())
        return True


class MemoryContacts:
    """`Contacts` from a mapping of person to contact."""

    def __init__(self, contacts: Mapping[str, Contact], /) -> None:
        self._contacts = dict(contacts)

    def contact(self, district: str, person: str, on: date) -> Contact | None:
        """Return the person's contact, whatever the day."""
        return self._contacts.get(person)


@dataclass(slots=True, kw_only=True)
class RecordingChannel:
    """A channel that keeps what it is given; `failures` are raised first, in order."""

    name: str = "mail"
    sender: Sender = field(default_factory=lambda: Sender(address="office@example.org", name="安全股"))
    failures: list[DeliveryFailure] = field(default_factory=list[DeliveryFailure])
    sent: list[Rendered] = field(default_factory=list[Rendered])

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has an address of this kind."""
        return bool(contact.phone if self.name == "sms" else contact.email)

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render as the real channels do."""
        if self.name == "sms":
            return compose_sms(message, contact, templates=templates, signature=self.sender.name)
        return compose_mail(message, contact, templates=templates, sender=self.sender, at=at)

    async def open(self) -> None:
        """Begin a batch."""

    async def send(self, rendered: Rendered) -> str:
        """Keep the message, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(rendered)
        return "已记录"

    async def close(self) -> None:
        """End the batch."""
