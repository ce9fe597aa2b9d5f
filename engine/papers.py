"""A paper as a whole (文书): whether it may go a step further, and what that is for each of its hazards.

One paper goes to one unit and covers one or more hazards, item by item. A step is all or nothing: every hazard's part is
decided like any action, and one refusal refuses the step, with the reasons of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from .clocks import main_clock
from .correction_notice import taken_off
from .decide import decide
from .decision import Decision, Refusal
from .errors import Reason
from .gathering import Letter, gather, item_line, notice_letter
from .inspecting import verifies
from .moments import local_day
from .papering import carried
from .stimulus import Act, Attachment, Hand, PaperStep
from .ticket import Document, Plain, Snapshot
from .values import as_date
from .visibility import unit_roles
from .vocabulary import LEVELS, PAPER_STEPS, PAPERS
from .workflow import Transition, Workflow

__all__ = [
    "Item",
    "Order",
    "Plan",
    "apart_reasons",
    "carried",
    "carry_out",
    "demand_reasons",
    "items_of",
    "judging",
    "on_record_of",
    "paper_id",
    "reason_at",
    "refuse",
    "step",
    "title_of",
]

#: papers a unit has to follow → the occasion by which it is told that they are served
_ADDRESSED: Mapping[str, str] = {
    "rectification_notice": "paper_served",
    "supervision_letter": "supervision_served",
    "listing_notice": "supervision_served",
}
_LOOKING_BACK = ("verification_opinion", "correction_notice")  #: papers that state what was, also of what is closed
_LISTING_ITEMS = ("rectification_notice", "verification_opinion")  #: papers whose items are closed together
_Nothing: Mapping[str, Any] = {}


class Item(Struct, frozen=True, kw_only=True):
    """One hazard on a paper."""

    snapshot: Snapshot
    paper: Document

    @property
    def number(self) -> str:
        """The hazard's number."""
        return self.snapshot.case.number

    @property
    def off(self) -> bool:
        """Whether it is off this notice: recalled or returned since, given to another unit, or on a later notice."""
        s = self.snapshot
        return taken_off(s.workflow, s.case, s.directory, s.documents, self.paper)

    def name(self) -> str:
        """Say which item is meant."""
        return f"第 {self.paper.place} 项（{self.number}）"


class Order(Struct, frozen=True, kw_only=True):
    """What somebody wants of a paper: `data` for every item, `each` and `evidence` for single hazards by number.

    `items` are the numbers a reply or re-inspection speaks of (none: all that can be meant); `failed` those not put right.
    """

    hand: Hand
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    each: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    evidence: Mapping[str, tuple[Attachment, ...]] = field(default_factory=dict[str, tuple[Attachment, ...]])
    items: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    reason: str = ""

    def of(self, number: str) -> dict[str, Any]:
        """Return what is given for one hazard."""
        return {**self.data, **self.each.get(number, _Nothing)}


class Plan(Struct, frozen=True, kw_only=True):
    """What a step is for each hazard, with the paper as it is then; `told` are the roles that learn of it."""

    step: str
    paper: Document
    parts: tuple[tuple[Snapshot, PaperStep], ...]
    told: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()  #: told beside the roles
    template: str = "paper_waiting"
    urgent: bool = False


def title_of(paper: Document) -> str:
    """Say what a paper is called: its number, or its kind while it is a draft."""
    return paper.number or PAPERS.get(paper.kind, paper.kind)


def paper_id(prefix: str, year: int, serial: int) -> str:
    """Return the id by which people speak of a paper, also while it is a draft: LZH-W2024-0012 (文)."""
    return f"{prefix}-W{year}-{serial:04d}"


def items_of(snapshots: Iterable[Snapshot], paper: str) -> tuple[Item, ...]:
    """Return the items of a paper in their order on it."""
    found = [Item(snapshot=s, paper=d) for s in snapshots for d in s.documents if d.id == paper]
    return tuple(sorted(found, key=lambda i: i.paper.place))


def apart_reasons(snapshots: Sequence[Snapshot]) -> list[Reason]:
    """A restricted hazard goes on a paper of its own, which only those concerned get to see."""
    secret = [s.case.number for s in snapshots if s.case.restricted]
    if secret and len(snapshots) > 1:
        return [Reason(code="restricted", message=f"限制类隐患须单独成文：{'、'.join(secret)}")]
    return []


def _moved_reasons(items: Sequence[Item]) -> list[Reason]:
    """What was changed since the draft may leave a hazard on a paper where it does not belong any more."""
    paper = items[0].paper
    reasons = apart_reasons([i.snapshot for i in items])
    for item in items if paper.kind in _ADDRESSED else ():
        directory, unit = item.snapshot.directory, item.snapshot.fields.get("responsible_unit")
        if not _over(item) and unit not in (paper.unit, directory.present(paper.unit)):
            now, then = directory.unit_name(unit) or "（未定）", directory.unit_name(paper.unit)
            message = f"责任单位已改为 {now}，文书是发给 {then} 的，请作废（notice void）后重拟"
            reasons.append(reason_at(item.name(), "two_units", message))
    return reasons


def demand_reasons(kind: str, snapshot: Snapshot, data: Mapping[str, Any]) -> list[Reason]:
    """What a notice demands must be known before a leader signs it."""
    workflow, ticket = snapshot.workflow, snapshot.case
    state, transition = workflow.states[ticket.state], carried(workflow, ticket.state, kind)
    if transition is None:
        if state.stage in ("assigned", "rectifying"):
            return []
        return [reason_at(ticket.number, "wrong_state", f"当前环节“{state.title}”，还不能交办")]
    known = {**ticket.fields, **{k: v for k, v in data.items() if v not in (None, "")}}
    absent = [workflow.fields[n].title for n in transition.require if known.get(n) in (None, "", [])]
    return [reason_at(ticket.number, "field_missing", f"缺“{title}”") for title in absent]


# the further steps ------------------------------------------------------------------------------------------------


def step(name: str, items: Sequence[Item], order: Order, on: date, *, new_id: str = "") -> Plan | Refusal:
    """Plan a further step of a paper: sign, serve, acknowledge, reply, verify, close or void.

    Args:
        new_id: id of the opinion that a re-inspection drafts.
    """
    return _STEPS[name](items, order, on, new_id)


def _sign(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    reasons = [] if paper.status == "draft" else [Reason(code="document_done", message=f"{_stands(paper)}，不能再签发")]
    reasons += [*_order_of_days("签发", on, "拟稿", paper.drafted_on), *_moved_reasons(items)]
    for item in items:
        state = item.snapshot.workflow.states[item.snapshot.case.state]
        if state.final is not None and paper.kind not in _LOOKING_BACK:
            reasons.append(reason_at(item.name(), "closed", f"已办结（{state.title}），请撤稿（notice void）后重拟"))
        elif paper.kind == "rectification_notice":
            reasons += demand_reasons(paper.kind, item.snapshot, _Nothing)
    if reasons:
        return refuse(paper.kind, "sign", reasons)
    after = replace(paper, status="signed", signed_by=order.hand.actor, signed_on=on)
    return Plan(step="sign", paper=after, parts=_plain(items, after, "sign", order), persons=_drafter(paper))


def _serve(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    if paper.status != "signed":
        hint = "，请先签发（notice sign-off）" if paper.status == "draft" else ""
        return refuse(paper.kind, "serve", [Reason(code="document_done", message=f"{_stands(paper)}{hint}")])
    wrong = [*_order_of_days("送达", on, "签发", paper.signed_on), *_moved_reasons(items)]
    if wrong:
        return refuse(paper.kind, "serve", wrong)
    after = replace(paper, status="served", served_on=on, served_by=order.hand.actor, served_via=order.hand.via)
    parts = tuple(_part(i, after, "serve", order, _serving(i)) for i in items if not _over(i))
    roles = unit_roles(items[0].snapshot.workflow)
    template = _ADDRESSED.get(paper.kind, "paper_waiting")
    return Plan(step="serve", paper=after, parts=parts, told=roles, template=template, urgent=True)


def _acknowledge(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    if paper.status != "served":
        hint = "，请先记送达（notice serve）" if paper.status in ("draft", "signed") else ""
        return refuse(paper.kind, "acknowledge", [Reason(code="document_done", message=f"{_stands(paper)}{hint}")])
    early = _order_of_days("签收", on, "送达", paper.served_on)
    if early:
        return refuse(paper.kind, "acknowledge", early)
    after = replace(paper, status="acknowledged", acknowledged_on=on, acknowledged_by=order.hand.actor)
    parts = tuple(_part(i, after, "acknowledge", order, _receiving(i)) for i in items if not (_over(i) or i.off))
    persons = tuple(p for p in (paper.served_by,) if p)
    return Plan(step="acknowledge", paper=after, parts=parts, persons=persons)


def _reply(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    chosen, reasons = _chosen(items, order.items, _replying)
    reasons += _answerable(paper)
    if reasons:
        return refuse(paper.kind, "reply", reasons)
    parts = tuple(_part(i, i.paper, "reply", order, _replying(i)) for i in chosen)
    return Plan(step="reply", paper=paper, parts=parts)


def _verify(items: Sequence[Item], order: Order, on: date, new_id: str) -> Plan | Refusal:
    paper = items[0].paper
    both = [n for n in order.items if n in order.failed]
    wanted = (*order.items, *(n for n in order.failed if n not in order.items))
    chosen, reasons = _chosen(items, wanted, lambda i: judging(i, failed=i.number in order.failed))
    reasons += [reason_at(n, "twice", "既写了合格又写了不合格") for n in both]
    reasons += _answerable(paper)
    if reasons:
        return refuse(paper.kind, "verify", reasons)
    workflow = items[0].snapshot.workflow
    opinion = Document(
        id=new_id,
        kind="verification_opinion",
        unit=paper.unit,
        signer=workflow.signer("verification_opinion"),
        drafted_on=on,
        drafted_by=order.hand.actor,
        corrects=paper.id,
        ordinal=0,
    )
    parts = tuple(_opinion(i, opinion, place, order) for place, i in enumerate(chosen, start=1))
    return Plan(
        step="verify",
        paper=opinion,
        parts=parts,
        told=unit_roles(workflow),
        template="paper_result",
        urgent=bool(order.failed),  # what failed is given back
    )


def _close(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    chosen, reasons = _chosen(items, order.items, _closing)
    if paper.kind not in _LISTING_ITEMS:
        message = f"{PAPERS[paper.kind]}不逐项销号，请用 ticket do 办理"
        reasons.append(Reason(code="paper_unknown", message=message))
    if reasons:
        return refuse(paper.kind, "close", reasons)
    parts = tuple(_part(i, i.paper, "close", order, _closing(i)) for i in chosen)
    roles = unit_roles(items[0].snapshot.workflow)
    return Plan(step="close", paper=paper, parts=parts, told=roles, template="paper_closed")


def _void(items: Sequence[Item], order: Order, on: date, _: str) -> Plan | Refusal:
    paper = items[0].paper
    reasons = [] if order.reason.strip() else [Reason(code="field_missing", subject="reason", message="作废须写明理由")]
    if paper.status not in ("draft", "signed", "served", "acknowledged"):
        reasons.append(Reason(code="document_done", message=_stands(paper)))
    if paper.kind == "rectification_notice" and paper.status in ("served", "acknowledged"):
        reasons += [
            reason_at(i.name(), "under_way", f"已按此文书交办（{_state(i)}），先撤回交办或改派，再作废文书")
            for i in items
            if _stage(i) in ("assigned", "rectifying", "verified") and not i.off
        ]
        if all(_over(i) for i in items):
            reasons.append(Reason(code="closed", message="各项都已办结，不能再作废"))
    if reasons:
        return refuse(paper.kind, "void", reasons)
    after = replace(paper, status="withdrawn" if paper.status == "draft" else "void", reason=order.reason.strip())
    served = paper.status in ("served", "acknowledged")
    told = unit_roles(items[0].snapshot.workflow) if served else ()
    return Plan(step="void", paper=after, parts=_plain(items, after, "void", order), told=told, persons=_drafter(paper))


_STEPS: Mapping[str, Callable[[Sequence[Item], Order, date, str], Plan | Refusal]] = {
    "sign": _sign,
    "serve": _serve,
    "acknowledge": _acknowledge,
    "reply": _reply,
    "verify": _verify,
    "close": _close,
    "void": _void,
}


# carrying out -----------------------------------------------------------------------------------------------------


def carry_out(plan: Plan, now: datetime) -> list[Decision] | Refusal:
    """Decide on every part of a plan: all of them, or a refusal with the reasons of each."""
    decisions: list[Decision] = []
    reasons: list[Reason] = []
    for snapshot, part in plan.parts:
        answer = decide(snapshot.workflow, snapshot, part, now)
        if isinstance(answer, Refusal):
            where = f"第 {part.document.place} 项（{snapshot.case.number}）"
            reasons += [replace(r, message=f"{where}{r.message}") for r in answer.reasons]
        else:
            decisions.append(answer)
    if reasons:
        return refuse(plan.paper.kind, plan.step, _merged(reasons))
    return _told_once(plan, decisions, now)


def _told_once(plan: Plan, decisions: Sequence[Decision], now: datetime) -> list[Decision]:
    """Let everybody concerned hear of the paper once, not of each hazard on it."""
    snapshots, hand = [s for s, _ in plan.parts], plan.parts[0][1].hand
    params: dict[str, Plain] = {
        "paper": title_of(plan.paper),
        "action": f"{title_of(plan.paper)}{PAPER_STEPS[plan.step]}",
        "reason": plan.paper.reason or None,
        "next_step": _next_step(plan),
        **(_pressing(plan, local_day(now)) if plan.template == "supervision_served" else {}),
    }
    letter = Letter(
        key=f"paper:{plan.paper.id}:{plan.step}:{decisions[0].ticket.rev}",
        template=plan.template,
        params=params,
        persons=plan.persons,
        urgent=plan.urgent,
    )
    if plan.step == "verify":
        params["lines"] = "\n".join(_verdict(p, d) for (_, p), d in zip(plan.parts, decisions, strict=True))
    told = notice_letter(snapshots, letter, plan.told, hand, local_day(now))
    return gather(decisions, told, snapshots[0].directory, hand)


def _next_step(plan: Plan) -> str | None:
    """Say what is left to the unit; a supervision paper asks for a signature only where a hazard still waits for one."""
    if plan.step != "serve" or plan.paper.kind == "rectification_notice":
        return _NEXT.get(plan.step)
    waiting = any(s.workflow.states[s.case.state].stage == "assigned" for s, _ in plan.parts)
    return "先签收还没有签收的隐患" if waiting and plan.paper.kind in _ADDRESSED else None


def _pressing(plan: Plan, today: date) -> dict[str, Plain]:
    """Return what a supervision paper presses with: the level of a listing, and how long the latest item is overdue."""
    due = (as_date(s.fields.get("due_on")) for s, _ in plan.parts)
    overdue = max(((today - day).days for day in due if day), default=0)
    level = LEVELS.get(plan.paper.level or "") if plan.paper.kind == "listing_notice" else None
    return {"level": level, "days_overdue": overdue if overdue > 0 else None}


def _verdict(part: PaperStep, decision: Decision) -> str:
    """Write the opinion on one item as a line of a list."""
    line = item_line(part.document.place, decision.ticket.fields)
    if decision.ticket.marks.get("passed_on"):
        return f"{line}：合格"
    reason = (part.act.data.get("reason") if part.act else None) or "未整改到位"
    return f"{line}：不合格，{reason}"


_NEXT: Mapping[str, str] = {
    "draft": "签发",
    "sign": "送达责任单位",
    "serve": "签收，逐项整改，按时限提交整改报告",
    "reply": "逐项复查",
}  #: after the others nothing is left to the reader of the message


def _merged(reasons: Sequence[Reason]) -> list[Reason]:
    """Say once what is the same for every item, such as a role that is missing."""
    bare = [(r, r.message.split("）", 1)[1]) for r in reasons]
    items = {r.message.split("）", 1)[0] for r in reasons}
    counts = {text: sum(other == text for _, other in bare) for _, text in bare}
    common = len(items) > 1
    said = [replace(r, message=text) if common and counts[text] == len(items) else r for r, text in bare]
    return list(dict.fromkeys(said))


def _serving(item: Item) -> str | None:
    found = carried(item.snapshot.workflow, item.snapshot.case.state, item.paper.kind)
    return found.trigger if found else None


def _receiving(item: Item) -> str | None:
    """Return how a unit signs for it: from the assigned stage on to the rectification, with nothing to give."""
    workflow = item.snapshot.workflow
    if item.paper.kind != "rectification_notice" or _stage(item) != "assigned":
        return None
    leaving = (t for ts in workflow.by_state[item.snapshot.case.state].values() for t in ts if t.target is not None)
    onward = (t for t in leaving if workflow.states[t.target or ""].stage == "rectifying" and not t.ask)
    return next((t.trigger for t in onward), None)


def _replying(item: Item) -> str | None:
    workflow, state = item.snapshot.workflow, item.snapshot.case.state
    main = main_clock(workflow)
    return main.met_by if main is not None and main.met_by in workflow.by_state[state] else None


def _closing(item: Item) -> str | None:
    """Return how an item that was found good is struck off the ledger (销号)."""
    workflow, state = item.snapshot.workflow, item.snapshot.case.state
    if _stage(item) != "verified":
        return None
    leaving = (t for ts in workflow.by_state[state].values() for t in ts if t.target is not None)
    return next((t.trigger for t in leaving if workflow.states[t.target or ""].final == "rectified"), None)


def judging(item: Item, *, failed: bool) -> str | None:
    """Return the action by which an item is now found good, or not good; None where it does not wait for that."""
    workflow, state = item.snapshot.workflow, item.snapshot.case.state
    leaving = [t for ts in workflow.by_state[state].values() for t in ts]
    if not any(verifies(workflow, t) for t in leaving) or _stage(item) != "rectifying":
        return None
    fitting = (t for t in leaving if (_sends_back(workflow, t) if failed else verifies(workflow, t)))
    return next((t.trigger for t in fitting), None)


def _sends_back(workflow: Workflow, transition: Transition) -> bool:
    target = workflow.states.get(transition.target or "")
    return target is not None and target.stage == "rectifying" and transition.target not in transition.sources


def _chosen(
    items: Sequence[Item], wanted: Sequence[str], trigger: Callable[[Item], str | None]
) -> tuple[list[Item], list[Reason]]:
    """Return the items that are meant: those named, or all that can be meant; and what is wrong with the choice."""
    by_number = {i.number: i for i in items}
    reasons = [reason_at(n, "not_on_paper", "不在这件文书上") for n in wanted if n not in by_number]
    named = [by_number[n] for n in wanted if n in by_number]
    chosen = [i for i in (named or items) if trigger(i) is not None and not i.off]
    reasons += [
        reason_at(i.name(), "taken_off", "已从这件文书撤下，另行交办")
        if i.off
        else reason_at(i.name(), "wrong_state", f"当前环节“{_state(i)}”，不能办这一步")
        for i in named
        if i not in chosen
    ]
    if not chosen and not reasons:
        reasons.append(Reason(code="no_items", message="没有一项可以办这一步"))
    return sorted(chosen, key=lambda i: i.paper.place), reasons


def _part(item: Item, paper: Document, name: str, order: Order, trigger: str | None) -> tuple[Snapshot, PaperStep]:
    own = replace(paper, ordinal=item.paper.ordinal, place=item.paper.place)
    act = _act(item, order, trigger) if trigger else None
    return item.snapshot, PaperStep(step=name, document=own, hand=order.hand, act=act)


def _opinion(item: Item, opinion: Document, place: int, order: Order) -> tuple[Snapshot, PaperStep]:
    trigger = judging(item, failed=item.number in order.failed)
    act = _act(item, order, trigger or "")
    return item.snapshot, PaperStep(
        step="verify", document=on_record_of(opinion, item.snapshot, place), hand=order.hand, act=act
    )


def _act(item: Item, order: Order, trigger: str) -> Act:
    return Act(
        trigger=trigger, hand=order.hand, data=order.of(item.number), evidence=order.evidence.get(item.number, ())
    )


def _plain(items: Sequence[Item], paper: Document, name: str, order: Order) -> tuple[tuple[Snapshot, PaperStep], ...]:
    return tuple(_part(i, paper, name, order, None) for i in items)


def on_record_of(paper: Document, snapshot: Snapshot, place: int) -> Document:
    """Return a new paper as it is counted among those of a hazard."""
    return replace(paper, ordinal=1 + max((d.ordinal for d in snapshot.documents), default=0), place=place)


def _order_of_days(what: str, on: date, before: str, day: date | None) -> list[Reason]:
    """A step is not dated before the one it follows."""
    if day is None or on >= day:
        return []
    return [Reason(code="too_early", subject="on", message=f"{what}日期 {on} 早于{before}日期 {day}")]


def _answerable(paper: Document) -> list[Reason]:
    if paper.kind != "rectification_notice":
        return [Reason(code="paper_unknown", message=f"{PAPERS[paper.kind]}不逐项答复、复查，请用 ticket do 办理")]
    if paper.status in ("served", "acknowledged"):
        return []
    return [Reason(code="document_done", message=f"{_stands(paper)}，还没有送达")]


def _stands(paper: Document) -> str:
    said = {
        "draft": "还是拟稿",
        "signed": f"已于 {paper.signed_on} 签发",
        "served": f"已于 {paper.served_on} 送达",
        "acknowledged": f"已于 {paper.acknowledged_on} 签收",
        "withdrawn": "已撤稿",
        "void": "已作废",
    }
    return f"{title_of(paper)}{said.get(paper.status, paper.status)}"


def _over(item: Item) -> bool:
    return item.snapshot.workflow.states[item.snapshot.case.state].final is not None


def _stage(item: Item) -> str:
    return item.snapshot.workflow.states[item.snapshot.case.state].stage


def _state(item: Item) -> str:
    return item.snapshot.workflow.states[item.snapshot.case.state].title


def _drafter(paper: Document) -> tuple[str, ...]:
    return (paper.drafted_by,) if paper.drafted_by else ()


def reason_at(where: str, code: str, message: str) -> Reason:
    """Give a reason that names the hazard or item it is about."""
    return Reason(code=code, subject=where, message=f"{where}{message}")


def refuse(kind: str, name: str, reasons: Sequence[Reason]) -> Refusal:
    """Refuse a step of a paper of a kind, each reason once."""
    title = "" if name in ("reply", "verify", "close") else PAPERS.get(kind, kind)  # of the hazards, not of the paper
    action = f"{title}{PAPER_STEPS[name]}"
    return Refusal(number="", action=action, reasons=tuple(dict.fromkeys(reasons)))
