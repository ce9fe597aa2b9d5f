"""Which units may be given a hazard: one that was closed or merged takes on nothing new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .directory import Directory
from .errors import Reason
from .ticket import Plain, Snapshot

__all__ = ["unit_reasons"]

_RECEIVING = ("responsible_unit", "suggested_unit", "hazard_unit")


def unit_reasons(snapshot: Snapshot, values: Mapping[str, Plain], require: Iterable[str] = ()) -> list[Reason]:
    """Refuse a closed unit that is given now, or stands on record where a step requires one; say who follows.

    Args:
        require: fields that must be on record for the step.
    """
    wanted = {name: values.get(name) for name in _RECEIVING if values.get(name)}
    if "responsible_unit" in require:
        wanted.setdefault("responsible_unit", snapshot.fields.get("responsible_unit"))
    fields, directory = snapshot.workflow.fields, snapshot.directory
    return [
        Reason(code="unit_inactive", subject=name, message=f"{fields[name].title}：{said}")
        for name, unit in wanted.items()
        if (said := _closed(directory, unit))
    ]


def _closed(directory: Directory, unit: str | None) -> str:
    """Say that a unit was closed and who follows; "" when it was not."""
    found = directory.units.get(unit or "")
    if found is None or found.active:
        return ""
    follows = directory.units.get(directory.present(found.id) or "")
    if follows is None or not follows.active:
        return f"{found.name}已撤销，没有承接单位，请写实际承办的单位"
    return f"{found.name}已撤并，请写承接单位{follows.name}"
