"""Field values: what people write becomes what is kept (JSON-plain: text, numbers, ISO dates, ids)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from .directory import Directory
from .errors import Reason, RectiflowError
from .ticket import Plain
from .workflow import Field, FieldSpan, Workflow

__all__ = ["EPHEMERAL", "TEXT_LIMIT", "Sense", "as_date", "coerce", "persistent", "read_date", "show", "take"]

#: Fields that belong to one event and never stay on record.
EPHEMERAL = frozenset({"reason", "note", "evidence", "suggested_unit", "new_due_on", "second_inspector"})
MAX_SPAN = 3650  #: days of a clock whose length stands in a field
TEXT_LIMIT = 4000  #: characters of one text field
MOST_AMOUNT = 1_000_000_000  #: of an amount or a count; money is in ten thousands of yuan
FIRST_YEAR, LAST_YEAR = 2000, 2100  #: dates outside are slips
_MOST_DIGITS, _PLACES = 24, 6
_DATE = re.compile(r"^(?:(\d{4})\s*[年./-]\s*)?(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?$")
Sense = Literal["ahead", "behind", "nearest"]
_REACH = 275  #: natural days, nine months: what lies farther off is more likely a slip than meant without its year
_AHEAD, _BEHIND = frozenset({"new_due_on", "reply_by"}), frozenset({"found_on", "completed_on", "served_on"})
_YES, _NO = ("是", "true", "yes", "1"), ("否", "false", "no", "0")


def as_date(value: Plain) -> date | None:
    """Read a kept date; None for nothing."""
    return date.fromisoformat(value) if value else None


def read_date(text: str, today: date, sense: Sense = "nearest") -> date:
    """Read 2024-12-31, 2024年12月31日, 2024.12.31, or 12月31日 in the year that is meant.

    Without a year the one that lies nearest to today is meant. Where only days ahead (a deadline) or behind (what
    happened) make sense, the next or the last such day is meant, within nine months; what would lie farther off is more
    likely a slip, and the day on the wrong side is left to be refused.

    Raises:
        ValueError: it is no date, or no such day exists.
    """
    match = _DATE.match(text.strip())
    if match is None:
        raise ValueError(f"“{text}”不是日期，请写成 2024-12-31 或 12月31日")
    year, month, day = match.groups()
    years = (int(year),) if year else (today.year, today.year + 1, today.year - 1)
    days = [date(y, int(month), int(day)) for y in years if _exists(y, int(month), int(day))]
    if not days:
        raise ValueError(f"“{text}”没有这一天")
    nearest = min(days, key=lambda d: abs((d - today).days))
    if sense == "ahead":
        return _within_reach(min((d for d in days if d >= today), default=nearest), today, nearest)
    if sense == "behind":
        return _within_reach(max((d for d in days if d <= today), default=nearest), today, nearest)
    return nearest


def _within_reach(meant: date, today: date, nearest: date) -> date:
    return meant if abs((meant - today).days) <= _REACH else nearest


def take(
    workflow: Workflow, data: Mapping[str, Any], directory: Directory, today: date, unit: Plain = None
) -> tuple[dict[str, Plain], list[Reason]]:
    """Turn what was given into kept values; every field that cannot be read becomes a Reason.

    Args:
        unit: the responsible unit on record, where posts such as 校长 are looked for unless another one is given.
    """
    taken: dict[str, Plain] = {}
    reasons: list[Reason] = []
    unit = _unit_given(data, directory) or unit
    for name, raw in data.items():
        field = workflow.fields.get(name)
        if field is None:
            reasons.append(Reason(code="field_unknown", subject=name, message=f"没有“{name}”这一项"))
            continue
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            taken[name] = None
            continue
        try:
            taken[name] = coerce(workflow, field, raw, directory, today, unit)
        except (ValueError, RectiflowError) as exc:
            reasons.append(Reason(code="field_invalid", subject=name, message=f"{field.title}：{exc}"))
    return taken, reasons


def _unit_given(data: Mapping[str, Any], directory: Directory) -> str | None:
    try:
        return directory.find_unit(str(data["responsible_unit"])).id if data.get("responsible_unit") else None
    except RectiflowError:
        return None  # said where the field itself is read


def coerce(
    workflow: Workflow, field: Field, raw: Any, directory: Directory, today: date, unit: str | None = None
) -> Plain:
    """Turn one value into what is kept.

    Raises:
        ValueError: it does not fit the field's type.
        NotFound, Ambiguous: the unit or person named does not exist or is not the only one.
    """
    if field.type == "choice":
        return _choice(field, str(raw))
    if field.type == "catalogue":
        return _entry(workflow, field, str(raw))
    if field.type == "unit":
        return directory.find_unit(str(raw)).id
    if field.type == "person":
        return directory.find_member(str(raw), unit if field.id == "responsible_person" else None, today).id
    if field.type == "date":
        return _day(raw, today, _sense(workflow, field.id)).isoformat()
    if field.type == "integer" and _is_length(workflow, field.id):
        return _integer(raw, 1, MAX_SPAN, " 天")
    return _SIMPLE[field.type](raw)


def show(workflow: Workflow, name: str, value: Plain, directory: Directory) -> str:
    """Write a kept value for a person to read."""
    field = workflow.fields.get(name)
    if value is None or value == "":
        return "—"
    if field is None:
        return str(value)
    if field.type == "choice":
        return field.choices.get(value, str(value))
    if field.type == "catalogue":
        item = workflow.catalogues[name].items.get(value) if name in workflow.catalogues else None
        return item.title if item else str(value)
    if field.type == "unit":
        return directory.unit_name(value)
    if field.type == "person":
        return directory.person_name(value)
    if field.type == "boolean":
        return "是" if value else "否"
    if field.type in ("list", "evidence"):
        return "；".join(str(v) for v in value)
    return str(value)


def persistent(values: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return the values that stay on record; reasons, notes and proposals belong to their event alone."""
    return {k: v for k, v in values.items() if k not in EPHEMERAL}


def _exists(year: int, month: int, day: int) -> bool:
    return MINYEAR <= year <= MAXYEAR and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _choice(field: Field, text: str) -> str:
    text = text.strip()
    if text in field.choices:
        return text
    named = [k for k, title in field.choices.items() if title == text]
    if named:
        return named[0]
    raise ValueError(f"“{text}”不在可选项内：{'、'.join(field.choices.values())}")


def _entry(workflow: Workflow, field: Field, text: str) -> str:
    catalogue = workflow.catalogues.get(field.id)
    item = catalogue.find(text) if catalogue else None
    if item is None:
        tops = [i.title for i in catalogue.items.values() if i.parent is None] if catalogue else []
        raise ValueError(f"“{text}”不在目录内：{'、'.join(tops)}")
    return item.id


def _is_length(workflow: Workflow, name: str) -> bool:
    """Tell whether a field says how long a clock runs."""
    return any(isinstance(c.within, FieldSpan) and c.within.field == name for c in workflow.clocks.values())


def _sense(workflow: Workflow, name: str) -> Sense:
    """Tell on which side of today a date field lies."""
    if name in _AHEAD or any(clock.until == name for clock in workflow.clocks.values()):
        return "ahead"
    return "behind" if name in _BEHIND else "nearest"


def _day(raw: Any, today: date, sense: Sense) -> date:
    day = _said_day(raw, today, sense)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"年份 {day.year} 不合常理，请核对")
    if sense == "ahead" and (day - today).days > MAX_SPAN:
        raise ValueError(f"{day} 在十年以后，不合常理，请核对")
    return day


def _said_day(raw: Any, today: date, sense: Sense) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    return raw if isinstance(raw, date) else read_date(str(raw), today, sense)


def _text(raw: Any) -> str:
    text = str(raw).strip()
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"太长（{len(text)} 字），最多 {TEXT_LIMIT} 字")
    return text


def _number(raw: Any) -> str:
    text = str(raw).strip()
    try:
        value = Decimal(text) if len(text) <= _MOST_DIGITS else Decimal("nan")
    except InvalidOperation as exc:
        raise ValueError(f"“{_short(text)}”不是数字") from exc
    if not value.is_finite():
        raise ValueError(f"“{_short(text)}”不是数字")
    if not 0 <= value <= MOST_AMOUNT:
        raise ValueError(f"“{_short(text)}”不合常理，应在 0 到 {MOST_AMOUNT} 之间")
    return format(round(value, _PLACES).normalize(), "f")


def _integer(raw: Any, least: int = 0, most: int = MOST_AMOUNT, unit: str = "") -> int:
    text = str(raw).strip()
    if len(text) > _MOST_DIGITS or not re.fullmatch(r"[+-]?\d+", text):
        raise ValueError(f"“{_short(text)}”不是整数")
    value = int(text)
    if not least <= value <= most:
        raise ValueError(f"“{_short(text)}”不合常理，应在 {least} 到 {most}{unit}之间")
    return value


def _short(text: str) -> str:
    return text if len(text) <= _MOST_DIGITS else f"{text[:_MOST_DIGITS]}…"


def _flag(raw: Any) -> bool:
    text = str(raw).strip().lower()
    if text not in (*_YES, *_NO):
        raise ValueError(f"“{raw}”请写是或否")
    return text in _YES


def _moment(raw: Any) -> str:
    value = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
    if value.tzinfo is None:
        raise ValueError(f"“{raw}”缺少时区")
    return value.isoformat()


def _list(raw: Any) -> list[str]:
    parts = cast("Iterable[Any]", raw) if isinstance(raw, list | tuple) else re.split(r"[;；\n]", str(raw))
    return [str(p).strip() for p in parts if str(p).strip()]


_SIMPLE: Mapping[str, Callable[[Any], Plain]] = {
    "text": _text,
    "decimal": _number,
    "integer": _integer,
    "boolean": _flag,
    "datetime": _moment,
    "list": _list,
    "evidence": _list,
}
