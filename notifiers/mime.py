"""A mail in its final bytes, the same for the same input.

Headers are only set through `email.message`, never put together by hand. What they say:

- Message-ID: from district, row and time of writing, so a second copy can be recognised and dropped;
  the time is in it because the numbers of rows begin again when a workplace is set up anew.
- References and In-Reply-To: one made-up first mail per ticket or paper, so that mail programs show it as one thread.
- Auto-Submitted: auto-generated (RFC 3834, 5), and X-Auto-Response-Suppress for Exchange, so that no automaton answers.
- Reply-To: only where answers are read.

No List-Id (RFC 2919) and no List-Unsubscribe (RFC 2369, 8058): a notice goes to one person for an official duty; it is
no list, nobody may leave it, and mailboxes file what carries them as subscriptions. No Precedence: it is no standard,
RFC 3834 counts on Auto-Submitted instead, and "bulk" would lower the mail. Filters find X-Rectiflow-Occasion.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.message import Message as PartOfMail
from email.policy import SMTP
from email.utils import format_datetime

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .address import domain_of, is_address
from .enclosures import Enclosed, enclose, part_of
from .errors import RenderFailure
from .message import MAIL, Contact, Message, Rendered
from .parameters import RESTRICTED, fill
from .plaintext import one_line, shorten
from .ports import Files
from .templates import MailText, TemplateSet

__all__ = [
    "MOST_ENCLOSED",
    "NUMBER_HEADER",
    "OCCASION_HEADER",
    "SEQUENCE_HEADER",
    "ReplyAddress",
    "Sender",
    "compose_mail",
    "files_of",
    "lean",
    "message_id",
    "thread_id",
]

OCCASION_HEADER = "X-Rectiflow-Occasion"
NUMBER_HEADER = "X-Rectiflow-Number"
SEQUENCE_HEADER = "X-Rectiflow-Sequence"
FILE_HEADER = (
    "X-Rectiflow-File"  #: of a mail that was sent, as it is kept: SHA-256, bytes and name of a file that went with it
)

_PAPER = re.compile(r"(?:[^:]+:)?paper:(?P<id>[^:]+):")

MAX_SUBJECT = 120  #: characters; phones show about 30
MAX_NAME = 60
HEAD = 8_000  #: bytes in which the headers of a mail of ours end
MOST_ENCLOSED = 10_000_000  #: bytes of a mail's attachments together; a mail of them has 14 million

#: Headers of enclosed files are folded already; folded again, a long media type would be taken apart.
AS_GIVEN = SMTP.clone(refold_source="none")

ReplyAddress = Callable[[Message, Contact], str | None]


class Sender(Struct, frozen=True, kw_only=True):
    """Whose name and address mails carry, and what else is the same for all of them; the name also signs the text.

    `reply_address` returns where an answer to a message by a contact is read, always the same for both; None where
    nobody reads it. `files` is where attachments are read from; without it none are sent.
    """

    address: str
    name: str
    reply_address: ReplyAddress | None = None
    files: Files | None = None
    most_enclosed: int = MOST_ENCLOSED  #: bytes


def compose_mail(
    message: Message, contact: Contact, *, templates: TemplateSet, sender: Sender, at: datetime
) -> Rendered:
    """Render a message as a complete mail, dated `at`.

    Raises:
        RenderFailure: no usable address of the recipient or for answers, no such template, or it fails on these
            parameters.
    """
    if not is_address(contact.email):
        raise RenderFailure(f"{contact.name}的邮箱“{one_line(contact.email or '')}”不是有效地址，请更正后重发。")
    to = contact.email or ""
    reply_to = sender.reply_address(message, contact) if sender.reply_address else None
    attachments = () if message.template == RESTRICTED else message.attachments
    enclosed = enclose(attachments, sender.files, sender.most_enclosed)
    params = fill(message, contact, district_name=sender.name)
    words = templates.mail(
        message.template, params, replies=reply_to is not None, invited=message.invited, note=enclosed.note
    )
    mail = EmailMessage(policy=SMTP)
    identity = message_id(message, domain_of(sender.address))
    subject = _header_text(words.subject, MAX_SUBJECT)
    _set_headers(mail, message, sender=sender, subject=subject, at=at)
    mail["To"] = Address(_header_text(contact.name, MAX_NAME), addr_spec=to)
    mail["Message-ID"] = identity
    if reply_to is not None:
        mail["Reply-To"] = Address(_header_text(sender.name, MAX_NAME), addr_spec=_reply_address(reply_to))
    _set_parts(mail, words, enclosed, boundary=_digest(identity))
    return Rendered(
        channel=MAIL,
        to=to,
        subject=subject,
        body=mail.as_bytes(policy=AS_GIVEN),
        message_id=identity,
        template_version=templates.version(message.template),
    )


def lean(rendered: Rendered) -> bytes | None:
    """Return the bytes of a mail without its files, each named in a header with its size and SHA-256; None without files.

    It is what is worth keeping of a mail that was sent: the files are where they were read from.
    """
    if rendered.channel != MAIL or b"multipart/mixed" not in rendered.body[:HEAD]:
        return None
    mail = message_from_bytes(rendered.body, policy=AS_GIVEN)
    words, *files = list(mail.iter_parts())
    for part in files:
        content, name = _content(part), _header_text(part.get_filename() or "", MAX_NAME)
        mail[FILE_HEADER] = f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}"
    mail.set_payload([words])
    return mail.as_bytes(policy=AS_GIVEN)


def files_of(body: bytes) -> list[tuple[str, int]]:
    """Return the name and the size in bytes of each file of a mail, as it was sent or as `lean` left it."""
    mail = message_from_bytes(body, policy=SMTP)
    kept = [str(said).split(maxsplit=2) for said in mail.get_all(FILE_HEADER, ())]
    parts = list(mail.iter_attachments()) if mail.is_multipart() else []
    return [(name, int(size)) for _, size, name in kept] + [
        (part.get_filename() or "", len(_content(part))) for part in parts
    ]


def _content(part: PartOfMail[str, str]) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def message_id(message: Message, domain: str) -> str:
    """Return the Message-ID of a row of the outbox."""
    written = message.created_at.astimezone(UTC).isoformat()
    return f"<rectiflow.{_digest(message.district, str(message.id), written)}@{domain}>"


def thread_id(district: str, number: str, domain: str) -> str:
    """Return the id of the mail every mail about a ticket, or a paper, answers to, and that was never sent."""
    return f"<rectiflow.ticket.{_digest(district, number)}@{domain}>"


def _set_headers(mail: EmailMessage, message: Message, *, sender: Sender, subject: str, at: datetime) -> None:
    mail["From"] = Address(_header_text(sender.name, MAX_NAME), addr_spec=sender.address)
    mail["Date"] = format_datetime(at.astimezone(ZONE))
    mail["Subject"] = subject
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[OCCASION_HEADER] = _header_text(message.template, MAX_NAME)
    mail[SEQUENCE_HEADER] = str(message.sequence)
    if message.number:
        mail[NUMBER_HEADER] = _header_text(message.number, MAX_NAME)
    about = _paper_of(message) or message.number
    if about:
        root = thread_id(message.district, about, domain_of(sender.address))
        mail["In-Reply-To"] = root
        mail["References"] = root


def _paper_of(message: Message) -> str:
    """Return the paper that a message is about; its key begins with it, after the number of one of its hazards (see `engine.papers`)."""
    found = _PAPER.match(str(message.id))
    return found["id"] if found else ""


def _set_parts(mail: EmailMessage, words: MailText, enclosed: Enclosed, *, boundary: str) -> None:
    mail.set_content(words.text, charset="utf-8", cte="base64")
    mail.add_alternative(words.html, subtype="html", charset="utf-8", cte="base64")
    mail.set_boundary(f"=_{boundary}")
    if enclosed.files:
        mail.make_mixed(boundary=f"=_{boundary}_")
        for enclosure, content in enclosed.files:
            mail.attach(part_of(enclosure, content))


def _reply_address(address: str) -> str:
    if not is_address(address):
        raise RenderFailure(f"回复地址“{one_line(address)}”不是有效邮箱，请核对设置后重发。")
    return address


def _header_text(text: str, limit: int) -> str:
    """Return text for a header. `email` decodes "=?…?=" wherever it stands, so such a beginning is defused."""
    return shorten(one_line(text).replace("=?", "=？"), limit)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
