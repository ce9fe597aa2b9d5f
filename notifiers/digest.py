"""The digest: what is not urgent reaches a person once a day, as one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from .message import Param
from .page import FACT_MARK
from .parameters import OCCASIONS, RESTRICTED
from .plaintext import one_line, shorten

__all__ = ["DIGEST", "MOST_LINES", "Held", "digest_params"]

DIGEST = "digest"  #: the occasion
MOST_LINES = 60  #: of one digest; what is beyond is counted
_MAX_LINE = 120


class Held(Struct, frozen=True, kw_only=True):
    """One message that was held: what it is about and what it would have said."""

    number: str | None
    template: str
    params: Mapping[str, Param]

    @property
    def unit(self) -> str:
        """The unit it is about."""
        return str(self.params.get("unit") or "")


def digest_params(held: Iterable[Held]) -> dict[str, Param]:
    """Return what the template of a digest is given: one line for each message, the units together."""
    items = sorted(held, key=lambda h: (h.unit, h.number or ""))
    lines = [_line(item, named=len({i.unit for i in items}) > 1) for item in items[:MOST_LINES]]
    if len(items) > MOST_LINES:
        lines.append(f"{FACT_MARK}其余：{len(items) - MOST_LINES} 项，请用 rectiflow today 查看")
    names = {i.unit for i in items} - {""}
    return {
        "count": len(items),
        "lines": "\n".join(lines),
        "unit": next(iter(names)) if len(names) == 1 else None,
        "district_name": items[0].params.get("district_name") if items else None,
        "contact": next((c for i in items if (c := i.params.get("contact"))), None),
    }


def _line(item: Held, *, named: bool) -> str:
    title = OCCASIONS.get(item.template, item.template)
    what = "请登录查看" if item.template == RESTRICTED else _said(item.params)
    parts = filter(None, (item.number, item.unit if named else "", what))
    return shorten(f"{FACT_MARK}{title}：{one_line('，'.join(parts))}", _MAX_LINE)


def _said(params: Mapping[str, Param]) -> str:
    due_on, overdue = params.get("due_on"), params.get("days_overdue")
    until = f"（整改时限 {due_on}{'，已逾期' if overdue else ''}）" if due_on else ""
    told = next((said for name in ("description", "paper", "request") if (said := params.get(name))), "")
    return f"{told or _listed(str(params.get('lines') or ''))}{until}"


def _listed(lines: str) -> str:
    """Return what a message lists, on one line."""
    return "；".join(line.removeprefix(FACT_MARK).strip() for line in lines.splitlines() if line.strip())
