"""What the dispatcher asks of the world; the wiring hands these in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .message import Contact, Enclosure, Message, Rendered

if TYPE_CHECKING:
    from .receipts import Receipt, SmsReply
    from .templates import TemplateSet

__all__ = ["Channel", "Contacts", "Files", "HearsBack", "Listens", "Outbox"]


@runtime_checkable
class HearsBack(Protocol):
    """A channel on which receipts and answers come back while it is open; who listens sets what is called."""

    on_receipt: Callable[[Receipt], object] | None
    on_reply: Callable[[SmsReply], None] | None


@runtime_checkable
class Listens(HearsBack, Protocol):
    """One that can also be open for nothing but hearing, while there is nothing to send."""

    async def listen(self, seconds: float) -> None:
        """Be open for so long and hand on what comes; only between two batches.

        Raises:
            ChannelDown: nothing can be heard now.
        """
        ...


class Outbox(Protocol):
    """The durable rows to send. Every verb is one short transaction of its own.

    All but `claim_messages` answer False when the claim was lost (the lease ran out and another worker has the
    row); nothing is changed then. They are called from the event loop's thread, one at a time.
    """

    def claim_messages(self, *, owner: str, limit: int, lease: timedelta) -> list[Message]:
        """Take what is due, oldest first and by `sequence` within a ticket.

        A later message of the same ticket to the same person is not handed out while an earlier one, not in
        this claim, is still unfinished.
        """
        ...

    def enclosed(self, message: Message) -> tuple[Enclosure, ...]:
        """Return the files that go with a message; asked when it is put into words, in a thread of its own."""
        ...

    def keep_rendered(self, message: Message, rendered: Rendered, *, lease: timedelta) -> bool:
        """Store the final bytes, before the first attempt, and hold the claim for `lease` from now on."""
        ...

    def renew(self, message: Message, *, lease: timedelta) -> bool:
        """Hold the claim for `lease` from now on, before a further attempt."""
        ...

    def mark_sent(self, message: Message, rendered: Rendered, *, detail: str) -> bool:
        """Finish the row; `detail` is the receiver's answer. Of the bytes that went, what enclosed files say may be dropped."""
        ...

    def mark_retry(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Count a failed attempt and give the row back, due again after `after`."""
        ...

    def mark_waiting(self, message: Message, *, after: timedelta, error: str) -> bool:
        """Give the row back *without* counting an attempt, due again after `after`; `error` says what it waits for."""
        ...

    def mark_dead(self, message: Message, *, error: str, unreached: bool = False) -> bool:
        """Give up: keep the row and open an incident with `error`. `unreached`: there is no address that works.

        When a person later sends it again, the stored bytes are dropped first, so that a corrected address counts.
        """
        ...

    def unreached(self, message: Message, why: str) -> None:
        """Let somebody be called whom no message reaches for now; the message goes on waiting."""
        ...

    def channel_down(self, district: str, channel: str, why: str) -> None:
        """Have somebody told, once, that nothing goes out by a channel; its messages wait."""
        ...

    def channel_up(self, channel: str) -> None:
        """Take that back: a message went out by the channel."""
        ...

    def mark_held(self, message: Message, *, why: str) -> bool:
        """Keep the row for the person's digest, and give it back."""
        ...

    def mark_dropped(self, message: Message, *, why: str) -> bool:
        """Take the row out, visibly: what it was about is over, and nobody is told."""
        ...


class Contacts(Protocol):
    """The organisation's answer to "how do I reach this post's holder today"."""

    def contact(self, district: str, person: str, on: date) -> Contact | None:
        """Return the person's contact on a local day, the substitute's during absence; None if nobody is known."""
        ...


class Files(Protocol):
    """Where the bytes of what a message encloses are kept."""

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes with this hash (64 hexadecimal digits); None if there are none."""
        ...


class Channel(Protocol):
    """One way to reach people, open for the time of one batch or of several.

    `name` is the kind of way ("mail", "sms"), the same whatever carries it, so that a rehearsal's files and a
    real server are exchanged without a change to any row.
    """

    @property
    def name(self) -> str:
        """Return the kind of way."""
        ...

    def accepts(self, contact: Contact) -> bool:
        """Say whether this channel can reach the contact."""
        ...

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Put the message into its final bytes; the same input gives the same bytes.

        Raises:
            RenderFailure: the template is missing or fails on these parameters.
        """
        ...

    async def open(self) -> None:
        """Begin one batch or several; costs nothing until the first `send`."""
        ...

    async def send(self, rendered: Rendered) -> str:
        """Hand the bytes over and return the receiver's answer.

        Raises:
            TemporaryFailure: worth another try; ChannelDown if no message would get through now, NotYet if nothing was
                tried because the channel has had its share for now.
            PermanentFailure: no retry will help.
        """
        ...

    async def close(self) -> None:
        """End what `open` began; never raises for a connection that is gone already."""
        ...
