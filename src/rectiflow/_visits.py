"""Visits (检查记录): put on record with their findings in one transaction, found, listed, shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Ambiguous, NotFound, Reason, Refused
from rectiflow.engine.gathering import Letter, gather, item_line
from rectiflow.engine.likeness import Likely, likely
from rectiflow.engine.stimulus import Act, Attachment, Hand, Report
from rectiflow.engine.ticket import Ticket
from rectiflow.engine.visibility import may_see
from rectiflow.engine.visiting import OUTCOMES, Finding, Visit, visit_reasons
from rectiflow.engine.vocabulary import METHODS
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import paperwork
from rectiflow.storage.queries import TicketFilter
from rectiflow.storage.store import Beside

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = [
    "FindingView",
    "Found",
    "HandedIn",
    "Inspected",
    "VisitLine",
    "find_visit",
    "handed_in",
    "inspect",
    "suggestions",
    "visit",
    "visits",
]

_REPORTING = ("school", "kindergarten")  #: kinds of unit that hand in a check, if only a zero report
MOST_FINDINGS = 100  #: of one visit
_SHORT = re.compile(r"(?:[A-Z][A-Z0-9]{1,7}-)?[J检](?:(\d{4})-)?(\d{1,6})")
_SOURCES: Mapping[str, str] = {
    "self": "self", "town": "town", "district": "bureau", "joint": "joint", "expert": "expert", "unannounced": "bureau",
}  # fmt: skip
_TRIGGERS: Mapping[str, str] = {"on_spot": "on_spot", "self_fix": "self_fix", "merged": "merge"}


class Found(Struct, frozen=True, kw_only=True):
    """One finding as it is stated: the hazard's fields, what becomes of it, and what is given with that.

    outcome: opened 登记 | on_spot 当场整改 | self_fix 自查自改 | merged 并入 (`linked_to` the open hazard). A hazard that
    has come back is `linked_to` the closed one.
    """

    data: Mapping[str, Any]
    outcome: str = "opened"
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Attachment, ...] = ()
    linked_to: str | None = None
    workflow: str = "hazard"


class Inspected(Struct, frozen=True, kw_only=True):
    """What came of a visit: its number (none where it was only tried), the hazards in the order of the findings."""

    number: str
    visit: Visit
    tickets: tuple[Ticket, ...]
    decisions: tuple[Decision, ...]
    known: bool = False  #: it was on record already under the same key; nothing was written
    dry: bool = False


class VisitLine(Struct, frozen=True, kw_only=True):
    """One visit in a list, in words."""

    number: str
    unit: str
    on: date
    method: str
    inspectors: str
    partners: str
    findings: int
    signed_by: str
    entered_by: str
    entered_at: datetime
    late: bool
    note: str


class FindingView(Struct, frozen=True, kw_only=True):
    """One finding of a visit, in words; what is restricted is not told to who may not see it."""

    place: int
    number: str
    outcome: str
    description: str
    state: str
    due_on: date | None
    linked_to: str | None


def inspect(flow: Rectiflow, visit: Visit, found: Sequence[Found], *, dry_run: bool = False) -> Inspected:
    """Put a visit on record with everything that was found, or nothing of it.

    Each finding opens a hazard through `decide`; put right on the spot, fixed by the school or merged, it goes on at once
    in the same change. Whoever has to do with the hazards hears of the visit once.

    Raises:
        Refused: with every reason, each with the finding it is about. NotFound: no such workflow or hazard.
    """
    known = paperwork.visit_of_key(flow.store.engine, flow.district, visit.key) if visit.key else None
    if known:
        return Inspected(number=known, visit=visit, tickets=(), decisions=(), known=True)
    trial = _decided(flow, replace(visit, number="（新）"), found)
    if dry_run:
        return Inspected(number="", visit=visit, tickets=(), decisions=tuple(trial), dry=True)
    numbered = replace(visit, number=_number(flow, visit))
    decisions = _decided(flow, numbered, found)
    findings = tuple(
        Finding(place=place, ticket="", outcome=f.outcome, linked_to=f.linked_to)
        for place, f in enumerate(found, start=1)
    )
    for workflow in {f.workflow for f in found}:
        flow.keep_definition(flow.library.newest(workflow))
    tickets = flow.carry_all(decisions, Beside(district=flow.district, visit=replace(numbered, findings=findings)))
    return Inspected(number=numbered.number, visit=numbered, tickets=tuple(tickets), decisions=tuple(decisions))


def suggestions(flow: Rectiflow, unit: str, description: str, place: str, *, by: str) -> tuple[Likely, ...]:
    """Return hazards of a unit that a finding may repeat: open ones for merging, closed ones that may have come back."""
    wanted = TicketFilter(units=frozenset({unit}))
    today = flow.today()
    tickets = (t for t in flow.tickets(wanted) if may_see(flow.words_of(t), t, flow.directory(), by, today))
    return likely(description, place, tickets)


def find_visit(flow: Rectiflow, text: str) -> str:
    """Return the number of the visit that is meant: J7, 检7, J2024-7 or LZH-J2024-0007; J7 is this year's where it is.

    Raises:
        NotFound: there is none. Ambiguous: J7 of several years.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    match = _SHORT.fullmatch(plain)
    if match is None:
        raise NotFound(f"没有检查记录“{text}”，请用 rectiflow inspection list 查看编号（如 J7）。")
    ending = f"{f'J{match[1]}' if match[1] else ''}-{int(match[2]):04d}"
    rows = paperwork.inspections(flow.store.engine, flow.district, ending=ending)
    found = [str(r["number"]) for r in rows]
    current = [n for n in found if f"-J{flow.today().year}-" in n]
    if len(found) == 1 or len(current) == 1:
        return (current or found)[0]
    if not found:
        raise NotFound(f"没有检查记录“{text}”，请用 rectiflow inspection list 查看编号（如 J7）。")
    raise Ambiguous(f"“{text}”不止一次检查：{'、'.join(found[:5])}，请写全。")


def visit_key(visit: Visit, found: Sequence[Found]) -> str:
    """Return what makes the same visit known when it is entered again: where, when, how, by whom, and what was found."""
    said = (visit.unit, visit.on.isoformat(), visit.method, *visit.inspectors)
    what = sorted(f"{f.data.get('description')}@{f.data.get('place') or ''}" for f in found)
    return "visit:" + sha256("\n".join((*said, *what)).encode()).hexdigest()[:32]


def visits(
    flow: Rectiflow,
    *,
    units: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    limit: int | None = None,
) -> list[VisitLine]:
    """List visits, the latest first."""
    rows = paperwork.inspections(flow.store.engine, flow.district, units=units, since=since, until=until, limit=limit)
    return [_line(flow, row) for row in rows]


def visit(flow: Rectiflow, number: str, *, by: str) -> tuple[VisitLine, tuple[FindingView, ...]]:
    """Return one visit with its findings as a person may see them.

    Raises:
        NotFound: there is no such visit.
    """
    rows = paperwork.inspections(flow.store.engine, flow.district, number=number)
    if not rows:
        raise NotFound(f"没有检查记录“{number}”，请用 rectiflow inspection list 查看编号。")
    found = paperwork.findings_of(flow.store.engine, flow.district, number)
    return _line(flow, rows[0]), tuple(_view(flow, row, by) for row in found)


class HandedIn(Struct, frozen=True, kw_only=True):
    """Which schools and kindergartens have a visit or a check of their own on record between two days, by name."""

    since: date
    until: date
    missing: tuple[str, ...]
    zero: tuple[str, ...]  #: nothing was found, which is on record
    found: tuple[str, ...]
    holidays: bool = False  #: no day of it lies in a school term: nobody has to hand in anything


def handed_in(flow: Rectiflow, *, since: date, until: date, method: str | None = None) -> HandedIn:
    """Say at the end of a month who has handed in what.

    Args:
        method: count only one kind, such as "self" (自查); None: all.
    """
    most: dict[str, int] = {}
    for row in paperwork.inspections(flow.store.engine, flow.district, since=since, until=until):
        if method in (None, row["method"]):
            most[row["unit"]] = max(most.get(row["unit"], 0), row["findings"])
    days = (since + timedelta(days=k) for k in range((until - since).days + 1))
    holidays = not any(flow.calendar.in_term(d) for d in days)
    units = [u for u in flow.directory().units.values() if u.active and u.kind in _REPORTING]
    return HandedIn(
        since=since,
        until=until,
        missing=() if holidays else tuple(u.name for u in units if u.id not in most),
        holidays=holidays,
        zero=tuple(u.name for u in units if most.get(u.id) == 0),
        found=tuple(u.name for u in units if most.get(u.id, 0) > 0),
    )


# inside -----------------------------------------------------------------------------------------------------------


def _decided(flow: Rectiflow, visit: Visit, found: Sequence[Found]) -> list[Decision]:
    """Decide on every finding; all reasons of all of them at once."""
    directory = flow.directory()
    reasons = visit_reasons(visit, len(found), directory)
    if len(found) > MOST_FINDINGS:
        reasons.append(Reason(code="too_many", message=f"一次检查最多 {MOST_FINDINGS} 条，写了 {len(found)} 条"))
    decisions: list[Decision] = []
    looked_at = _sound(visit, flow.today()) if reasons else visit
    for place, each in enumerate(found, start=1):
        workflow = flow.library.newest(each.workflow)
        answer = decide(workflow, flow.blank(workflow), _report(flow, looked_at, each, workflow), flow.now())
        more = [*_outcome_reasons(flow, each, visit.unit), *(answer.reasons if isinstance(answer, Refusal) else ())]
        reasons += [replace(r, message=f"第 {place} 条：{r.message}") for r in more]
        decisions += [answer] if isinstance(answer, Decision) else []
    if reasons:
        raise Refused("", "检查记录", list(dict.fromkeys(reasons)))
    return gather(decisions, _letter(flow, visit, decisions), directory, visit.hand) if decisions else []


def _sound(visit: Visit, today: date) -> Visit:
    """Return a visit whose date nothing speaks against, so that its findings show what they miss beside the date."""
    on = min(visit.on, today)
    return replace(visit, on=on, hand=replace(visit.hand, on=on, note=visit.hand.note or visit.note or "—"))


def _outcome_reasons(flow: Rectiflow, found: Found, unit: str) -> list[Reason]:
    if found.outcome not in OUTCOMES:
        return [Reason(code="outcome", message=f"处理“{found.outcome}”须为 {'、'.join(OUTCOMES.values())} 之一")]
    if found.outcome == "merged" and not found.linked_to:
        return [Reason(code="field_missing", subject="merged_into", message="并入须写明并入哪一条（编号）")]
    if not found.linked_to:
        return []
    other = flow.ticket(found.linked_to)
    state = flow.workflow_of(other).states[other.state]
    theirs = {other.fields.get("responsible_unit"), other.fields.get("hazard_unit")} - {None}
    if theirs and unit not in theirs:
        name = "、".join(flow.directory().unit_name(u) for u in theirs)
        return [Reason(code="two_units", message=f"{other.number} 是{name}的隐患，不是这个单位的，请核对编号")]
    if found.outcome == "merged" and state.final is not None:
        return [
            Reason(code="wrong_state", message=f"{other.number} 已办结（{state.title}），不能并入；是反弹的请写 反弹")
        ]
    if found.outcome != "merged" and state.final is None:
        return [
            Reason(code="wrong_state", message=f"{other.number} 还在办（{state.title}），不是反弹；重复的请写 并入")
        ]
    return []


def _report(flow: Rectiflow, visit: Visit, found: Found, workflow: Workflow) -> Report:
    names = "、".join(flow.directory().person_name(p) if p in flow.directory().persons else p for p in visit.inspectors)
    known = {
        "source": _SOURCES.get(visit.method, "bureau"),
        "found_on": visit.on,
        "hazard_unit": visit.unit,
        "responsible_unit": visit.unit,
        "inspectors": names,
        "inspection": visit.number,
        "inspecting_unit": _inspecting(flow, visit),
    }
    back = found.linked_to if found.outcome != "merged" else None
    data = {**{k: v for k, v in known.items() if v}, **flow.named(workflow, found.data)}
    data |= {"recurs_from": back} if back else {}
    trigger = _TRIGGERS.get(found.outcome)
    then = _then(flow, visit, found, workflow, trigger, data) if trigger else None
    return Report(hand=visit.hand, data=data, evidence=() if then else found.evidence, then=then)


def _then(
    flow: Rectiflow, visit: Visit, found: Found, workflow: Workflow, trigger: str, data: Mapping[str, Any]
) -> Act:
    given = dict(flow.named(workflow, found.given))
    if trigger == "on_spot":
        given = {"responsible_unit": data["responsible_unit"], **given}
    if trigger == "self_fix":
        given = {"completed_on": visit.on, **given}
    if trigger == "merge":
        given["merged_into"] = found.linked_to
    hand = _school_hand(flow, visit) if trigger == "self_fix" else visit.hand
    return Act(trigger=trigger, hand=hand, data=given, evidence=found.evidence)


def _school_hand(flow: Rectiflow, visit: Visit) -> Hand:
    """What the school put right before is its own statement; an inspector who hears it there only enters it."""
    directory, hand = flow.directory(), visit.hand
    heads = directory.holders("principal", visit.unit, visit.on)
    if not heads or hand.actor in heads:
        return hand
    return replace(hand, actor=heads[0], entered_by=hand.clerk, via="in-person")


def _inspecting(flow: Rectiflow, visit: Visit) -> str | None:
    """Return the unit that inspected: that of the first inspector who is known, else of who enters it."""
    directory = flow.directory()
    known = next((p for p in visit.inspectors if p in directory.persons), visit.hand.actor)
    return directory.unit_of(known, visit.on)


def _letter(flow: Rectiflow, visit: Visit, decisions: Sequence[Decision]) -> Letter:
    directory = flow.directory()
    lines = (item_line(place, d.ticket.fields) for place, d in enumerate(decisions, start=1))
    return Letter(
        key=f"visit:{visit.number}",
        template="visit_reported",
        params={
            "district_name": directory.district.name,
            "unit": directory.unit_name(visit.unit),
            "count": len(decisions),
            "action": METHODS.get(visit.method, visit.method),
            "actor": directory.person_name(visit.hand.actor),
            "note": visit.note or None,
            "lines": "\n".join(lines),
        },
        urgent=any(d.ticket.severity == "major" for d in decisions),
    )


def _number(flow: Rectiflow, visit: Visit) -> str:
    prefix, year = flow.directory().district.prefix, visit.on.year
    return f"{prefix}-J{year}-{flow.store.take_serial(flow.district, 'inspection', year):04d}"


def _line(flow: Rectiflow, row: Mapping[str, Any]) -> VisitLine:
    directory = flow.directory()
    names = (directory.person_name(p) if p in directory.persons else p for p in row["inspectors"])
    return VisitLine(
        number=row["number"],
        unit=directory.unit_name(row["unit"]),
        on=row["visited_on"],
        method=METHODS.get(row["method"], row["method"]),
        inspectors="、".join(names),
        partners="、".join(row["partners"]),
        findings=row["findings"],
        signed_by=directory.person_name(row["signed_by"]) if row["signed_by"] else "",
        entered_by=directory.person_name(row["entered_by"]),
        entered_at=row["entered_at"],
        late=bool(row["late"]),
        note=row["note"],
    )


def _view(flow: Rectiflow, row: Mapping[str, Any], by: str) -> FindingView:
    snapshot = flow.snapshot(row["ticket"])
    ticket, workflow = snapshot.case, snapshot.workflow
    seen = may_see(workflow, ticket, snapshot.directory, by, flow.today(), snapshot.requests)
    due_on = ticket.fields.get("due_on")
    return FindingView(
        place=row["place"],
        number=ticket.number,
        outcome=OUTCOMES[row["outcome"]],
        description=str(ticket.fields.get("description") or "") if seen else "（限制类，另行查看）",
        state=workflow.states[ticket.state].title,
        due_on=date.fromisoformat(due_on) if due_on else None,
        linked_to=row["linked_to"],
    )
