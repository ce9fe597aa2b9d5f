"""Attachments of a mail as evidence: what may be kept, and why the rest may not.

The name and the first bytes must agree. Pictures, PDF and Word or Excel files without macros are kept; nothing that a
computer would run, no pages, no archives, no mails.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from .archive import Packing, problem_of_package
from .incoming import Piece

__all__ = ["Enclosure", "EnclosureLimits", "Refused", "Sifted", "clean_name", "sift"]

MEBIBYTE = 2**20
MAX_NAME = 80  #: characters of a name; file systems take 255 bytes, and a Chinese character is 3 to 4
TINY = 5_000  #: bytes; a smaller picture within the text is a logo

#: Types of what a program signs the mail with (RFC 8551, RFC 3156): nobody sent it as a file.
_SIGNATURES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
    }
)
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")  #: as `rectiflow._photos` takes them
_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SAME = {"jpeg": "jpg", "heif": "heic"}
_PACKAGES = {"docx": "word/", "xlsx": "xl/"}
_WANTED = "只收照片（jpg、png、webp、heic）、PDF、Word（docx）和 Excel（xlsx）"
_WHY = {
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "bz2", "xz", "cab", "iso"), "是压缩包，请解压后把文件直接附上"),
    **dict.fromkeys(("docm", "xlsm", "dotm", "xltm", "xlsb"), "可以带宏，请另存为 docx 或 xlsx"),
    **dict.fromkeys(("doc", "xls", "wps", "et"), "是旧格式，请另存为 docx、xlsx 或 PDF"),
    **dict.fromkeys(("eml", "msg"), "是转发的邮件，请直接附上里面的文件"),
    **dict.fromkeys(("htm", "html", "svg", "mht", "xml"), "是网页一类的文件，可能带程序，不能收"),
    **dict.fromkeys(
        (
            "exe",
            "com",
            "bat",
            "cmd",
            "scr",
            "msi",
            "dll",
            "js",
            "jse",
            "vbs",
            "vbe",
            "wsf",
            "hta",
            "ps1",
            "jar",
            "lnk",
            "apk",
            "sh",
        ),
        "是程序，不能收",
    ),
    "dat": "是 Outlook 的打包附件，请改用“HTML”或“纯文本”格式重发",
}
_ENDING = re.compile(r"\.(?:[A-Za-z][A-Za-z0-9]{0,9}|7z)$")  #: 照片2024.9.2 has none
_BAD_SIGNS = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PDF_NAMES = {  # ISO 32000-1 12.6.4, 7.11.4; what stands in compressed objects is not seen
    "JavaScript": "里面带有程序，请重新打印成 PDF 后发送",
    "Launch": "里面带有程序，请重新打印成 PDF 后发送",
    "EmbeddedFile": "里面带有别的文件，请把文件直接附上，或重新打印成 PDF 后发送",
}


class EnclosureLimits(Struct, frozen=True, kw_only=True):
    """How much one mail may bring, and what an office file may unfold to."""

    piece_bytes: int = 10 * MEBIBYTE
    total_bytes: int = 25 * MEBIBYTE
    pieces: int = 20
    packing: Packing = Packing()


class Enclosure(Struct, frozen=True, kw_only=True):
    """A file that may be kept, with a name that is safe."""

    name: str
    media_type: str
    content: bytes


class Refused(Struct, frozen=True, kw_only=True):
    """A file that is not kept, and why, in Chinese: what follows a colon."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"附件“{self.name}”没有收：{self.why}"


class Sifted(Struct, frozen=True, kw_only=True):
    """What came of all attachments; `ignored` are pictures of signatures, which nobody meant to send."""

    kept: tuple[Enclosure, ...]
    refused: tuple[Refused, ...]
    ignored: tuple[Refused, ...]


def sift(pieces: Iterable[Piece], *, limits: EnclosureLimits = EnclosureLimits()) -> Sifted:  # noqa: B008 - frozen
    """Judge attachments in their order; the first ones are kept where there are too many. A program's signatures are none."""
    kept: list[Enclosure] = []
    refused: list[Refused] = []
    ignored: list[Refused] = []
    room = limits.total_bytes
    for piece in pieces:
        if piece.media_type in _SIGNATURES and _extension(piece.name) not in _TYPES:
            continue
        name = _name_of(piece, len(kept) + len(refused) + 1)
        if piece.inline and len(piece.content) < TINY and _kind(piece.content) in ("jpg", "png", "webp", "gif"):
            ignored.append(Refused(name=name, why="是正文里的小图（如签名、徽标），没有作为佐证材料"))
            continue
        if len(kept) + len(refused) < limits.pieces:  # the others are not even looked at
            why = _problem(name, piece.content, limits)
        else:
            why = f"超出了一封邮件 {limits.pieces} 个附件的上限，请另发一封"
        if not why and len(piece.content) > room:
            why = f"使附件合计超过 {limits.total_bytes // MEBIBYTE} MB，请压缩或另发一封"
        if why:
            refused.append(Refused(name=name, why=why))
        else:
            room -= len(piece.content)
            kept.append(Enclosure(name=name, media_type=_TYPES[_extension(name)], content=piece.content))
    return Sifted(kept=tuple(kept), refused=tuple(refused), ignored=tuple(ignored))


def clean_name(name: str) -> str:
    """Return a file name without folders, control and direction characters, and of bounded length; may be empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name[:1000]))[-1]
    plain = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ")
    plain = _BAD_SIGNS.sub("_", plain).strip(" .")
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, extension = plain.rpartition(".")
    if len(plain) <= MAX_NAME:
        return plain
    if not dot or len(extension) > 10:
        return plain[:MAX_NAME].strip(" .")
    return f"{stem[: MAX_NAME - len(extension) - 1].rstrip(' .')}.{extension}"


def _name_of(piece: Piece, number: int) -> str:
    """Return the cleaned name; a picture without any gets one, one without an extension that of what it is."""
    name, kind = clean_name(piece.name), _kind(piece.content)
    if name:
        return clean_name(f"{name}.{kind}") if kind in _TYPES and not _ENDING.search(name) else name
    return f"附件{number}.{kind}" if kind in _TYPES else f"附件{number}"


def _problem(name: str, content: bytes, limits: EnclosureLimits) -> str:
    """Return why a file is not taken; nothing when it is."""
    extension = _extension(name)
    if extension not in _TYPES:
        return _WHY.get(extension) or f"格式不能收，{_WANTED}"
    if not content:
        return "是空文件，请核对后重发"
    if len(content) > limits.piece_bytes:
        return f"有 {-(-len(content) // MEBIBYTE)} MB，每个最多 {limits.piece_bytes // MEBIBYTE} MB，请压缩"
    wanted = _SAME.get(extension, extension)
    if wanted in _PACKAGES:
        return problem_of_package(content, folder=_PACKAGES[wanted], packing=limits.packing)
    if _kind(content) != wanted:
        return f"内容不是 {extension} 格式，{_WANTED}"
    if wanted == "pdf":
        return next((why for name, why in _PDF_NAMES.items() if _pdf_name(name).search(content)), "")
    return ""


def _pdf_name(name: str) -> re.Pattern[bytes]:
    """Return a name of a PDF as it may be written: any of its letters by number, #4a for J (ISO 32000-1 7.3.5)."""
    return re.compile(b"/" + b"".join(b"(?:%c|(?i:#%02x))" % (ord(c), ord(c)) for c in name))


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix[1:].lower()


def _kind(content: bytes) -> str:
    """Return what the first bytes say; nothing when they say none of these."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "heic"
    if content.startswith(b"%PDF-"):
        return "pdf"
    return "gif" if content.startswith((b"GIF87a", b"GIF89a")) else ""
