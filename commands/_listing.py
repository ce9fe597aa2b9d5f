"""Lists of hazards: chosen, in an order, with the columns wanted; for people, as JSON, and as CSV that Excel opens rightly."""

from __future__ import annotations

import csv
import io
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from ._output import print_json

if TYPE_CHECKING:
    from rectiflow import TicketFilter
    from rectiflow._flow import Rectiflow
    from rectiflow._lines import LineColumn, Order
    from rectiflow._views import Listing, TicketLine

    from ._context import Session

__all__ = ["Layout", "Wanted", "print_csv", "read_layout", "show_list", "window"]

#: Columns of a CSV where none are named.
_CSV_COLUMNS = (
    *("number", "unit", "category", "place", "description", "severity", "state_title", "turn", "found_on", "due_on"),
    *("days_left", "overdue", "listed"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Wanted(Struct, frozen=True, kw_only=True):
    """Which hazards a list is to show."""

    narrow: TicketFilter
    where: str | None = None
    search: str = ""
    after: str = ""
    limit: int | None = None


class Layout(Struct, frozen=True, kw_only=True):
    """In which order, and with which columns; empty: as always."""

    order: Order = ()
    columns: Sequence[LineColumn] = ()


def read_layout(*, sort: str | None, columns: str | None, after: str) -> Layout:
    """Read `--sort` and `--columns`.

    Raises:
        typer.BadParameter: no such column, or pages of a list that is not in the order of numbers.
    """
    from rectiflow._lines import read_columns, read_order
    from rectiflow.engine.errors import InputUnusable

    option = "--sort"
    try:
        order = read_order(sort) if sort is not None else ()
        option = "--columns"
        chosen = read_columns(columns) if columns is not None else ()
    except InputUnusable as exc:
        raise typer.BadParameter(str(exc), param_hint=option) from exc
    if order and after:
        raise typer.BadParameter(
            "--after 按编号翻页，不能和 --sort 一起用；请用 --limit 0 列出全部。", param_hint="--sort"
        )
    return Layout(order=order, columns=chosen)


def show_list(made: Session, wanted: Wanted, layout: Layout, *, as_json: bool, as_csv: bool) -> None:
    """Find the hazards and show them."""
    from ._screen import show_columns, show_listing

    found = _found(made, wanted, layout)
    if as_json:
        print_json(_as_record(found, layout.columns) if layout.columns else found)
    elif as_csv:
        print_csv(found.lines, layout.columns)
    elif layout.columns:
        show_columns(found, layout.columns)
    else:
        show_listing(found)


def print_csv(lines: Iterable[TicketLine], columns: Sequence[LineColumn] = ()) -> None:
    """Write a list as CSV to standard output; into a file with the mark by which Excel knows UTF-8."""
    from rectiflow._lines import COLUMNS

    chosen = columns or [COLUMNS[name] for name in _CSV_COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([c.title for c in chosen])
    writer.writerows([_cell(c.text(entry)) for c in chosen] for entry in lines)
    mark = "\ufeff" if _is_file() else ""
    sys.stdout.write(mark + text.getvalue())


def window(flow: Rectiflow, after: str) -> str:
    """Return the cursor for a number written short or in full; it need not exist any more."""
    from rectiflow.engine.errors import NotFound

    try:
        return flow.find(after) if after else ""
    except NotFound:
        return after


def _found(made: Session, wanted: Wanted, layout: Layout) -> Listing:
    from rectiflow._lines import in_order
    from rectiflow._views import listing

    from ._batch import read_filter

    flow, narrow, keep = made.flow, wanted.narrow, None
    if wanted.where is not None:
        where = read_filter(made, wanted.where)
        narrow, keep = where.beside(narrow), where.keep
    limit = None if layout.order else wanted.limit
    after = window(flow, wanted.after)
    found = listing(flow, narrow, by=made.person, keep=keep, search=wanted.search, after=after, limit=limit)
    if not layout.order:
        return found
    lines = in_order(flow, found.lines, layout.order)
    shown = lines[: wanted.limit]
    return replace(found, lines=tuple(shown), more=len(lines) - len(shown))


def _as_record(found: Listing, columns: Sequence[LineColumn]) -> dict[str, Any]:
    lines = [{c.id: c.value(entry) for c in columns} for entry in found.lines]
    return {"lines": lines, "hidden": found.hidden, "after": found.after, "more": found.more}


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _is_file() -> bool:
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # no real file behind it
        return False
