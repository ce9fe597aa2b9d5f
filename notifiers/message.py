"""What is to be told, to whom, and in which bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Literal

from msgspec import Struct, field

__all__ = [
    "CHANNEL_TITLES",
    "CHAT",
    "MAIL",
    "SMS",
    "Contact",
    "Enclosure",
    "Message",
    "Param",
    "Rendered",
    "Urgency",
    "short_id",
]

Param = str | int | None  #: what a message may carry into a template
Urgency = Literal["now", "digest"]

MAIL = "mail"  #: name of the channel for email, whatever carries it
MAJOR = "重大"  #: what a message says of a major hazard
SMS = "sms"  #: name of the channel for short messages, whatever carries it
CHAT = "chat"  #: name of the channel for group robots
CHANNEL_TITLES = {MAIL: "邮件", SMS: "短信", CHAT: "群消息"}


_SHORT_ID = 6  #: hexadecimal digits


def short_id(key: int | str) -> str:
    """Return what people write for a message: the beginning of its key's SHA-256."""
    return digest_of(key)[:_SHORT_ID]


def digest_of(key: int | str) -> str:
    """Return the SHA-256 of a message's key in hexadecimal digits: as much of it as is wanted names the message."""
    return sha256(str(key).encode()).hexdigest()


class Rendered(Struct, frozen=True, kw_only=True):
    """A message in its final bytes: stored before the first attempt, sent unchanged by every retry.

    `template_version` is the version these words came from; None where a store does not keep it.
    """

    channel: str
    to: str  #: mail address or telephone number
    subject: str | None
    body: bytes  #: a complete RFC 5322 message, or the SMS text in UTF-8
    message_id: str  #: the same for the same message, whenever and wherever it is rendered
    template_version: int | None = None


class Enclosure(Struct, frozen=True, kw_only=True):
    """A file that goes with a message; the row holds its hash, the bytes are read when the message is put into words.

    One that is kept back does not go: the text names it and says why, in words that end with a clause (附件过大).
    """

    name: str  #: as the recipient sees it: 整改通知书.docx
    media_type: str = "application/octet-stream"
    sha256: str = ""  #: 64 hexadecimal digits; none where it is kept back
    kept_back: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """One claimed row of the outbox: one message to one person over one channel.

    Who, which template and which parameters are frozen when the row is written; address, substitute and words
    are found at sending. `channel` may be frozen too: None lets the dispatcher choose, a name insists on it
    (a mail *and* an SMS about the same thing are two rows, the second with channel "sms").
    """

    id: int | str
    district: str
    number: str | None  #: ticket number
    sequence: int  #: order among the messages of one ticket
    recipient: str  #: person id
    template: str  #: occasion
    template_version: int  #: version when the row was written; 0 if it was not known then
    params: Mapping[str, Param] = field(default_factory=dict[str, Param])
    urgency: Urgency = "now"
    attempts: int = 0  #: attempts that failed before this one
    created_at: datetime
    rendered: Rendered | None = None
    channel: str | None = None
    told: str | None = None  #: what was said of it the last time it was given back
    attachments: tuple[Enclosure, ...] = ()  #: for channels that carry files; others send the words alone

    @property
    def pressing(self) -> bool:
        """Whether it cannot wait for the morning: what is urgent about a major hazard."""
        return self.urgency == "now" and self.params.get("severity") == MAJOR

    @property
    def invited(self) -> bool:
        """Whether the recipient may do what can be done by an answer: who is told beside the unit concerned is not."""
        return self.params.get("invited") is not False


class Contact(Struct, frozen=True, kw_only=True):
    """How to reach a person today; a substitute's contact names the one stood in for.

    `channels` is what the person likes best, first; the others follow. `trouble` says which address is known to be dead.
    """

    person: str
    name: str
    email: str | None = None
    phone: str | None = None
    standing_in_for: str | None = None  #: name of the absent person
    channels: tuple[str, ...] = ()
    trouble: str = ""
