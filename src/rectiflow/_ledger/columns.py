"""The columns of a ledger that are compared with the record: what each stands for, and when two values are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from rectiflow.engine.directory import Directory
from rectiflow.engine.ticket import Plain
from rectiflow.engine.values import show
from rectiflow.engine.vocabulary import LEVELS
from rectiflow.engine.workflow import Workflow

__all__ = ["FACTS", "FIELDS", "MASKED", "SEVERITIES", "TELLING", "VERDICTS", "same", "shown"]

MASKED = "（限制类，另行查看）"  #: stands for the description of a restricted hazard
#: Free text that could tell what a restricted hazard is about.
TELLING = ("place", "basis", "measures", "interim", "progress", "remarks")

#: Columns that are a field of the ticket: column id → field id. These a ledger may correct.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "found_on": "found_on",
        "inspecting_unit": "inspecting_unit",
        "inspectors": "inspectors",
        "method": "source",
        "unit": "hazard_unit",
        "place": "place",
        "category": "category",
        "description": "description",
        "basis": "basis",
        "measures": "measures",
        "responsible_unit": "responsible_unit",
        "responsible_person": "responsible_person",
        "leader": "supervising_leader",
        "funds": "funds",
        "due_on": "due_on",
        "interim": "interim",
        "progress": "progress",
        "remarks": "remarks",
    }
)
#: Columns that only an action of the flow changes: column id → what to do instead.
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "severity": "等级变了请用“改判”办理",
        "completed_on": "整改完成请用“申请复查”办理",
        "verifier": "复查请用“复查合格”或“复查不合格”办理",
        "verified_on": "复查请用“复查合格”或“复查不合格”办理",
        "verdict": "复查请用“复查合格”或“复查不合格”办理",
        "listed_level": "挂牌督办须申请、批准",
        "closed_on": "销号请用“销号”办理",
        "closer": "销号请用“销号”办理",
    }
)
SEVERITIES: Mapping[str, str] = MappingProxyType({"general": "一般", "major": "重大"})
VERDICTS: Mapping[str, str] = MappingProxyType({"pass": "合格", "fail": "不合格"})
_NAMES = frozenset({"inspectors", "verifier", "closer"})
_WORDS: Mapping[str, Mapping[str, str]] = {"severity": SEVERITIES, "verdict": VERDICTS, "listed_level": LEVELS}


def same(column: str, one: Plain, other: Plain) -> bool:
    """Tell whether two values of a column say the same; width, blanks and the order of names do not count."""
    if one is None or other is None:
        return one is other
    return _SAME.get(column, _same_text)(str(one), str(other))


def shown(column: str, value: Plain, workflow: Workflow, directory: Directory) -> str:
    """Write a value for a person to read."""
    if column in _WORDS:
        return _WORDS[column].get(value, "—")
    if column in FIELDS:
        return show(workflow, FIELDS[column], value, directory)
    return "—" if value is None else str(value)


def _same_text(one: str, other: str) -> bool:
    """Compare texts; the apostrophe that keeps a formula from running in a .csv is none of the text."""
    from rectiflow.intake import match_key

    return one == other or match_key(one).removeprefix("'") == match_key(other).removeprefix("'")


def _same_names(one: str, other: str) -> bool:
    from rectiflow.intake import split_names

    return set(split_names(one)) == set(split_names(other))


def _same_amount(one: str, other: str) -> bool:
    return Decimal(one) == Decimal(other)


_SAME: Mapping[str, Callable[[str, str], bool]] = {**dict.fromkeys(_NAMES, _same_names), "funds": _same_amount}
