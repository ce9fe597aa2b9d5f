"""A mail that came in, taken apart. Whatever the bytes are, there is an answer; a mail is never trusted.

The old policy of the parser (compat32) is the base on purpose: the newer one parses headers while it reads the structure,
and raises on some of them. Headers are kept as they came and read here, one by one.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message as Part
from email.policy import Compat32
from itertools import islice
from typing import TypeAlias, cast

from msgspec import Struct, field, structs

from .address import is_address
from .charset import decode_text, decode_words
from .flowed import unfold
from .hypertext import text_of_html

__all__ = ["Incoming", "Limits", "Piece", "read_mail", "too_large"]

Node: TypeAlias = "Part[str, str]"

MEBIBYTE = 2**20
MAX_VALUE = 16_000  #: characters of one header that are read
MAX_FROM = 2_000  #: characters of a From that is taken for one
MAX_NESTED = 5  #: comments within comments
_LINE = rb"(?:\A|(?<=[\r\n]))"  #: begins a line; to the parser a bare CR ends one too
_PART_LINE = re.compile(_LINE + rb"content-type:", re.IGNORECASE)
_CONTAINER = re.compile(_LINE + rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_BOUNDARY_LINE = re.compile(_LINE + rb"--")
_OPENING = rb"content-type:[ \t]*multipart/(?P<head>[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)"
_NESTING = re.compile(_LINE + rb"(?:" + _OPENING + rb"|--(?P<line>[^\r\n]*))", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary[ \t]*=[ \t]*(?:\"([^\"]*)\"|([^\s;]+))", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
_IDENTITY = re.compile(r"<[^<>\s]{1,400}>")
_NAME_SIGNS = re.compile(r"[^\x21-\x39\x3b-\x7e]")
_ASIDE = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)')  #: what is quoted, and comments
_MAILBOX = re.compile(r'\s*(?:[^<>"():;@]*(?:@[^<>"():;@,]*)?<(?P<named>[^<>]*)>|(?P<bare>[^<>"():;,\s]+))\s*')
_BRACKETED = re.compile(r"<([^<>\s]{3,320})>")
_TO = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")  #: where a mail went
_PICTURE = re.compile(rb"data:(image/[a-z0-9.+-]{1,20});base64,([A-Za-z0-9+/=\r\n]+)")  #: within a page
_FORWARDED = "转发的邮件.eml"


class _AsTheyCame(Compat32):
    """Give headers with their bytes beyond ASCII as surrogates, to be decoded here."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return the header as it stands, of bounded length: reading parameters takes the square of it."""
        return value[:MAX_VALUE]


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds of one mail.

    Attributes:
        mail_bytes: size of the whole mail; attachments grow by a third on the way.
        head_bytes: size of the mail's own header.
        headers: number of header fields of the mail, or of one part.
        lines: number of lines of the mail; 40 MB of Base64 have 550,000.
        work: lines times parts that hold others: the parser looks in each line for the end of each of them.
        parts: number of parts with a type of their own.
        boundaries: number of lines that may be boundaries between parts.
        depth: parts within parts.
        text: characters of the text that are kept.
        references: ids of earlier mails that are kept, the last ones.
    """

    mail_bytes: int = 40 * MEBIBYTE
    head_bytes: int = 256 * 1024
    headers: int = 500
    lines: int = 800_000
    work: int = 10_000_000
    parts: int = 200
    boundaries: int = 20_000
    depth: int = 30
    text: int = 200_000
    references: int = 50


class Piece(Struct, frozen=True, kw_only=True):
    """One attachment as it came: the name decoded but not cleaned, the type as the sender claims it."""

    name: str
    media_type: str
    content: bytes
    inline: bool = False  #: shown within the text: a signature's picture, or a photograph put there


class Incoming(Struct, frozen=True, kw_only=True):
    """A mail that came in. `refused` says in Chinese why it was not read; then there is the header at most."""

    refused: str = ""
    sender: str = ""  #: the one address in the one From, lower case, "" where there is not one; anybody can write it
    recipients: tuple[str, ...] = ()  #: addresses in To, Cc and where it was delivered, lower case
    return_path: str | None = None  #: envelope sender, "" when it was empty; None when the server kept none
    subject: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sent_at: datetime | None = None  #: as the sender claims, in UTC
    text: str = ""
    attachments: tuple[Piece, ...] = ()
    report_type: str = ""  #: of a multipart/report: delivery-status, disposition-notification
    calendar: str = ""  #: method of the calendar part (RFC 5546), lower case: reply, request
    status: tuple[Mapping[str, str], ...] = ()  #: blocks of a delivery status (RFC 3464), names in lower case
    returned: Mapping[str, str] = field(default_factory=dict[str, str])  #: header of the mail that a bounce gives back
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  #: names in lower case

    def header(self, name: str) -> str:
        """Return the first header of a name, or nothing."""
        return next(iter(self.headers.get(name.lower(), ())), "")


def too_large(size: int, limits: Limits = Limits()) -> str:  # noqa: B008 - frozen
    """Return why a mail of so many bytes is not even fetched, in Chinese; nothing when it may be."""
    if size <= limits.mail_bytes:
        return ""
    return f"邮件有 {size // MEBIBYTE} MB，最多 {limits.mail_bytes // MEBIBYTE} MB，请压缩照片或分几封发送。"


def read_mail(raw: bytes, *, size: int | None = None, limits: Limits = Limits()) -> Incoming:  # noqa: B008 - frozen
    """Take a mail apart; what is beyond the limits is refused before it is parsed, and nothing raises.

    Empty lines and a byte order mark before its header, which some programs leave there, do not count.

    Args:
        size: bytes of the whole mail as the server says, where `raw` may be only its beginning.
    """
    refused = too_large(max(size or 0, len(raw)), limits)
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not refused:
        return _safely(raw, limits)
    end = _HEAD_END.search(raw, 0, limits.head_bytes)
    return structs.replace(_safely(raw[: end.end()] if end else b"", limits), refused=refused)


def _safely(raw: bytes, limits: Limits) -> Incoming:
    if refused := _bomb(raw, limits):
        return Incoming(refused=refused)
    try:
        return _read(raw, limits)
    except RecursionError:
        return Incoming(refused=_layers(limits))
    except Exception as problem:  # noqa: BLE001 - the parser's own mistakes: one mail must not stop the others
        return Incoming(refused=f"邮件的格式有错误，读不了（{type(problem).__name__}），请重新写一封发送。")


def _bomb(raw: bytes, limits: Limits) -> str:
    """Look for what would cost the parser much more than its size."""
    end = _HEAD_END.search(raw, 0, limits.head_bytes + 4)
    if len(raw) > limits.head_bytes and end is None:
        return f"邮件头超过 {limits.head_bytes // 1024} KB，不正常，未读取。"
    lines = raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")
    if lines > limits.lines or lines * sum(1 for _ in _CONTAINER.finditer(raw)) > limits.work:
        return "邮件的行数过多，不正常，未读取。"
    if sum(1 for _ in _PART_LINE.finditer(raw)) > limits.parts:
        return f"邮件的部件超过 {limits.parts} 个，请减少附件后重发。"
    if sum(1 for _ in _BOUNDARY_LINE.finditer(raw)) > limits.boundaries:
        return "邮件里的分隔行过多，不正常，未读取。"
    return _layers(limits) if _is_nested(raw, limits.depth) else ""


def _is_nested(raw: bytes, depth: int) -> bool:
    """Tell whether parts lie deeper within parts: the parser compares each line with the boundary of all that are open."""
    opened: list[bytes] = []
    for found in _NESTING.finditer(raw):
        if found["line"] is None:
            told = _BOUNDARY.search(found["head"])
            opened += [(told[1] or told[2] or b"").strip()] if told else []
        else:
            line = found["line"].rstrip()
            ended = line[:-2] if line.endswith(b"--") and line not in opened else line
            if ended in opened:
                del opened[opened.index(ended) + (ended == line) :]
        if len(opened) > depth:
            return True
    return False


def _layers(limits: Limits) -> str:
    return f"邮件嵌套超过 {limits.depth} 层，请直接写一封新邮件。"


def _read(raw: bytes, limits: Limits) -> Incoming:
    from email import message_from_bytes

    mail: Node = message_from_bytes(raw, policy=_AsTheyCame())
    if len(mail.keys()) > limits.headers:
        return Incoming(refused=f"邮件头超过 {limits.headers} 行，不正常，未读取。")
    found = _Found(limits)
    found.take(mail, 0)
    if found.refused:
        return Incoming(refused=found.refused)
    return structs.replace(
        _heads(mail, limits),
        text=_tidy("\n\n".join(filter(None, found.texts)))[: limits.text],
        attachments=tuple(found.pieces),
        report_type=_parameter(mail, "report-type").lower(),
        calendar=found.calendar,
        status=tuple(found.status),
        returned=found.returned,
    )


def _heads(mail: Node, limits: Limits) -> Incoming:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in mail.items():
        key = _NAME_SIGNS.sub("", name).lower()
        headers[key] = (*headers.get(key, ()), decode_words(str(value)))
    every = {k: " ".join(v) for k, v in headers.items()}
    path = headers.get("return-path")
    return Incoming(
        sender=_sender(mail),
        recipients=tuple(dict.fromkeys((*_addresses(mail, *_TO), *_bracketed(mail, *_TO)))),
        return_path=None if path is None else next(_addresses(mail, "return-path"), ""),
        subject=headers.get("subject", ("",))[0],
        message_id=_ids(every.get("message-id", ""))[0] if _ids(every.get("message-id", "")) else "",
        in_reply_to=_ids(every.get("in-reply-to", ""))[: limits.references],
        references=_ids(every.get("references", ""))[-limits.references :],
        sent_at=_moment(every.get("date", "")),
        headers=headers,
    )


class _Found:
    """What is gathered on the way through the parts."""

    def __init__(self, limits: Limits) -> None:
        self.refused = self.calendar = ""
        self.texts: list[str] = []
        self.pieces: list[Piece] = []
        self.status: list[Mapping[str, str]] = []
        self.returned: Mapping[str, str] = {}
        self._limits = limits
        self._parts = 0

    def take(self, part: Node, depth: int) -> None:
        """Take a part and what is in it."""
        self._parts += 1
        if depth > self._limits.depth:
            self.refused = _layers(self._limits)
        elif self._parts > self._limits.parts or len(part.keys()) > self._limits.headers:
            self.refused = f"邮件的部件超过 {self._limits.parts} 个，请减少附件后重发。"
        if self.refused:
            return
        kind, inside = part.get_content_type(), _children(part)
        if kind == "text/calendar":
            self.calendar = self.calendar or _parameter(part, "method").lower()
        if kind == "message/delivery-status":
            self.status += [_plain_headers(block) for block in inside[: self._limits.parts]]
        elif kind in ("message/rfc822", "message/global", "text/rfc822-headers"):
            self._take_returned(part, kind, inside)
        elif kind == "multipart/alternative":
            self._take_alternative(inside, depth)
        elif inside:
            for child in inside:
                self.take(child, depth + 1)
        elif kind in ("text/plain", "text/html") and not _is_attached(part):
            self._take_text(part, kind)
        elif not kind.startswith(("multipart/", "message/")):
            self.pieces.append(_piece(part, kind))

    def _take_text(self, part: Node, kind: str) -> None:
        """Take words; of a page the pictures too that it holds within itself."""
        charset, form, delete_space = (_parameter(part, name).lower() for name in ("charset", "format", "delsp"))
        content, limit = _content(part), self._limits.text
        if kind == "text/html":
            self.pieces += islice(_pictures(content), self._limits.parts)
            content = _PICTURE.sub(b"", content)
        text = decode_text(content[: 4 * limit], charset).replace("\r\n", "\n").replace("\r", "\n")
        if kind == "text/html":
            text = text_of_html(text)
        elif form == "flowed":
            text = unfold(text, delete_space=delete_space == "yes")
        self.texts.append(text)

    def _take_alternative(self, inside: list[Node], depth: int) -> None:
        """Take the plain text where there is one; of the rest only what is attached."""
        before = len(self.texts)
        for child in inside:
            self.take(child, depth + 1)
        wanted = [t for t in self.texts[before:] if t.strip()][:1]  # plain comes first, RFC 2046 5.1.4
        self.texts[before:] = wanted

    def _take_returned(self, part: Node, kind: str, inside: list[Node]) -> None:
        """Keep the header of a mail within the mail; as an attachment it is only named."""
        if kind == "text/rfc822-headers":
            from email import message_from_string

            inside = [message_from_string(decode_text(_content(part))[: self._limits.text])]
        if inside and not self.returned:
            self.returned = _plain_headers(inside[0])
        if kind != "text/rfc822-headers":
            self.pieces.append(Piece(name=_name(part) or _FORWARDED, media_type=kind, content=b""))


def _children(part: Node) -> list[Node]:
    inside: object = part.get_payload() if part.is_multipart() else []
    return cast("list[Node]", inside) if isinstance(inside, list) else []


def _plain_headers(part: Node) -> dict[str, str]:
    """Return headers by their lower-case names, the first of each."""
    found: dict[str, str] = {}
    for name, value in part.items():
        found.setdefault(name.lower(), decode_words(str(value)))
    return found


def _content(part: Node) -> bytes:
    """Return the bytes of a part without its encoding for the way, as far as they can be had.

    The type goes: the parser would look up its charset even for bytes, and fail on a strange one.
    """
    del part["Content-Type"]
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _pictures(page: bytes) -> Iterator[Piece]:
    """Give the pictures that a page holds within itself (RFC 2397)."""
    for found in _PICTURE.finditer(page):
        with suppress(binascii.Error):
            yield Piece(name="", media_type=found[1].decode(), content=binascii.a2b_base64(found[2]), inline=True)


def _piece(part: Node, kind: str) -> Piece:
    inline = not _is_attached(part) or part.get("Content-ID") is not None
    name = _name(part)
    return Piece(name=name, media_type=kind, content=_content(part), inline=inline)


def _is_attached(part: Node) -> bool:
    """Tell whether a part is a file: it says so, or it has a name."""
    told = str(part.get("Content-Disposition", "")).strip().lower()
    return told.startswith("attachment") or (bool(_name(part)) and part.get_content_maintype() == "text")


def _name(part: Node) -> str:
    return _parameter(part, "filename", "content-disposition") or _parameter(part, "name")


def _parameter(part: Node, name: str, header: str = "content-type") -> str:
    """Return a parameter of a header, in any of the ways there are (RFC 2231, RFC 2047, bare bytes)."""
    try:
        value = part.get_param(name, "", header)
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""
    if isinstance(value, tuple):  # RFC 2231: charset, language, text of one byte a character
        charset, _, text = value
        return " ".join(decode_text(text.encode("latin-1", "replace"), charset).split())
    return decode_words(str(value))


def _addresses(mail: Node, *names: str) -> Iterator[str]:
    from email.utils import getaddresses

    for name in names:
        told = [re.sub(r"\s+", " ", str(v)) for v in mail.get_all(name, [])]
        try:
            found = getaddresses(told[:50])
        except (RecursionError, ValueError, IndexError):  # brackets within brackets
            continue
        for _, address in found:
            plain = "".join(address.split()).lower()
            if is_address(plain):
                yield plain


def _sender(mail: Node) -> str:
    """Return the one address of the one From header (RFC 5322, 3.6.2); nothing where it could be read as another's.

    What stands in brackets is the address, and the words before it are a name, also where they look like an address.
    """
    told = [str(value) for name, value in mail.items() if _NAME_SIGNS.sub("", name).lower() == "from"]
    plain = told[0] if len(told) == 1 and len(told[0]) <= MAX_FROM else ""
    for _ in range(MAX_NESTED):  # comments lie within comments
        plain = _ASIDE.sub(" ", plain)
    found = _MAILBOX.fullmatch(plain)
    address = (found["named"] or found["bare"] or "").strip().lower() if found else ""
    return address if is_address(address) else ""


def _bracketed(mail: Node, *names: str) -> Iterator[str]:
    """Yield what stands in angle brackets, also behind a quote that does not end; never for whom a mail is from."""
    told = (str(value) for name in names for value in mail.get_all(name, [])[:50])
    yield from (a.lower() for value in told for a in _BRACKETED.findall(value) if is_address(a))


def _ids(text: str) -> tuple[str, ...]:
    return tuple(_IDENTITY.findall(text))


def _moment(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _tidy(text: str) -> str:
    """Return the text without what no reader sees: byte order marks, zero-width blanks, other control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    return re.sub(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", text
    )
