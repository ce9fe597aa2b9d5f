"""What may be inside an office file (a zip package) that came by mail: looked at under bounds, nothing kept."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

__all__ = ["Packing", "problem_of_package"]

MEBIBYTE = 2**20
_ENTRY = b"PK\x01\x02"  #: begins every entry of the central directory (APPNOTE 4.3.12)
_STEP = 64 * 1024  #: bytes unpacked at a time
_CONTENT_TYPES = "[Content_Types].xml"
_PROGRAM = re.compile(
    r"(vbaproject.*\.bin|vbadata\.xml|.*\.(exe|dll|js|jse|vbs|vbe|wsf|wsh|wsc|sct|ps1|psm1|bat|cmd|scr|com|pif|cpl|jar|lnk|url"
    r"|hta|msi|msc|chm|reg|inf|xll|ocx|py|sh|apk))",
    re.IGNORECASE,
)
_MACHINE_CODE = (b"MZ", b"\x7fELF")  #: begins what Windows and Linux run
_PACKED_FILE = "Ole10Native".encode(
    "utf-16-le"
)  #: the stream in which an OLE object holds a file of any kind (MS-OLEDS 2.3.6)
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^<>]*>", re.IGNORECASE)
_FETCHED = re.compile(
    r"(attachedTemplate|oleObject|frame|subDocument)[\"']"
)  #: kinds of parts that a program fetches by itself
_LOCAL = re.compile(r"\bTarget\s*=\s*[\"']file:///[A-Za-z]:", re.IGNORECASE)  #: a template on the writer's own disk
_OUTSIDE = re.compile(r"\bTargetMode\s*=\s*[\"']External[\"']")
_FREE = MEBIBYTE  #: bytes that may be packed as tightly as they can
_BOMB = "解压后过大，可能是恶意文件，请删去无关内容后另存重发"
_RUNS = "带有宏或程序，请另存为不带宏的 docx 或 xlsx"
_BROKEN = "打不开，可能已损坏，请核对后重发"


class Packing(Struct, frozen=True, kw_only=True):
    """What a package may unfold to: deflate packs at most 1032 to 1, real office files stay below 50 to 1."""

    entries: int = 2_000
    unpacked_bytes: int = 100 * MEBIBYTE
    ratio: int = 100


def problem_of_package(content: bytes, *, folder: str, packing: Packing) -> str:
    """Return in Chinese why an office file is not taken, nothing when it is; `folder` is word/ or xl/."""
    import zipfile
    import zlib

    if not content.startswith(b"PK\x03\x04"):
        old = content.startswith(b"\xd0\xcf\x11\xe0")
        return (
            "加了密码或是旧格式，请去掉密码并另存后重发" if old else "内容与扩展名不符，请用 Word 或 Excel 另存后重发"
        )
    if content.count(_ENTRY) > packing.entries:  # before the directory is read: each entry costs memory
        return _BOMB
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return _problem_of_entries(package.infolist(), folder, packing) or _problem_inside(package)
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
        return _BROKEN


def _problem_of_entries(entries: list[ZipInfo], folder: str, packing: Packing) -> str:
    """Judge by the directory."""
    names = [e.filename for e in entries]
    if _CONTENT_TYPES not in names or not any(n.startswith(folder) for n in names):
        return "内容与扩展名不符，请用 Word 或 Excel 另存后重发"
    if any(_PROGRAM.fullmatch(n.rpartition("/")[2]) for n in names):
        return _RUNS
    if any(n.startswith("/") or ".." in n.split("/") for n in names) or any(
        e.compress_type not in (0, 8) for e in entries
    ):
        return _BROKEN
    if any(e.flag_bits & 1 for e in entries):
        return "加了密码，请去掉密码后重发"
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if unpacked > packing.unpacked_bytes or unpacked > max(_FREE, packed * packing.ratio):
        return _BOMB
    return ""


def _problem_inside(package: ZipFile) -> str:
    """Unpack every entry and let go of it: the sizes in the directory must be true (a wrong one fails the checksum)."""
    for entry in package.infolist():
        with package.open(entry) as stream:
            name, head = entry.filename.lower(), stream.read(_FREE)
            if head.startswith(_MACHINE_CODE) or (name.endswith(".bin") and _PACKED_FILE in head):
                return _RUNS
            if name == _CONTENT_TYPES.lower() or name.endswith(".rels"):
                if stream.read(1):
                    return _BOMB
                if why := _problem_of_list(name, _words(head)):
                    return why
            while stream.read(_STEP):
                pass
    return ""


def _problem_of_list(name: str, words: str) -> str:
    """Judge the list of types, or one of relations, which must not let a program fetch anything from elsewhere."""
    if name == _CONTENT_TYPES.lower():
        return "带有宏，请另存为不带宏的 docx 或 xlsx" if "macroenabled" in words.lower() else ""
    told = (r for r in _RELATION.findall(words) if _OUTSIDE.search(r) and not _LOCAL.search(r))
    if any(name.endswith("settings.xml.rels") or _FETCHED.search(r) for r in told):
        return "会从别处取模板或内容，请复制到新文件里另存后重发"
    return ""


def _words(content: bytes) -> str:
    """Return XML as text, near enough to look for ASCII words in it: UTF-16 too, and letters by number."""
    import html

    return html.unescape(content.replace(b"\0", b"").decode("utf-8", "replace"))
