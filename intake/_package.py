"""A look inside an .xlsx before it is read: sizes, extents, and the cells whose formula failed.

The reader of workbooks lays out every sheet as a full rectangle, so one stray cell in the last corner of a small
file would ask for terabytes. Here the parts are unpacked one by one under a bound and walked by a streaming parser.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from xml.parsers import expat

from msgspec import Struct, field

from .limits import Corrupt, Limits, TooLarge, check_extent

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


class SheetExtent(Struct):
    """What was seen of one sheet: the last row and column with a value, and failed formulas as (row, column) from 0."""

    rows: int = 0
    columns: int = 0
    failed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


def part_names(data: bytes) -> frozenset[str]:
    """List the parts of a zip package.

    Raises:
        Corrupt: it is no whole zip file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return frozenset(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as problem:
        raise Corrupt(str(problem)) from problem


def inspect_package(data: bytes, limits: Limits) -> dict[str, SheetExtent]:
    """Check an .xlsx against the limits and give the extent of each of its sheets, by the sheet's name.

    Raises:
        TooLarge: a bound is crossed.
        Corrupt: a part cannot be unpacked or parsed.
    """
    try:
        parts = _unpack(data, limits)
        return _inspect_parts(parts, limits)
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError) as problem:
        raise Corrupt(str(problem)) from problem
    except expat.ExpatError as problem:
        raise Corrupt(str(problem)) from problem


def _unpack(data: bytes, limits: Limits) -> dict[str, bytes]:
    """Unpack what can matter, all of it counted."""
    parts: dict[str, bytes] = {}
    room = limits.unpacked_bytes
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            with package.open(name) as stream:
                part = stream.read(room + 1)
            room -= len(part)
            if room < 0:
                mebibytes = limits.unpacked_bytes // 2**20
                raise TooLarge(f"解压后超过 {mebibytes} MB，可能是恶意压缩的文件；请删去图片和无关的工作表后另存")
            if _may_be_xml(part):
                parts[name] = part
    return parts


def _may_be_xml(part: bytes) -> bool:
    return part[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t").startswith(b"<")


def _inspect_parts(parts: dict[str, bytes], limits: Limits) -> dict[str, SheetExtent]:
    titles = _sheet_titles(parts)
    shared: Counter[int] = Counter()
    extents: dict[str, SheetExtent] = {}
    for name, part in parts.items():
        if b"sheetData" in part.replace(b"\x00", b""):
            title = titles.get(name, name)
            extents[title] = _walk(part, shared)
            check_extent(title, extents[title].rows, extents[title].columns, limits)
    _check_shared_text(parts, shared, limits)
    return extents


def _sheet_titles(parts: dict[str, bytes]) -> dict[str, str]:
    """Map the name of each sheet's part to the sheet's own name."""
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts.keys():
        return {}
    relations = _elements(parts["xl/_rels/workbook.xml.rels"], "Relationship")
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    return {
        _part_name(targets.get(_relation_id(sheet), "")): sheet.get("name", "")
        for sheet in _elements(parts["xl/workbook.xml"], "sheet")
    }


def _relation_id(attributes: dict[str, str]) -> str:
    """Give the value of ``r:id``, whatever the file calls the prefix."""
    return next((value for name, value in attributes.items() if name.endswith(":id")), "")


def _part_name(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _check_shared_text(parts: dict[str, bytes], shared: Counter[int], limits: Limits) -> None:
    texts = next((part for name, part in parts.items() if name.endswith("sharedStrings.xml")), b"")
    sizes = [len(text) for text in re.split(rb"</(?:\w+:)?si\s*>", texts)]
    total = sum(times * sizes[index] for index, times in shared.items() if index < len(sizes))
    if total > limits.text_bytes:
        raise TooLarge(f"文字展开后超过 {limits.text_bytes // 2**20} MB，请拆分成几个文件")


def _walk(part: bytes, shared: Counter[int]) -> SheetExtent:
    walker = _Walker(shared)
    parser = _parser()
    parser.StartElementHandler = walker.start
    parser.EndElementHandler = walker.end
    parser.CharacterDataHandler = walker.text
    parser.Parse(part, True)
    return walker.extent


def _elements(part: bytes, wanted: str) -> list[dict[str, str]]:
    """Give the attributes of all elements of one name."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == wanted:
            found.append(attributes)

    parser = _parser()
    parser.StartElementHandler = start
    parser.Parse(part, True)
    return found


def _parser() -> expat.XMLParserType:
    """Make a parser that refuses a document type, and with it every entity; a workbook has none."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_parts: object) -> None:
    raise Corrupt("document type declaration")


class _Walker:
    """Follow rows, cells and values of one sheet; a cell counts once something stands inside it."""

    def __init__(self, shared: Counter[int]) -> None:
        self.extent = SheetExtent()
        self._shared = shared
        self._row = 0
        self._column = 0
        self._kind = ""
        self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif tag in ("v", "is"):
            self._value(tag)

    def end(self, name: str) -> None:
        self._in_value = False

    def text(self, text: str) -> None:
        if self._in_value and text.strip().isdecimal():
            self._shared[int(text)] += 1

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._kind = attributes.get("t", "")
        place = _REFERENCE.fullmatch(attributes.get("r", ""))
        if place is None:
            self._column += 1
        else:
            self._column, self._row = _column_number(place[1]), int(place[2])

    def _value(self, tag: str) -> None:
        self._in_value = tag == "v" and self._kind == "s"
        self.extent.rows = max(self.extent.rows, self._row)
        self.extent.columns = max(self.extent.columns, self._column)
        if self._kind == "e":
            self.extent.failed.append((self._row - 1, self._column - 1))


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
