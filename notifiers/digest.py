"""The digest: what is not urgent reaches a person once a day, as one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from rectiflow.engine.days import left, occasion_on
from rectiflow.engine.telling import RECEIPT

from .message import Param
from .page import FACT_MARK
from .parameters import OCCASIONS, RESTRICTED
from .plaintext import one_line, shorten

__all__ = ["DIGEST", "LISTS", "MOST_LINES", "STEPS_DUE", "Held", "digest_params", "steps_params"]

DIGEST = "digest"  #: the occasion of what is told once a day
STEPS_DUE = "steps_due"  #: the occasion of steps of one clock that come due together
LISTS = frozenset({DIGEST, STEPS_DUE})
MOST_LINES = 60  #: of one digest; what is beyond is counted
_MAX_LINE = 160
_MOST_NUMBERS = 5  #: in a short message
_MAX_PART = 40  #: of what is said of it, and of a description
_MAX_TOLD = 110  #: of what became of an answer, which is all that its receipt is for


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
    names, secret = {i.unit for i in items} - {""}, any(i.template == RESTRICTED for i in items)
    told = _by_unit(items) if len(names) > 1 else ["\n".join(map(_line, items[:MOST_LINES]))]
    if len(items) > MOST_LINES:
        told.append(f"{FACT_MARK}其余：{len(items) - MOST_LINES} 项，请向安全股索取清单")
    return {
        "count": len(items),
        "lines": ("\n\n" if len(names) > 1 else "\n").join(told),
        "unit": next(iter(names)) if len(names) == 1 and not secret else None,
        "district_name": items[0].params.get("district_name") if items else None,
        "contact": next((c for i in items if (c := i.params.get("contact"))), None),
    }


def steps_params(held: Sequence[Held]) -> dict[str, Param]:
    """Return what is told of steps of one clock on the same occasion: which time it is, how it stands, what to do."""
    first = held[0]
    call = first.template == "call_task"
    return {
        **digest_params(held),
        "clock": next((c for h in held if (c := h.params.get("clock"))), None),
        "action": "到期" if call else _standing(held),
        "note": "请逐项电话催办" if call else "请逐项办理",
        "numbers": _short(held),
    }


def _standing(held: Sequence[Held]) -> str:
    """Say how a time stands that runs for several hazards: what is true of all of them."""
    said = {left(h.params) for h in held}
    if len(said) == 1 and (same := said.pop()):
        return same
    late = [bool(h.params.get("days_overdue")) or h.params.get("hours_overdue") is not None for h in held]
    return "已逾期" if all(late) else "到期" if any(late) else "将到期"


def _short(held: Sequence[Held]) -> str | None:
    """Return the numbers as they can be written in an answer: 54、55号."""
    serials = sorted({int(h.number.rpartition("-")[2]) for h in held if h.number})
    more = f"等{len(serials)}项" if len(serials) > _MOST_NUMBERS else ""
    return f"{'、'.join(map(str, serials[:_MOST_NUMBERS]))}号{more}" if serials else None


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
        return f"{FACT_MARK}{OCCASIONS[RESTRICTED]}：{_joined(away, item.number, '请与安全股联系')}"
    what, more = _happened(item)
    most = _MAX_TOLD if item.template == RECEIPT else _MAX_PART
    said = _joined(away, shorten(more, most), item.number, _about(item.params))
    return shorten(f"{FACT_MARK}{one_line(f'{shorten(what, _MAX_PART)}：{said}')}", _MAX_LINE)


def _happened(item: Held) -> tuple[str, str]:
    """Return what happened, or which time runs, and what is to be known of it beside the hazard."""
    occasion = occasion_on(item.template, item.params)
    title = OCCASIONS.get(occasion, occasion)
    said = {name: str(value) for name, value in item.params.items() if value not in (None, "")}
    level, asked, action = said.get("level", ""), said.get("request", ""), said.get("action")
    reason = f"理由：{said['reason']}" if "reason" in said else ""
    match occasion:
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
        case "answer":  # `RECEIPT`
            return title, action or ""
        case "report_ready" | "import_summary":
            return title, said.get("period", "")
        case _:
            pass
    return title, _joined(f"新时限 {said['new_due_on']}" if "new_due_on" in said else "", reason)


def _joined(*parts: str | None) -> str:
    return "，".join(filter(None, parts))


def _about(params: Mapping[str, Param]) -> str:
    """Return which hazards it is about, in short, and until when what is to be done."""
    told = params.get("description") or params.get("paper")
    return f"{shorten(str(told), _MAX_PART) if told else _listed(str(params.get('lines') or ''))}{_until(params)}"


def _until(params: Mapping[str, Param]) -> str:
    """Return the time limit that is told of, and how far off it is; of what reminds of none that of the hazard."""
    clock, until = params.get("clock"), params.get("until")
    if clock and until:
        return f"（{_joined(f'{clock}{until}', left(params))}）"
    due_on = params.get("due_on")
    return f"（整改时限 {due_on}）" if due_on and not params.get("new_due_on") else ""


def _listed(lines: str) -> str:
    """Return what a message lists, on one line."""
    return "；".join(line.removeprefix(FACT_MARK).strip() for line in lines.splitlines() if line.strip())
