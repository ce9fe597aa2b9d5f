"""Messages as files, for demonstration and rehearsal: real .eml files and a log of short messages.

Nothing is flushed to the disk by force here; a rehearsal may be run again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

from rectiflow.engine.errors import os_reason
from rectiflow.engine.moments import ZONE

from .address import is_address
from .errors import KEPT, ChannelDown
from .message import MAIL, SMS, Contact, Message, Rendered
from .mime import NUMBER_HEADER, OCCASION_HEADER, SEQUENCE_HEADER, Sender, compose_mail
from .plaintext import one_line
from .sms import compose_sms, count_parts
from .templates import TemplateSet

__all__ = ["FileChannel", "SmsLog"]

MAX_PART = 24  #: characters of one part of a file name

_UNSAFE = re.compile(r"[^\w-]+")


class FileChannel:
    """The channel "mail", each mail one .eml file: day-sequence-number-occasion-recipient.eml.

    The same mail sent again leaves one file; another mail of the same name gets "-2", "-3", …
    """

    name = MAIL

    def __init__(self, folder: Path, /, *, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a usable mail address."""
        return is_address(contact.email)

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the complete mail, as it would go to a server."""
        return compose_mail(message, contact, templates=templates, sender=self._sender, at=at)

    async def open(self) -> None:
        """Begin a batch."""

    async def send(self, rendered: Rendered) -> str:
        """Write the file, whole or not at all, and return its name.

        Raises:
            ChannelDown: the folder cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._free_path(rendered)
            draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            draft.write_bytes(rendered.body)
            draft.replace(path)
        except OSError as exc:
            raise ChannelDown(_unwritable(self._folder, exc)) from exc
        return path.name

    async def close(self) -> None:
        """End the batch."""

    def _free_path(self, rendered: Rendered) -> Path:
        stem = _stem(rendered)
        path, count = self._folder / f"{stem}.eml", 1
        while path.exists() and path.read_bytes() != rendered.body:
            count += 1
            path = self._folder / f"{stem}-{count}.eml"
        return path


class SmsLog:
    """The channel "sms", each short message one line of a file: time, number, text, parts, parted by tabs."""

    name = SMS

    def __init__(self, path: Path, /, *, signature: str, now: Callable[[], datetime], replies: bool = False) -> None:
        self._path = path
        self._signature = signature
        self._now = now
        self._replies = replies

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a telephone number."""
        return bool(one_line(contact.phone or ""))

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the text with its signature."""
        return compose_sms(message, contact, templates=templates, signature=self._signature, replies=self._replies)

    async def open(self) -> None:
        """Begin a batch."""

    async def send(self, rendered: Rendered) -> str:
        """Append the line and return the number of parts.

        Raises:
            ChannelDown: the file cannot be written to.
        """
        text = one_line(rendered.body.decode())
        parts = count_parts(text)
        time = self._now().astimezone(ZONE).isoformat(sep=" ", timespec="seconds")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", newline="\n") as log:
                log.write(f"{time}\t{one_line(rendered.to)}\t{text}\t{parts}\n")
        except OSError as exc:
            raise ChannelDown(_unwritable(self._path, exc)) from exc
        return f"{parts} 条"

    async def close(self) -> None:
        """End the batch."""


def _stem(rendered: Rendered) -> str:
    """Name the file after what its head says; the older decoding joins long names without a gap, the newer does not."""
    head = message_from_bytes(rendered.body, policy=compat32)
    day = parsedate_to_datetime(head["Date"]).astimezone(ZONE).strftime("%Y%m%d")
    name = str(make_header(decode_header(parseaddr(head["To"])[0]))) or rendered.to
    parts = (head[NUMBER_HEADER] or "general", head[OCCASION_HEADER], name)
    return "-".join([day, f"{int(head[SEQUENCE_HEADER]):04d}", *map(_safe, parts)])


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text)[:MAX_PART].strip("_-") or "x"


def _unwritable(path: Path, exc: OSError) -> str:
    return f"写不了 {path}（{os_reason(exc)}），请检查磁盘空间和权限；{KEPT}"
