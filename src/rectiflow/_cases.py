"""Hazards as reports count them: every history folded up to a day and a cut-off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.engine.chain import Event
from rectiflow.engine.change import MARKED_FIELDS
from rectiflow.engine.moments import local_day
from rectiflow.engine.opening import STOCK
from rectiflow.engine.ticket import Plain
from rectiflow.engine.values import as_date
from rectiflow.engine.vocabulary import VOIDED
from rectiflow.engine.workflow import Catalogue, Workflow
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.reports import Case

__all__ = ["DIRECT", "Folded", "cases", "fold"]

CORRECTION = "amended"  #: the kind of event that says what was so all along
_DATES = ("served_on", "original_due_on", "due_on", "applied_on", "passed_on", "closed_on", "verify_due_on")
_NO_UNIT, _NO_CATEGORY = "未定责任单位", "未定类别"
_REFERRED = "referred"
DIRECT = "局直属"  #: stands for the town of a unit that has none above it


class Folded(Struct, frozen=True, kw_only=True):
    """One history up to a day: its milestones as they stood, the day it was entered, what it was described as."""

    number: str
    marks: Mapping[str, Plain]
    entered_on: date
    description: str


def fold(events: Iterable[Event], *, until: date, cutoff: datetime) -> Folded | None:
    """Fold a history, in order, to what was known at `cutoff` of what had happened by `until`; None before it began.

    An action counts from the day it happened. What was taken over from an older ledger counts from the day the hazard
    was found. A correction (更正) counts for every day, but only once it is recorded: it says what was so all along.
    """
    marks: dict[str, Plain] = {}
    first: Event | None = None
    description = ""
    for event in events:
        if event.recorded_at > cutoff or (first is None and not _counts(event, until)):
            break
        first = first or event
        marks |= _changed(event, until)
        if _counts(event, until) or event.kind == CORRECTION:
            description = _described(event) or description
    if first is None:
        return None
    return Folded(number=first.number, marks=marks, entered_on=local_day(first.recorded_at), description=description)


def cases(flow: Rectiflow, *, until: date, cutoff: datetime) -> list[Case]:
    """Return every hazard of the district as it stood on `until`, as far as it was on record at `cutoff`.

    Names of units and titles are those of today; a restricted hazard comes without its description.
    """
    writer = _Writer(flow, until)
    histories = queries.histories(flow.store.engine, flow.district)
    found = [fold(events, until=until, cutoff=cutoff) for _, events in histories]
    return [writer.case(folded) for folded in found if folded is not None]


def _changed(event: Event, until: date) -> dict[str, Plain]:
    """Return the milestones an event changed, as far as it counts by `until`."""
    marks: Mapping[str, Plain] = event.public.get("marks") or {}
    if _counts(event, until):
        return dict(marks)
    if event.kind == CORRECTION:
        return {name: value for name, value in marks.items() if name in MARKED_FIELDS}
    return {}


def _counts(event: Event, until: date) -> bool:
    day = event.happened_on
    if event.kind == "imported":
        marks: Mapping[str, Plain] = event.public.get("marks") or {}
        day = as_date(marks.get("found_on")) or day
    return day <= until


def _described(event: Event) -> str:
    """Return the description an event gave; "" when it gave none, or when it was erased."""
    private: Mapping[str, Plain] = event.private or {}
    for part in ("data", "after"):
        given: Mapping[str, Plain] = private.get(part) or {}
        if given.get("description"):
            return str(given["description"])
    return ""


@dataclass(frozen=True)
class _Writer:
    """Turns folded histories into rows for reports, with the names of today."""

    flow: Rectiflow
    until: date

    def case(self, folded: Folded) -> Case:
        from rectiflow.reports import Case

        marks, workflow = folded.marks, self._workflow(folded)
        catalogue, category = workflow.catalogues.get("category"), _text(marks, "category")
        top_id, top_title = _top(catalogue, category)
        restricted = _is_restricted(catalogue, category)
        dates = {name: as_date(marks.get(name)) for name in _DATES}
        waiting = dates["applied_on"] is not None and dates["passed_on"] is None and not marks.get("outcome")
        verify_due_on = dates["verify_due_on"]
        return Case(
            number=folded.number,
            unit_id=_text(marks, "responsible_unit"),
            unit=self.flow.directory().unit_name(_text(marks, "responsible_unit")) or _NO_UNIT,
            town=self._town(_text(marks, "responsible_unit")),
            category_id=top_id,
            category=top_title,
            severity=_text(marks, "severity") or workflow.severity,
            workflow=workflow.id,
            source=_text(marks, "source"),
            state=self._state(folded, workflow),
            description="" if restricted else folded.description,
            restricted=restricted,
            found_on=as_date(marks.get("found_on")) or folded.entered_on,
            entered_on=folded.entered_on,
            served_on=dates["served_on"],
            original_due_on=dates["original_due_on"],
            due_on=dates["due_on"],
            applied_on=dates["applied_on"],
            passed_on=dates["passed_on"],
            closed_on=dates["closed_on"],
            outcome=marks.get("outcome"),
            verify_due_on=verify_due_on,
            verify_late=waiting and verify_due_on is not None and verify_due_on < self.until,
            fails=_count(marks, "failures"),
            first_pass=False if marks.get("failures") else marks.get("first_pass"),
            on_the_spot=bool(marks.get("on_the_spot")),
            self_found=_text(marks, "source") == "self",
            stock=bool(marks.get(STOCK)),
            on_behalf=_count(marks, "on_behalf"),
            late_entries=_count(marks, "late_entries"),
            listed=marks.get("listed"),
            referred=bool(marks.get(_REFERRED)) or marks.get("outcome") == _REFERRED,
            extended=_count(marks, "extended"),
            funds=Decimal(_text(marks, "funds")) if marks.get("funds") else None,
            reopened=bool(marks.get("reopened")),
        )

    def _town(self, unit: str) -> str:
        town = self.flow.directory().nearest(unit, "town")
        return town.name if town else DIRECT

    def _workflow(self, folded: Folded) -> Workflow:
        """Return the workflow a hazard was on then: its newest version, which reads the same for reports."""
        newest = self.flow.library.latest.get(_text(folded.marks, "workflow"))
        return newest or self.flow.workflow_of(self.flow.ticket(folded.number))

    def _state(self, folded: Folded, workflow: Workflow) -> str:
        state = _text(folded.marks, "state")
        if state == VOIDED.id:
            return VOIDED.title
        if state not in workflow.states:
            workflow = self.flow.words_of(self.flow.ticket(folded.number))
        return workflow.states[state].title if state in workflow.states else state


def _top(catalogue: Catalogue | None, category: str) -> tuple[str, str]:
    """Return id and title of the category that reports count under."""
    top = catalogue.top(category) if catalogue else None
    return (top.id, top.title) if top else (category, category or _NO_CATEGORY)


def _is_restricted(catalogue: Catalogue | None, category: str) -> bool:
    item = catalogue.items.get(category) if catalogue else None
    return item is not None and item.restricted


def _text(marks: Mapping[str, Plain], name: str) -> str:
    return str(marks.get(name) or "")


def _count(marks: Mapping[str, Plain], name: str) -> int:
    return int(marks.get(name) or 0)
