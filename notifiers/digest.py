"""The digest: what is not urgent reaches a person once a day, as one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from .message import Param
from .page import FACT_MARK
from .parameters import OCCASIONS, RESTRICTED
from .plaintext import one_line, shorten

__all__ = ["DIGEST", "MOST_LINES", "Held", "digest_params"]

DIGEST = "digest"  #: the occasion
MOST_LINES = 60  #: of one digest; what is beyond is counted
_MAX_LINE = 160
_MAX_PART = 40  #: of what is said of it, and of a description


class Held(Struct, frozen=True, kw_only=True):
    """One message that was held: what it is about and what it would have said."""

    number: str | None
    template: str
    params: Mapping[str, Param]
    standing_in_for: str = ""  #: the absent person it is for; "" where that is who gets the digest

    @property
    def unit(self) -> str:
        """The unit it is about."""
        return str(self.params.get("unit") or "")


def digest_params(held: Iterable[Held]) -> dict[str, Param]:
    """Return what the template of a digest is given: one line for each message, the units together.

    Where it is about several units, each has a paragraph of its own below its name; what is about none comes first.
    """
    items = sorted(held, key=lambda h: (h.unit, h.number or ""))
    names = {i.unit for i in items} - {""}
    told = _by_unit(items) if len(names) > 1 else ["\n".join(map(_line, items[:MOST_LINES]))]
    if len(items) > MOST_LINES:
        told.append(f"{FACT_MARK}其余：{len(items) - MOST_LINES} 项，请用 rectiflow today 查看")
    return {
        "count": len(items),
        "lines": ("\n\n" if len(names) > 1 else "\n").join(told),
        "unit": next(iter(names)) if len(names) == 1 else None,
        "district_name": items[0].params.get("district_name") if items else None,
        "contact": next((c for i in items if (c := i.params.get("contact"))), None),
    }


def _by_unit(items: Sequence[Held]) -> list[str]:
    """Return a heading for each unit, with how many there are, and its lines below; of what is too long the beginning."""
    counts, told = Counter(item.unit for item in items), list[str]()
    for unit, shown in groupby(items[:MOST_LINES], key=lambda item: item.unit):
        told += [f"{one_line(unit)}（{counts[unit]}项）"] if unit else []
        told.append("\n".join(map(_line, shown)))
    return told


def _line(item: Held) -> str:
    away = f"代{item.standing_in_for}" if item.standing_in_for else ""
    if item.template == RESTRICTED:
        return f"{FACT_MARK}{OCCASIONS[RESTRICTED]}：{_joined(away, item.number, '请登录查看')}"
    what, more = _happened(item)
    said = _joined(away, shorten(more, _MAX_PART), item.number, _about(item.params))
    return shorten(f"{FACT_MARK}{one_line(f'{shorten(what, _MAX_PART)}：{said}')}", _MAX_LINE)


def _happened(item: Held) -> tuple[str, str]:
    """Return what happened, or which time runs, and what is to be known of it beside the hazard."""
    title = OCCASIONS.get(item.template, item.template)
    said = {name: str(value) for name, value in item.params.items() if value not in (None, "")}
    level, asked, action = said.get("level", ""), said.get("request", ""), said.get("action")
    reason = f"理由：{said['reason']}" if "reason" in said else ""
    match item.template:
        case "request_made" if asked:
            return f"{level}{asked}申请待审批", _joined(said.get("asked"), reason)
        case "request_decided" if asked:
            title = f"{level}{asked}申请{said.get('decision') or '已批复'}"
        case "listed" | "delisted":
            title = f"{level}{title}"
        case "reminder":
            title = f"{said.get('clock', '')}{title}"
        case "call_task":
            return f"{said.get('clock', '')}到期，请电话催办", said.get("callee", "")
        case "generic" | "paper_waiting":
            title = action or title
        case "reclassified":
            return title, _joined(said.get("workflow"), reason)
        case "handed_over" | "standing_in":
            return title, _joined(said.get("actor"), action, said.get("period"))
        case "report_ready" | "import_summary":
            return title, said.get("period", "")
        case _:
            pass
    return title, _joined(f"新时限 {said['new_due_on']}" if "new_due_on" in said else "", reason)


def _joined(*parts: str | None) -> str:
    return "，".join(filter(None, parts))


def _about(params: Mapping[str, Param]) -> str:
    """Return which hazards it is about, in short, and until when they are to be corrected."""
    due_on, overdue = params.get("due_on"), params.get("days_overdue")
    until = f"（整改时限 {due_on}{'，已逾期' if overdue else ''}）" if due_on and not params.get("new_due_on") else ""
    told = params.get("description") or params.get("paper")
    return f"{shorten(str(told), _MAX_PART) if told else _listed(str(params.get('lines') or ''))}{until}"


def _listed(lines: str) -> str:
    """Return what a message lists, on one line."""
    return "；".join(line.removeprefix(FACT_MARK).strip() for line in lines.splitlines() if line.strip())
