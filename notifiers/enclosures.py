"""Files that go with a mail: which fit, which do not, and how their names are written.

A name outside ASCII stands twice: as `filename*` in Content-Disposition (RFC 2231, read by Outlook, phones and the web
mailboxes), and as encoded words in `name` of Content-Type (RFC 2047, against its letter, but the only place where older
programs look). Both are what mail programs themselves write.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import compat32
from pathlib import PurePosixPath
from urllib.parse import quote

from msgspec import Struct

from .message import Enclosure
from .plaintext import one_line, shorten
from .ports import Files

__all__ = ["MISSING", "TOO_LARGE", "Enclosed", "enclose", "part_of"]

MISSING, TOO_LARGE = "附件暂不能提供", "附件过大"
MOST_NAMED = 8  #: files that do not go, in one line

MAX_NAME = 60  #: characters of a file name
MAX_SUFFIX = 10
MAX_PIECE = 60  #: characters of a parameter on one line
MAX_LINE = 72  #: characters of a line of encoded words (RFC 2047, 2: at most 76)
CHARSET = "utf-8''"
CRLF = "\r\n"
UNKNOWN = "application/octet-stream"

_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*")
_UNSAFE = re.compile(r'[\\/:*?"<>|;=]+')


class Enclosed(Struct, frozen=True, kw_only=True):
    """What goes with a mail, and the words about what does not."""

    files: tuple[tuple[Enclosure, bytes], ...] = ()
    note: str = ""


def enclose(attachments: Sequence[Enclosure], files: Files | None, most: int) -> Enclosed:
    """Read what fits into `most` bytes together, in the order given.

    What is too large, or not there as it was when the message was written, is left out and named in the note, with what
    was kept back from the beginning.
    """
    taken, left, total = list[tuple[Enclosure, bytes]](), dict[str, list[str]](), 0
    for each in attachments:
        content = files.read(each.sha256) if files is not None and not each.kept_back else None
        if content is None or hashlib.sha256(content).hexdigest() != each.sha256:
            left.setdefault(each.kept_back or MISSING, []).append(_clean(each.name))
        elif total + len(content) > most:
            left.setdefault(TOO_LARGE, []).append(_clean(each.name))
        else:
            taken.append((each, content))
            total += len(content)
    return Enclosed(
        files=tuple(taken), note="\n".join(f"{why}，请到安全股领取：{_listed(n)}" for why, n in left.items())
    )


def _listed(names: Sequence[str]) -> str:
    more = f"等 {len(names)} 个" if len(names) > MOST_NAMED else ""
    return "、".join(names[:MOST_NAMED]) + more


def part_of(enclosure: Enclosure, content: bytes) -> EmailMessage:
    """Return the part of a mail that holds a file; the same bytes for the same file."""
    name, kind = _clean(enclosure.name), enclosure.media_type.lower()
    part = EmailMessage(policy=compat32)  # it keeps a header as it is given
    part["Content-Type"] = f"{kind if _TYPE.fullmatch(kind) else UNKNOWN};\r\n {_quoted_name(name)}"
    part["Content-Disposition"] = "attachment;\r\n " + ";\r\n ".join(_file_name(name))
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(content).decode("ascii"))
    return part


def _clean(name: str) -> str:
    """Return a file name no system chokes on, its end kept where it is cut."""
    plain = _UNSAFE.sub("_", one_line(name)).strip(". ") or "附件"
    suffix = PurePosixPath(plain).suffix[:MAX_SUFFIX]
    return plain if len(plain) <= MAX_NAME else shorten(plain[: -len(suffix) or None], MAX_NAME - len(suffix)) + suffix


def _quoted_name(name: str) -> str:
    if name.isascii():
        return f'name="{name}"'
    words = Header(name, "utf-8", header_name="name", maxlinelen=MAX_LINE)
    return f'name="{words.encode(linesep=CRLF)}"'


def _file_name(name: str) -> Iterator[str]:
    """Yield the parameter, in numbered pieces where it is longer than a line (RFC 2231, 3)."""
    if name.isascii():
        yield f'filename="{name}"'
        return
    pieces = _pieces(name)
    for number, piece in enumerate(pieces):
        order = f"*{number}" if len(pieces) > 1 else ""
        yield f"filename{order}*={CHARSET if number == 0 else ''}{piece}"


def _pieces(name: str) -> list[str]:
    """Part an encoded name between characters, so that a piece is readable by itself."""
    pieces = [""]
    for char in name:
        encoded = quote(char, safe="")
        if len(pieces[-1]) + len(encoded) > MAX_PIECE - len(CHARSET):
            pieces.append("")
        pieces[-1] += encoded
    return pieces
