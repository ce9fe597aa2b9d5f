"""The columns a list of hazards can show, and the orders it can stand in: ids and Chinese titles in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rectiflow._views import TicketLine
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.vocabulary import STAGES

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["COLUMNS", "LineColumn", "Order", "in_order", "read_columns", "read_order"]

_SEVERITIES = {"major": "重大", "general": "一般"}
_STAGES = list(STAGES)


class LineColumn(Struct, frozen=True, kw_only=True):
    """One column: its id (an attribute of the line), its title, and what people read in it."""

    id: str
    title: str
    text: Callable[[TicketLine], object]

    def value(self, line: TicketLine) -> Any:
        """Return what programs read in it."""
        return getattr(line, self.id)


def _column(name: str, title: str, text: Callable[[TicketLine], object] | None = None) -> LineColumn:
    return LineColumn(id=name, title=title, text=text or (lambda line: getattr(line, name)))


COLUMNS: Mapping[str, LineColumn] = {
    column.id: column
    for column in (
        _column("number", "编号"),
        _column("unit", "责任单位"),
        _column("category", "类别"),
        _column("place", "隐患部位"),
        _column("description", "隐患描述"),
        _column("severity", "等级", lambda line: _SEVERITIES.get(line.severity, line.severity)),
        _column("state_title", "环节"),
        _column("turn", "轮到", lambda line: "、".join(line.turn)),
        _column("found_on", "排查日期"),
        _column("due_on", "整改时限"),
        _column("days_left", "剩余天数"),
        _column("overdue", "逾期", lambda line: "是" if line.overdue else "否"),
        _column("listed", "挂牌"),
        _column("since", "进入环节"),
        _column("workflow", "流程"),
    )
}
#: Other names people use.
_ALIASES = {"state": "state_title", "单位": "unit", "时限": "due_on", "部位": "place", "描述": "description"}
_NAMES: Mapping[str, str] = {**{name: c for c, col in COLUMNS.items() for name in (c, col.title)}, **_ALIASES}

Order = Sequence[tuple[str, bool]]  #: column ids, each with whether it runs backwards


def read_columns(text: str) -> tuple[LineColumn, ...]:
    """Read the columns wanted, by id or title: number,unit,整改时限.

    Raises:
        InputUnusable: words that name no column; all at once, with what may be meant.
    """
    return tuple(COLUMNS[name] for name in dict.fromkeys(_named(_parts(text), "列")))


def read_order(text: str) -> Order:
    """Read an order: columns by id or title, the first counts most; a minus in front turns one round.

    Raises:
        InputUnusable: as `read_columns`.
    """
    parts = _parts(text)
    names = _named([p.removeprefix("-") for p in parts], "列")
    return [(name, part.startswith("-")) for name, part in zip(names, parts, strict=True)]


def in_order(flow: Rectiflow, lines: Iterable[TicketLine], order: Order) -> list[TicketLine]:
    """Sort lines: units as the organisation has them, states along the flow; what has no value comes last."""
    places = {unit.name: place for place, unit in enumerate(flow.directory().units.values())}
    found = sorted(lines, key=lambda line: line.number)
    for name, backwards in reversed(order):
        told = [line for line in found if _says(name, line)]
        blank = [line for line in found if not _says(name, line)]
        found = sorted(told, key=partial(_key, name, places), reverse=backwards) + blank
    return found


def _says(name: str, line: TicketLine) -> bool:
    return COLUMNS[name].value(line) not in (None, "", ())


def _key(name: str, places: Mapping[str, int], line: TicketLine) -> Any:
    value = COLUMNS[name].value(line)
    match name, value:
        case "unit", _:
            return (places.get(line.unit, len(places)), line.unit)
        case "state_title", _:
            return (_STAGES.index(line.stage), line.state)
        case _, date():
            return value.toordinal()
        case "days_left" | "overdue", _:
            return int(value or 0)
        case _:
            return str(COLUMNS[name].text(line) or "")


def _parts(text: str) -> list[str]:
    return [p.strip() for p in text.replace("，", ",").replace("、", ",").split(",") if p.strip()]


def _named(parts: Sequence[str], what: str) -> list[str]:
    unknown = [p for p in parts if p not in _NAMES]
    if not parts or unknown:
        known = "、".join(c.title for c in COLUMNS.values())
        near = dict.fromkeys(
            n for p in unknown for n in get_close_matches(p, _NAMES, n=1, cutoff=0.6 if p.isascii() else 0.5)
        )
        hint = f"，是不是：{'、'.join(near)}？" if near else f"，可写：{known}"
        raise InputUnusable(f"没有{what}{'、'.join(f'“{p}”' for p in unknown) or '名'}{hint}")
    return [_NAMES[p] for p in parts]
