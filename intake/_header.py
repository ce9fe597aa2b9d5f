"""Finding the header of a table: one line or two, with merged cells, under a title, by synonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from .text import cell_text, is_blank, match_key
from .workbook import MergedRange, Sheet, column_letter

SEARCH_ROWS = 40  # the header is looked for in this many rows from the top
FEWEST_COLUMNS = 3  # so many known columns make a header

_BRACKETED = re.compile(r"[(\[【〔《<].*?[)\]】〕》>]")
_GENERIC = re.compile("时间|日期|单位|部门|人|人员|情况|结果|级别|类别|类型|部位|内容|要求|说明")
# What a group header speaks of, whatever else stands in it; the first that fits.
_TOPICS = (
    ("复查", ("复查", "验收", "复核", "核查")),
    ("销号", ("销号", "核销")),
    ("督办", ("督办", "挂牌")),
    ("整改", ("整改", "治理", "落实")),
    ("排查", ("排查", "检查", "督查", "巡查")),
    ("隐患", ("隐患", "问题")),
    ("责任", ("责任",)),
)


class Column(Struct, frozen=True, kw_only=True):
    """One column a table may have.

    Attributes:
        key: its id.
        title: its standard title, shown when it is missing.
        synonyms: other titles for it, the surest first.
        needed: the table is of no use without it.
    """

    key: str
    title: str
    synonyms: tuple[str, ...] = ()
    needed: bool = False


class HeaderCell(Struct, frozen=True, kw_only=True):
    """One column as found: its index from 0, its title as written (``上/下`` for two lines), and what it was taken for."""

    column: int
    title: str
    key: str | None = None

    @property
    def letter(self) -> str:
        """Give the column's letter."""
        return column_letter(self.column)


class Header(Struct, frozen=True, kw_only=True):
    """A header as found: its first and last row (from 1) and its columns from left to right."""

    first_row: int
    last_row: int
    cells: tuple[HeaderCell, ...]

    @property
    def by_key(self) -> dict[str, HeaderCell]:
        """Map the id of each known column to its place."""
        places: dict[str, HeaderCell] = {}
        for cell in self.cells:
            if cell.key is not None:
                places.setdefault(cell.key, cell)
        return places

    @property
    def unknown(self) -> tuple[HeaderCell, ...]:
        """Give the columns that were not understood."""
        return tuple(cell for cell in self.cells if cell.key is None)

    def describe(self) -> str:
        """List the headers found, with their letters, for a message."""
        last = "" if self.first_row == self.last_row else f"–{self.last_row}"
        return f"第 {self.first_row}{last} 行的表头：" + "、".join(
            f"{cell.letter}“{cell.title}”" for cell in self.cells
        )


class Titles:
    """The synonyms of a kind of table, ready for matching.

    Args:
        columns: the columns the table may have.
        either: titles that mean one of two columns, whichever the table does not name otherwise; when it names
            neither of them the title stays unknown.
        repeated: ids of columns that may stand several times; only the first gets into the header's ``by_key``.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        either: Mapping[str, tuple[str, str]] | None = None,
        repeated: frozenset[str] = frozenset(),
    ) -> None:
        """Index the titles by their matching form; a title may belong to one column only."""
        self.columns = tuple(columns)
        self.repeated = repeated
        self.either = MappingProxyType({header_key(title): keys for title, keys in (either or {}).items()})
        self._ranks: dict[str, tuple[str, int]] = {}
        for column in columns:
            for rank, title in enumerate((column.title, *column.synonyms)):
                self._add(header_key(title), column.key, rank)

    def _add(self, title: str, key: str, rank: int) -> None:
        known = self._ranks.setdefault(title, (key, rank))
        if known[0] != key:
            raise ValueError(f"title {title!r} belongs to {known[0]!r} and to {key!r}")

    def match(self, group: str, title: str) -> tuple[str, int] | None:
        """Give the column and the rank of a title under a group header (empty for a header of one line)."""
        topic = next((topic for topic, words in _TOPICS if any(word in group for word in words)), "")
        for text in dict.fromkeys((group + title, topic + title)):
            if text in self._ranks or text in self.either:
                return self._ranks.get(text, (text, 0))
        if topic and _GENERIC.fullmatch(title):
            return None
        return self._ranks.get(title, (title, 0) if title in self.either else None)


def header_key(title: str) -> str:
    """Give the form in which titles are compared: without brackets and what is in them, blanks and punctuation."""
    plain = _BRACKETED.sub("", match_key(title)) or match_key(title)
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN")


def find_header(sheet: Sheet, titles: Titles, *, fewest: int = FEWEST_COLUMNS) -> Header | None:
    """Find the row, or the two rows, in which most columns are named; None when none names as many as ``fewest``."""
    merges = sheet.merges_by_cell()
    best: Header | None = None
    for row in range(1, min(len(sheet.cells), SEARCH_ROWS) + 1):
        for candidate in _candidates(sheet, merges, row, titles):
            known, most = len(candidate.by_key), len(best.by_key) if best else fewest - 1
            if known > most or (best and known == most and _is_second_line(sheet, best, candidate, titles)):
                best = candidate
    return best


def _is_second_line(sheet: Sheet, one: Header, two: Header, titles: Titles) -> bool:
    """Tell whether the row under a header of one line belongs to it: something is there, but no needed value."""
    if two.first_row != one.last_row or two.last_row != one.last_row + 1 or row_is_blank(sheet, two.last_row):
        return False
    places = one.by_key
    needed = [places[column.key].column for column in titles.columns if column.needed and column.key in places]
    return bool(needed) and all(is_blank(sheet.cell(two.last_row, column)) for column in needed)


def _candidates(
    sheet: Sheet, merges: Mapping[tuple[int, int], MergedRange], row: int, titles: Titles
) -> Iterator[Header]:
    upper = [cell_text(cell) for cell in sheet.cells[row - 1]]
    if sum(1 for title in upper if title) < 2:  # a title line, or nothing
        return
    yield _header(row, row, [("", title) for title in upper], titles)
    if row < len(sheet.cells):
        yield _header(row, row + 1, list(_two_lines(sheet, merges, row)), titles)


def _two_lines(sheet: Sheet, merges: Mapping[tuple[int, int], MergedRange], row: int) -> Iterator[tuple[str, str]]:
    """Pair each column's group with its own title; a column with one title only has no group."""
    group = ""
    for column in range(max(len(sheet.cells[row - 1]), len(sheet.cells[row]))):
        upper, lower = cell_text(sheet.cell(row, column)), cell_text(sheet.cell(row + 1, column))
        block = merges.get((row, column))
        if block is not None and block.first_row == row:
            group = cell_text(sheet.cell(row, block.first_column))
        elif upper or sheet.merged is not None:
            group = upper
        yield (group, lower) if lower else ("", upper)


def _header(first_row: int, last_row: int, pairs: list[tuple[str, str]], titles: Titles) -> Header:
    matches = [titles.match(header_key(group), header_key(title)) if title else None for group, title in pairs]
    keys = _settle(matches, titles)
    cells: list[HeaderCell] = []
    shown: set[str] = set()
    for column, (group, title) in enumerate(pairs):
        if title:
            name = _shown(group, title, column, shown)
            shown.add(name)
            cells.append(HeaderCell(column=column, title=name, key=keys.get(column)))
    return Header(first_row=first_row, last_row=last_row, cells=tuple(cells))


def _shown(group: str, title: str, column: int, taken: set[str]) -> str:
    name = "/".join("".join(part.split()) for part in (group, title) if part)
    return f"{name}（{column_letter(column)}列）" if name in taken else name


def _settle(matches: Sequence[tuple[str, int] | None], titles: Titles) -> dict[int, str]:
    """Give each column to at most one place: the surest title, then the leftmost; then settle the either-or titles."""
    ranked = sorted((match[1], column, match[0]) for column, match in enumerate(matches) if match is not None)
    taken: dict[str, int] = {}
    for _, column, key in ranked:
        if key not in titles.either:
            taken.setdefault(key, column)
    for _, column, title in ranked:
        free = [key for key in titles.either.get(title, ()) if key not in taken]
        if len(free) == 1:
            taken[free[0]] = column
    again = {column: key for _, column, key in ranked if key in titles.repeated}
    return again | {column: key for key, column in taken.items()}


def row_is_blank(sheet: Sheet, row: int) -> bool:
    """Tell whether nothing is written in a row (from 1)."""
    return all(is_blank(cell) for cell in sheet.cells[row - 1])
