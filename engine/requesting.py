"""Requests (申请): asked for by one, decided by another, beside the main flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from msgspec.structs import replace

from . import urgency
from .change import Change
from .clocks import main_clock
from .decision import Decision, Refusal
from .errors import Reason
from .hands import day_of, hand_reasons, role_reasons, role_title
from .inspecting import turn_roles
from .moments import chinese_date, local_day, shift_day
from .roles import Standing, people
from .stimulus import Ask, Hand, Rule
from .ticket import Document, Plain, Request, Snapshot
from .values import as_date, persistent, show, take
from .vocabulary import LEVELS
from .workflow import RequestKind, Span

__all__ = ["ask", "ask_reasons", "propose", "rule", "withdraw_extensions", "withdraw_overtaken", "withdraw_pending"]

PAPERS = {"list": "listing_notice", "paper": "supervision_letter"}
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


def ask(snapshot: Snapshot, stimulus: Ask, now: datetime) -> Decision | Refusal:
    """Decide whether a request may be made; a pending one waits for its decider."""
    kind = snapshot.workflow.requests.get(stimulus.kind)
    if kind is None:
        known = "、".join(k.title for k in snapshot.workflow.requests.values())
        return _refuse(
            snapshot,
            stimulus.kind,
            [Reason(code="request_unknown", message=f"没有“{stimulus.kind}”这种申请，可申请：{known}")],
        )
    values, reasons = take(snapshot.workflow, stimulus.data, snapshot.directory, local_day(now))
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    standing, more = role_reasons(snapshot, snapshot.workflow, kind.by, stimulus.hand, now)
    on = day_of(stimulus.hand, now)
    reasons += [*more, *ask_reasons(snapshot, kind, stimulus.level, on), *_missing(snapshot, kind, values)]
    reasons += [*_new_date_reasons(snapshot, kind, values, on), *_fall_reasons(snapshot, kind, values)]
    if reasons:
        return _refuse(snapshot, kind.title, reasons)
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    _overtake(change, kind, stimulus.level)
    request = open_request(change, kind, stimulus.level, values, asked_by=stimulus.hand.actor)
    return change.decision(
        "asked",
        kind.id,
        place=standing.in_place_of if standing else "",
        public={"request": request.ordinal, "level": request.level},
        private={"data": values},
    )


def ask_reasons(snapshot: Snapshot, kind: RequestKind, level: str | None, on: date) -> list[Reason]:
    """Return what speaks against a request of this kind made on that day, whoever asks and with whatever data."""
    ticket, reasons = snapshot.case, list[Reason]()
    if snapshot.workflow.states[ticket.state].final is not None:
        reasons.append(Reason(code="wrong_state", message="隐患已办结，不能再申请"))
    main = main_clock(snapshot.workflow)
    if kind.effect == "extend" and (main is None or not main.lives_in(ticket.state)):
        reasons.append(Reason(code="no_deadline", message="整改时限不在走（还没有交办，或已整改完），无从延期"))
    if _waiting(snapshot.requests, kind, level):
        reasons.append(Reason(code="request_pending", message=f"已有一件“{kind.title}”待审批"))
    approved = sum(r.kind == kind.id and r.status == "approved" for r in snapshot.requests)
    if kind.limit is not None and approved >= kind.limit:
        reasons.append(
            Reason(code="request_limit", message=f"“{kind.title}”最多 {kind.limit} 次，已批准 {approved} 次")
        )
    reasons += _too_late(snapshot, kind, on)
    reasons += _level_reasons(snapshot, kind, level)
    reasons += [] if reasons else _decider_reasons(snapshot, kind, level, on)
    return reasons


def rule(snapshot: Snapshot, stimulus: Rule, now: datetime) -> Decision | Refusal:
    """Decide on the approval or rejection of a pending request."""
    request = next((r for r in snapshot.requests if r.ordinal == stimulus.ordinal), None)
    if request is None:
        return _refuse(snapshot, "审批", [Reason(code="request_unknown", message=f"没有第 {stimulus.ordinal} 件申请")])
    kind = snapshot.workflow.requests.get(request.kind)
    if kind is None:
        return _refuse(
            snapshot, "审批", [Reason(code="request_unknown", message=f"现行流程没有“{request.kind}”这种申请")]
        )
    values, reasons = take(snapshot.workflow, stimulus.data, snapshot.directory, local_day(now))
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons, *_ruling_reasons(request, stimulus)]
    if day_of(stimulus.hand, now) < request.asked_on:
        message = f"审批日期 {day_of(stimulus.hand, now)} 早于申请日期 {request.asked_on}"
        reasons.append(Reason(code="too_early", subject="on", message=message))
    standing, more = role_reasons(snapshot, snapshot.workflow, _deciders(kind, request), stimulus.hand, now)
    values = {**request.data, **{k: v for k, v in values.items() if v is not None}}
    reasons += [*more, *_own_reasons(request, stimulus.hand, standing)]
    if stimulus.approve:
        reasons += _new_date_reasons(snapshot, kind, values, day_of(stimulus.hand, now))
        reasons += _fall_reasons(snapshot, kind, {"reason": stimulus.reason or None, **values})
    if reasons:
        return _refuse(snapshot, f"{kind.title}审批", reasons)
    return _carry_out(snapshot, kind, request, stimulus, values, standing.in_place_of if standing else "", now)


def propose(change: Change, kind: RequestKind, level: str | None) -> Request | None:
    """Open a request as a timer does; None when one as high is pending or the ticket is already listed as high."""
    pending = _waiting(change.requests(), kind, level)
    listed = change.ticket.listed
    high = kind.effect == "list" and listed is not None and _RANK[listed] >= _RANK.get(level or "", 0)
    limit = (
        kind.limit is not None
        and sum(r.kind == kind.id and r.status == "approved" for r in change.requests()) >= kind.limit
    )
    if pending or high or limit:
        return None
    _overtake(change, kind, level)
    return open_request(change, kind, level, {}, asked_by=None)


def _waiting(requests: Iterable[Request], kind: RequestKind, level: str | None) -> bool:
    """Tell whether a request of the kind is pending that a new one does not overtake: a higher level overtakes a lower."""
    rank = _RANK.get(level or "", -1)
    return any(
        r.kind == kind.id and r.status == "pending" and not (kind.levels and _RANK.get(r.level or "", -1) < rank)
        for r in requests
    )


def _overtake(change: Change, kind: RequestKind, level: str | None) -> None:
    """Withdraw what is pending at a lower level, visibly, with its clock."""
    for request in change.requests():
        if kind.levels and request.kind == kind.id and request.status == "pending":
            reason = f"已改提{LEVELS.get(level or '', level or '')}"
            change.request(replace(request, status="withdrawn", decided_on=change.on, reason=reason))
            _stop_clock(change, kind.id)


def _decider_reasons(snapshot: Snapshot, kind: RequestKind, level: str | None, on: date) -> list[Reason]:
    """A request that nobody could ever decide is not made."""
    role = kind.decider(level)
    found = people(snapshot.workflow, (role,) if role else (), snapshot.fields, snapshot.directory, on)
    if found or role is None:
        return []
    where = f"{LEVELS[level]}的" if kind.levels and level is not None and level in LEVELS else ""
    title = role_title(snapshot.workflow, role)
    hint = "，请改提其他级别" if kind.levels else "，请先补人员"
    return [Reason(code="nobody", subject="level", message=f"这条隐患没有{where}审批人（{title}）{hint}")]


def open_request(
    change: Change, kind: RequestKind, level: str | None, values: Mapping[str, Plain], *, asked_by: str | None
) -> Request:
    """Put a pending request on record, start its clock and tell its decider."""
    ordinal = max((r.ordinal for r in change.requests()), default=0) + 1
    request = Request(
        ordinal=ordinal, kind=kind.id, status="pending", level=level, asked_by=asked_by, asked_on=change.on, data=values
    )
    change.request(request)
    _start_clock(change, kind)
    deciders = change.people(d for d in _deciders(kind, request))
    if not deciders:
        roles = "、".join(role_title(change.workflow, d) for d in _deciders(kind, request))
        change.incident("nobody", f"“{kind.title}”无人审批：{roles}岗位空缺或未配置，请补人员")
    change.tell(
        deciders,
        "request_made",
        f"request{ordinal}",
        urgent=urgency.of_request(change.workflow, kind),
        request=kind.title,
        level=LEVELS.get(level or ""),
        reason=values.get("reason"),
        asked=_asked(change, values),
    )
    return request


def _asked(change: Change, values: Mapping[str, Plain]) -> str | None:
    """Say what is asked for, by title; the reason stands by itself."""
    fields, directory = change.workflow.fields, change.snapshot.directory
    dates = {
        k: chinese_date(day)
        for k, v in values.items()
        if k in fields and fields[k].type == "date" and (day := as_date(v))
    }
    given = (k for k, v in values.items() if k in fields and k != "reason" and v not in (None, "", []))
    return (
        "；".join(f"{fields[k].title}：{dates.get(k) or show(change.workflow, k, values[k], directory)}" for k in given)
        or None
    )


def withdraw_overtaken(change: Change, reason: str) -> None:
    """Withdraw what a passed re-inspection has overtaken: more time, a supervision letter, a listing not yet decided.

    The notice of a listing that was approved stays before its signer.
    """
    kinds = change.workflow.requests.values()
    withdraw_pending(change, reason, frozenset(k.id for k in kinds if k.effect in ("extend", "paper")))
    withdraw_pending(change, reason, frozenset(k.id for k in kinds if k.effect == "list"), drafts=False)


def withdraw_extensions(change: Change, reason: str) -> None:
    """Withdraw a request for more time when its date is gone with the assignment."""
    kinds = change.workflow.requests.values()
    withdraw_pending(change, reason, frozenset(k.id for k in kinds if k.effect == "extend"))


def withdraw_pending(change: Change, reason: str, kinds: frozenset[str] | None = None, *, drafts: bool = True) -> None:
    """Withdraw requests still pending and (`drafts`) the papers drafted for them, visibly; their clocks end.

    `kinds` limits it to some kinds of request; None means all, and every paper still in draft.
    """
    for request in change.requests():
        if request.status == "pending" and (kinds is None or request.kind in kinds):
            change.request(replace(request, status="withdrawn", decided_on=change.on, reason=reason))
            change.unsay(f"request{request.ordinal}")
            _stop_clock(change, request.kind)
    of_kind = {r.ordinal for r in change.requests() if kinds is None or r.kind in kinds}
    for paper in change.documents() if drafts else ():
        if paper.status == "draft" and paper.request is not None and paper.request in of_kind:
            change.document(replace(paper, status="withdrawn"))


def _deciders(kind: RequestKind, request: Request) -> tuple[str, ...]:
    role = kind.decider(request.level)
    return (role,) if role else ()


def _carry_out(
    snapshot: Snapshot,
    kind: RequestKind,
    request: Request,
    stimulus: Rule,
    values: Mapping[str, Plain],
    place: str,
    now: datetime,
) -> Decision:
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    status = "approved" if stimulus.approve else "rejected"
    ruled = replace(
        request,
        status=status,
        decided_by=stimulus.hand.actor,
        decided_on=change.on,
        data=values,
        reason=stimulus.reason,
    )
    change.request(ruled)
    _stop_clock(change, kind.id)
    if stimulus.approve:
        change.keep(persistent({k: v for k, v in values.items() if k in kind.ask}))
        _EFFECTS[kind.effect](change, kind, ruled)
    _tell_ruling(change, kind, ruled)
    return change.decision(
        "ruled",
        kind.id,
        place=place,
        public={"request": request.ordinal, "verdict": status, "level": request.level},
        private={"data": values, "reason": stimulus.reason},
    )


def _tell_ruling(change: Change, kind: RequestKind, request: Request) -> None:
    listed = kind.effect in ("list", "delist") and request.status == "approved"
    template = ("listed" if kind.effect == "list" else "delisted") if listed else "request_decided"
    unit_heads = change.people(r for r in ("principal", "rectifier", "safety_section") if r in change.workflow.roles)
    above = (r for r in ("town_supervisor", "bureau_leader") if r in change.workflow.roles)
    unit_heads += change.people((*turn_roles(change.workflow, change.ticket), *above)) if listed else ()
    audience = dict.fromkeys((*((request.asked_by,) if request.asked_by else ()), *unit_heads))
    extended = kind.effect == "extend" and request.status == "approved"
    new_due_on = as_date(request.data.get("new_due_on")) if extended else None
    change.tell(
        audience,
        template,
        f"ruled{request.ordinal}",
        urgent=listed,
        request=kind.title,
        decision="批准" if request.status == "approved" else "不批准",
        level=LEVELS.get(request.level or ""),
        reason=request.reason or None,
        asked=_asked(change, request.data),
        new_due_on=chinese_date(new_due_on) if new_due_on else None,
    )


def _extend(change: Change, kind: RequestKind, request: Request) -> None:
    main = main_clock(change.workflow)
    if main is None or main.until is None:
        return
    due_on = as_date(request.data["new_due_on"])
    change.keep({main.until: request.data["new_due_on"]})
    run = change.clock(main.id)
    if run is not None and run.live:
        change.put_clock(change.timekeeper().redate(main, run, due_on))
    change.mark("due_on", request.data["new_due_on"])
    change.count("extended")


def _list(change: Change, kind: RequestKind, request: Request) -> None:
    _withdraw_notices(change, f"已改为{LEVELS[request.level or 'district']}挂牌督办")
    change.keep({"listed_by": request.decided_by})
    change.list_at(request.level)
    change.mark("listed_ever", request.level)
    change.mark("delisted_on", None)
    change.mark("listed_on", change.on.isoformat())
    lower = frozenset(k.id for k in change.workflow.requests.values() if k.effect == "paper")
    withdraw_pending(change, f"已{LEVELS[request.level or 'district']}挂牌督办", lower)
    _draft(change, kind, request)


def _delist(change: Change, kind: RequestKind, request: Request) -> None:
    _withdraw_notices(change, "已摘牌")
    change.list_at(None)
    change.mark("delisted_on", change.on.isoformat())


def _withdraw_notices(change: Change, reason: str) -> None:
    """A notice still unsigned of a listing that has ended or risen is withdrawn, visibly."""
    for paper in change.documents():
        if paper.kind == PAPERS["list"] and paper.status == "draft":
            change.document(replace(paper, status="withdrawn", reason=reason))


def _draft(change: Change, kind: RequestKind, request: Request) -> None:
    ordinal = max((d.ordinal for d in change.documents()), default=0) + 1
    paper = Document(
        kind=PAPERS[kind.effect],
        unit=change.ticket.fields.get("responsible_unit"),
        level=request.level,
        signer=kind.decider(request.level),
        request=request.ordinal,
        drafted_on=change.on,
        ordinal=ordinal,
    )
    change.document(paper)


def _nothing(change: Change, kind: RequestKind, request: Request) -> None:
    """Approve without further effect than what is on record."""


_EFFECTS: Mapping[str, Callable[[Change, RequestKind, Request], None]] = {
    "extend": _extend,
    "list": _list,
    "delist": _delist,
    "paper": _draft,
    "none": _nothing,
}


def _start_clock(change: Change, kind: RequestKind) -> None:
    clock = change.workflow.clocks.get(f"decide_{kind.id}")
    if clock is not None:
        before = change.clock(clock.id)
        change.put_clock(change.timekeeper().begin(clock, before.run + 1 if before else 1, change.ticket.fields))


def _stop_clock(change: Change, kind: str) -> None:
    run = change.clock(f"decide_{kind}")
    if run is not None and run.live:
        change.put_clock(change.timekeeper().halt(run, "met"))


def _refuse(snapshot: Snapshot, action: str, reasons: list[Reason]) -> Refusal:
    return Refusal(number=snapshot.case.number, action=action, reasons=tuple(dict.fromkeys(reasons)))


def _missing(snapshot: Snapshot, kind: RequestKind, values: Mapping[str, Plain]) -> list[Reason]:
    fields = snapshot.workflow.fields
    recorded = snapshot.case.fields
    absent = [n for n in kind.require if recorded.get(n) in (None, "", [])]
    absent += [n for n in kind.ask if values.get(n) in (None, "", [])]
    return [Reason(code="field_missing", subject=n, message=f"缺“{fields[n].title}”") for n in absent]


def _own_reasons(request: Request, hand: Hand, standing: Standing | None) -> list[Reason]:
    """Nobody decides on what they asked for, nor in the place of who asked."""
    deciding = {hand.actor, hand.clerk, standing.in_place_of if standing else ""}
    reasons = paper_reasons(hand)
    if request.asked_by in deciding:
        reasons.append(Reason(code="same_person", message="申请人不能审批自己的申请，也不能代录审批"))
    return reasons


def paper_reasons(hand: Hand) -> list[Reason]:
    """A leader's decision is entered by somebody else from the signed paper only."""
    if hand.clerk == hand.actor or hand.via == "paper":
        return []
    return [Reason(code="not_on_paper", subject="via", message="代录领导的审批、签发，须以纸质签批为据（方式：纸质）")]


def _ruling_reasons(request: Request, stimulus: Rule) -> list[Reason]:
    reasons: list[Reason] = []
    if request.status != "pending":
        reasons.append(Reason(code="request_decided", message=f"第 {request.ordinal} 件申请已办结，不能再审批"))
    if not stimulus.approve and not stimulus.reason.strip():
        reasons.append(Reason(code="field_missing", subject="reason", message="不批准须写明理由"))
    return reasons


def _new_date_reasons(snapshot: Snapshot, kind: RequestKind, values: Mapping[str, Plain], on: date) -> list[Reason]:
    if kind.effect != "extend" or not values.get("new_due_on"):
        return []
    due_on, new = as_date(snapshot.case.marks.get("due_on")), as_date(values["new_due_on"])
    if due_on is None:
        return [Reason(code="no_deadline", subject="due_on", message="还没有整改时限，无从延期")]
    if new is not None and new <= due_on:
        return [Reason(code="not_later", subject="new_due_on", message=f"申请延期至 {new}，不晚于现时限 {due_on}")]
    if new is not None and new < on:
        return [Reason(code="due_in_past", subject="new_due_on", message=f"申请延期至 {new}，早于办理日期 {on}")]
    return []


def _too_late(snapshot: Snapshot, kind: RequestKind, on: date) -> list[Reason]:
    due_on = as_date(snapshot.case.marks.get("due_on"))
    if kind.before_due is None or due_on is None:
        return []
    back = Span(-kind.before_due.amount, kind.before_due.unit)
    last = shift_day(due_on, back, snapshot.calendar)
    if on <= last:
        return []
    message = f"“{kind.title}”最迟须在 {chinese_date(last)} 前提出（时限 {chinese_date(due_on)}）"
    return [Reason(code="too_late", message=message)]


def _fall_reasons(snapshot: Snapshot, kind: RequestKind, values: Mapping[str, Plain]) -> list[Reason]:
    """A listing ends after acceptance; before it, only for a reason."""
    accepted = snapshot.case.marks.get("accepted_level") == snapshot.case.listed
    if kind.effect != "delist" or accepted or values.get("reason"):
        return []
    return [Reason(code="field_missing", subject="reason", message="挂牌单位尚未验收合格，摘牌须写明理由")]


def _level_reasons(snapshot: Snapshot, kind: RequestKind, level: str | None) -> list[Reason]:
    listed = snapshot.case.listed
    if kind.effect == "delist" and listed is None:
        return [Reason(code="not_listed", message="没有挂牌督办，无从摘牌")]
    if not kind.levels:
        return []
    if snapshot.workflow.states[snapshot.case.state].stage == "verified":
        return [Reason(code="wrong_state", message="已复查合格，不再挂牌督办；确需挂牌，先重新整改或改判")]
    if level is None or level not in kind.levels:
        return [
            Reason(
                code="level_missing",
                subject="level",
                message=f"须写明级别：{'、'.join(LEVELS.get(v, v) for v in kind.levels)}",
            )
        ]
    if listed is not None and _RANK[level] <= _RANK[listed]:
        return [Reason(code="level_not_higher", subject="level", message=f"已是{LEVELS[listed]}挂牌，级别只升不降")]
    return []
