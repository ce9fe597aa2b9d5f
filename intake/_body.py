"""The rows under a header: which of them are data, and what each of their columns says.

Not data are blank rows, rows with nothing but a number in front, totals, remarks, headings across the table and
repeated headers. A merged cell speaks for all the rows it covers, in columns where that can be meant; a description
merged over several rows is one hazard, and what else stands in those rows belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ._header import Header, HeaderCell, header_key
from .problems import SkippedRow
from .text import Cell, cell_text, is_blank, match_key
from .workbook import MergedRange, Sheet

_TOTAL = re.compile(r"(?:本页|本表|本月|本期|全区|全镇)?(?:合计|小计|总计|共计|累计|汇总)(?:$|[::（(\d共为])")
_SIGNATURE = (
    "填表|填报|制表|审核|审批|审定|批准|复核|联系人|联系电话|单位负责人|主要负责人|分管领导|分管负责人|负责人|经办人|校长|园长|"
    "签字|签名|签章|盖章|公章|报送|报表|上报|日期|时间|附件?|备注|注|说明|备注说明"
)
_REMARK = re.compile(
    rf"(?:[(（]?(?:{_SIGNATURE})[^:：]{{0,8}}[:：].*|备注|注\d*|说明|填表说明|[(（](?:盖章|公章|签章).*)", re.DOTALL
)
_DITTO = frozenset({"同上", "同前", "〃", "″", "''", '"', "”", "“", "′′"})
_LONGEST_DITTO = 8  # with blanks around it
_HEADING_SHARE = 0.5  # a single text merged over this share of the columns is a heading or a note


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRow:
    """One row of data.

    Attributes:
        row: the sheet's row number.
        cells: what its known columns say, by column id; blank columns are left out.
        texts: the same as texts, as written.
        raw: every column that says something, known or not, by its title, as written.
        also: rows of the sheet that were taken into this one.
        shared: ids of columns whose value was written once for this row and rows below it.
    """

    row: int
    cells: Mapping[str, Cell]
    texts: Mapping[str, str]
    raw: Mapping[str, str]
    also: tuple[int, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRules:
    """What holds for the columns of a kind of table.

    Attributes:
        main: the column that makes a row one row of its own.
        anchors: with ``main`` these columns tell data from remarks below the table; one of them is enough.
        serial: columns that are only counted in front.
        single: columns in which a merged cell speaks for its first row only.
        once: those of them of which the user should hear when they are merged over several rows.
        carried: columns in which a blank means the value above, where the file cannot tell merged cells.
        joined: columns whose texts are joined when several rows are one.
        ditto: 同上 and its marks mean the value above.
    """

    main: str
    anchors: tuple[str, ...]
    serial: frozenset[str] = frozenset()
    single: frozenset[str] = frozenset()
    once: tuple[str, ...] = ()
    carried: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    ditto: bool = True


@dataclass(slots=True)
class Body:
    """Walks the rows under a header, once; what it passes over is kept in ``skipped``."""

    sheet: Sheet
    header: Header
    rules: BodyRules
    skipped: list[SkippedRow] = field(default_factory=list[SkippedRow])
    _merges: dict[tuple[int, int], MergedRange] = field(init=False)
    _above: dict[str, Cell] = field(default_factory=dict[str, Cell], init=False)
    _in_foot: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Index the merged cells."""
        self._merges = self.sheet.merges_by_cell()

    def rows(self) -> Iterator[BodyRow]:
        """Give the rows of data from top to bottom."""
        current: BodyRow | None = None
        for row in range(self.header.last_row + 1, len(self.sheet.cells) + 1):
            if current is not None and self._continues(row, current):
                current = self._folded(current, row)
            elif self._is_data(row):
                if current is not None:
                    yield current
                current = self._read(row)
        if current is not None:
            yield current

    def _own(self, row: int) -> dict[int, Cell]:
        return {column: cell for column, cell in enumerate(self.sheet.cells[row - 1]) if not is_blank(cell)}

    def _continues(self, row: int, current: BodyRow) -> bool:
        """Tell whether the main column of this row is merged with that of the row before."""
        place = self.header.by_key[self.rules.main].column
        block = self._merges.get((row, place))
        return block is not None and block.first_row < row and block.first_row in (current.row, *current.also)

    def _is_data(self, row: int) -> bool:
        own = self._own(row)
        if not own:
            return False
        reason = self._why_not(row, own)
        if reason is None:
            return True
        if reason:
            text = cell_text(next(iter(own.values())))
            self.skipped.append(SkippedRow(row=row, text=text, reason=reason))
        return False

    def _why_not(self, row: int, own: Mapping[int, Cell]) -> str | None:
        """Say why a row is no data; None when it is, an empty text when that is not worth a word."""
        first_column, first = next(iter(own.items()))
        text = cell_text(first)
        if _TOTAL.match(match_key(text)):
            return "合计行"
        others = [column for column in own if column != first_column]
        if _REMARK.fullmatch(match_key(text)) and not self._complete(others):
            self._in_foot = True
            return "表下说明"
        if len(own) == 1 and self._spans_table(row, first_column):
            return "标题或说明行"
        if self._repeats_header(own):
            return "重复的表头"
        if self._in_foot and not self._complete(own):
            return "表下说明"
        return self._only_counted(own, text)

    def _only_counted(self, own: Mapping[int, Cell], text: str) -> str | None:
        keys = {cell.column: cell.key for cell in self.header.cells}
        if all(keys.get(column) in self.rules.serial or column not in keys for column in own):
            return "" if re.fullmatch(r"\d+", text) else "只有序号栏有内容"
        return None

    def _complete(self, own: Collection[int]) -> bool:
        """Tell whether a row has the main column and one of the anchors."""
        columns = self.header.by_key
        written = {key for key, cell in columns.items() if cell.column in own}
        return self.rules.main in written and any(key in written for key in self.rules.anchors)

    def _spans_table(self, row: int, column: int) -> bool:
        block = self._merges.get((row, column))
        width = block.last_column - block.first_column + 1 if block else 1
        return width > 1 and width >= _HEADING_SHARE * len(self.header.cells)

    def _repeats_header(self, own: Mapping[int, Cell]) -> bool:
        place = self.header.by_key[self.rules.main]
        text = header_key(cell_text(own.get(place.column, "")))
        return bool(text) and text in (header_key(part) for part in (place.title, *place.title.split("/")))

    def _read(self, row: int) -> BodyRow:
        cells: dict[str, Cell] = {}
        texts: dict[str, str] = {}
        raw: dict[str, str] = {}
        for place in self.header.cells:
            value = self._value(row, place)
            if not is_blank(value):
                raw[place.title] = cell_text(value)
                if place.key is not None:
                    cells[place.key] = self._above[place.key] = value
                    texts[place.key] = raw[place.title]
        shared = tuple(key for key in self.rules.once if key in cells and self._reaches_below(row, key))
        return BodyRow(row=row, cells=cells, texts=texts, raw=raw, shared=shared)

    def _reaches_below(self, row: int, key: str) -> bool:
        block = self._merges.get((row, self.header.by_key[key].column))
        return block is not None and block.last_row > row

    def _value(self, row: int, place: HeaderCell) -> Cell:
        key = place.key or place.title
        own = self.sheet.cell(row, place.column)
        if self.rules.ditto and isinstance(own, str) and 0 < len(own) <= _LONGEST_DITTO and match_key(own) in _DITTO:
            return self._above.get(key, own)
        if not is_blank(own) or key in self.rules.single:
            return own
        if self.sheet.merged is None:
            return self._above.get(key, "") if key in self.rules.carried else ""
        block = self._merges.get((row, place.column))
        if block is None or block.first_column != place.column or block.first_row <= self.header.last_row:
            return ""
        return self.sheet.cell(block.first_row, block.first_column)

    def _folded(self, current: BodyRow, row: int) -> BodyRow:
        """Take a row into the one above it: new texts are joined to the old, other values fill what was blank."""
        cells, texts, raw = dict(current.cells), dict(current.texts), dict(current.raw)
        for place in self.header.cells:
            own = self.sheet.cell(row, place.column)
            if is_blank(own):
                continue
            text = cell_text(own)
            raw[place.title] = "\n".join(filter(None, (raw.get(place.title), text)))
            if place.key in self.rules.joined and place.key in cells:
                cells[place.key] = texts[place.key] = f"{texts[place.key]}\n{text}"
            elif place.key is not None and place.key not in cells:
                cells[place.key], texts[place.key] = own, text
        return replace(current, cells=cells, texts=texts, raw=raw, also=(*current.also, row))
