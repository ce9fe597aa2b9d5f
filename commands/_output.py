"""How commands answer: tables for people, JSON for programs, one clear sentence when something is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import asdict

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "is_terminal", "print_json", "progress", "say", "show_raw", "table", "visible", "warn"]


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  #: C0 and C1 of ISO 6429


def console(*, error: bool = False) -> Console:
    """Return a console that wraps Chinese rightly and writes no colour into pipes."""
    from rich.console import Console

    return Console(stderr=error, highlight=False, soft_wrap=not is_terminal())


def is_terminal() -> bool:
    """Tell whether a person reads along and can be asked."""
    return sys.stdout.isatty() and sys.stdin.isatty()


def say(text: str = "", style: str = "") -> None:
    """Print one line, or several; the style is seen on terminals only, where long lines go on below, set in a little."""
    _print(console(), text, style)


def show_raw(text: str) -> None:
    """Print what is somebody else's as it is: a letter, a file, a path to be copied; nothing is broken into lines."""
    console().print(visible(text), markup=False, soft_wrap=True)


def visible(text: str) -> str:
    """Return text without what a terminal would obey: control characters other than tabs and ends of lines."""
    return _CONTROLS.sub("", text)


def warn(text: str) -> None:
    """Print a warning to standard error; on a terminal long lines go on below, set in a little."""
    _print(console(error=True), text, "yellow")


def _print(out: Console, text: str, style: str) -> None:
    text = visible(text)
    for line in _broken(text, out.width) if is_terminal() else (text,):
        out.print(line, markup=False, style=style or None, soft_wrap=True)


def _broken(text: str, width: int) -> Iterator[str]:
    from rich.cells import cell_len

    from ._layout import wrapped

    for line in text.split("\n"):
        if cell_len(line) <= width:
            yield line
            continue
        said = line.lstrip(" ")
        margin = " " * (len(line) - len(said))
        for place, part in enumerate(wrapped(said, max(20, width - len(margin) - 2))):
            yield f"{margin}{'  ' if place else ''}{part}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "没有。") -> None:
    """Print rows as a table; `empty` when there are none."""
    from rich import box
    from rich.table import Table

    found = [[_cell(v) for v in row] for row in rows]
    if not found:
        say(f"{title}：{empty}" if title else empty)
        return
    shown = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in found:
        shown.add_row(*row)
    console().print(shown)


def print_json(value: Any) -> None:
    """Print JSON; dates as ISO text, Chinese as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    print(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None or value == "":
        return "—"
    if isinstance(value, datetime):
        from rectiflow.engine.moments import ZONE

        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return escape(visible(str(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(cast("set[str]", value))
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@contextmanager
def progress(what: str, unit: str) -> Generator[Callable[[int, int], None]]:
    """Show a bar while something long goes on, where a person looks; the yielded function takes (done, total)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=console(error=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
