"""Lines that fit a terminal: Chinese characters are two columns wide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

__all__ = [
    "HEAD_STYLE",
    "LATE_STYLE",
    "NARROW",
    "ago",
    "columns",
    "fit",
    "left",
    "packed",
    "put",
    "put_beside",
    "put_labelled",
    "screen_width",
    "since",
    "wrapped",
]

NARROW = 80  #: columns every screen must do with
HEAD_STYLE, LATE_STYLE = "cyan", "red"  #: of labels, and of what is overdue
_LABEL = 6  #: columns of a label: 不可办
_ELLIPSIS = "…"
_CLOSING = "，。；：、？！）”》〕"
_PIECES = re.compile(
    r"[（“《〔]{0,4}(?:\d{4}-\d\d-\d\d \d\d:\d\d|\d{1,9} [\u4e00-\u9fff]|[A-Za-z0-9._/:@-]{1,60}|.)"
)  #: what is not taken apart


def put(text: str, style: str = "") -> None:
    """Print one line; the style is seen on terminals only, where what is too long goes on below."""
    from ._output import say

    say(text, style)


def put_labelled(label: str, lines: Sequence[str]) -> None:
    """Print lines behind a label, the label on the first one only."""
    from rich.text import Text

    from ._output import console, visible

    out = console()
    for position, text in enumerate(lines):
        for k, part in enumerate(wrapped(visible(text), screen_width() - _LABEL - 2)):
            head = fit(label if position == 0 and k == 0 else " ", _LABEL)
            out.print(
                Text.assemble((head, HEAD_STYLE), "  ", (part, LATE_STYLE if "逾期" in part else "")), soft_wrap=True
            )


def put_beside(cells: Sequence[tuple[object, int]], text: str) -> None:
    """Print cells, each with its width in columns, and beside them a text that is long: it goes on below itself."""
    width = sum(w for _, w in cells)
    for position, part in enumerate(wrapped(text, screen_width() - width)):
        head = "".join(fit(cell, w) for cell, w in cells) if position == 0 else " " * width
        put(f"{head}{part}".rstrip())


def screen_width() -> int:
    """Return how many columns may be written: those of the terminal, 80 in a pipe."""
    from ._output import console

    return max(NARROW, min(console().width, 160))


def fit(text: object, width: int) -> str:
    """Return a text cut or padded to exactly `width` columns, on one line."""
    from rich.cells import cell_len, set_cell_size

    from ._output import visible

    line = " ".join(visible(str(text if text not in (None, "") else "—")).split())
    if cell_len(line) <= width:
        return set_cell_size(line, width)
    return set_cell_size(set_cell_size(line, width - 1).rstrip() + _ELLIPSIS, width)


def columns(cells: Sequence[tuple[object, int]], last: object) -> str:
    """Return one line of cells, each with its width in columns, and a last one that takes what is left of the screen."""
    head = "".join(fit(text, width) for text, width in cells)
    return f"{head}{fit(last, screen_width() - sum(width for _, width in cells))}".rstrip()


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield a text in lines of at most `width` columns: numbers, words and counts (3 条) stay whole.

    No line begins with a comma or ends with an opening bracket.
    """
    from rich.cells import cell_len

    for paragraph in text.split("\n"):
        if cell_len(paragraph) <= width:
            yield paragraph
            continue
        current = ""
        for piece in _PIECES.findall(paragraph):
            room = width if piece[0] in _CLOSING else width - 2
            if current and cell_len(current + piece) > room:
                yield current.rstrip()
                current = ""
                if not piece.strip():
                    continue  # a line that goes on does not begin with a gap
            current += piece
        yield current


def packed(parts: Sequence[str], width: int) -> Iterator[str]:
    """Yield parts joined by dots in lines of at most `width` columns, broken between parts where that is possible."""
    from rich.cells import cell_len

    current = ""
    for part in parts:
        longer = f"{current} · {part}" if current else part
        if current and cell_len(longer) > width:
            yield current
            longer = part
        current = longer
    yield from wrapped(current, width)


_HOURS_SHOWN = 48  #: a deadline nearer than that is said in hours


def left(days: int | None, hours: int | None = None) -> str:
    """Say how far a date is away: 还有 3 天, 今天到期, 逾期 5 天; where it ends within a day and is near, in hours."""
    if hours is not None and abs(hours) < _HOURS_SHOWN:
        return f"还有 {hours} 小时" if hours >= 0 else f"逾期 {-hours} 小时"
    if days is None:
        return "未定时限"
    if days < 0:
        return f"逾期 {-days} 天"
    return f"还有 {days} 天" if days else "今天到期"


def ago(days: int) -> str:
    """Say how long something has waited."""
    return f"已 {days} 天" if days > 0 else "今天起"


def since(day: date, today: date) -> str:
    """Say from when on, and how long that is."""
    return "今天起" if day >= today else f"{day} 起（{(today - day).days} 天）"
