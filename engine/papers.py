"""A paper as a whole (文书): whether it may go a step further, and what that is for each of its hazards.

One paper goes to one unit and covers one or more hazards, item by item. A step is all or nothing: every hazard's part is
decided like any action, and one refusal refuses the step, with the reasons of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace

from .clocks import main_clock
from .decide import decide
from .decision import Decision, Refusal
from .errors import Reason
from .inspecting import verifies
from .paper import ADDRESSED, Item, Order, Plan, reason_at, refuse, title_of
from .paper_letters import told_once
from .papering import carried
from .stimulus import Act, PaperStep
from .ticket import Document, Snapshot
from .visibility import unit_roles
from .vocabulary import PAPERS
from .workflow import Transition, Workflow

__all__ = ["apart_reasons", "carried", "carry_out", "demand_reasons", "judging", "on_record_of", "step"]

_LOOKING_BACK = ("verification_opinion", "correction_notice")  #: papers that state what was, also of what is closed
_LISTING_ITEMS = ("rectification_notice", "verification_opinion")  #: papers whose items are closed together


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
    for item in items if paper.kind in ADDRESSED else ():
        directory, unit = item.snapshot.directory, item.snapshot.fields.get("responsible_unit")
        if not item.over and unit not in (paper.unit, directory.present(paper.unit)):
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
        state = item.state
        if state.final is not None and paper.kind not in _LOOKING_BACK:
            reasons.append(reason_at(item.name(), "closed", f"已办结（{state.title}），请撤稿（notice void）后重拟"))
        elif paper.kind == "rectification_notice":
            reasons += demand_reasons(paper.kind, item.snapshot, {})
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
    parts = tuple(_part(i, after, "serve", order, _serving(i)) for i in items if not i.over)
    roles = unit_roles(items[0].snapshot.workflow)
    template = ADDRESSED.get(paper.kind, "paper_waiting")
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
    parts = tuple(_part(i, after, "acknowledge", order, _receiving(i)) for i in items if not (i.over or i.off))
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
            reason_at(i.name(), "under_way", f"已按此文书交办（{i.state.title}），先撤回交办或改派，再作废文书")
            for i in items
            if i.state.stage in ("assigned", "rectifying", "verified") and not i.off
        ]
        if all(i.over for i in items):
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
    return told_once(plan, decisions, now)


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
    if item.paper.kind != "rectification_notice" or item.state.stage != "assigned":
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
    if item.state.stage != "verified":
        return None
    leaving = (t for ts in workflow.by_state[state].values() for t in ts if t.target is not None)
    return next((t.trigger for t in leaving if workflow.states[t.target or ""].final == "rectified"), None)


def judging(item: Item, *, failed: bool) -> str | None:
    """Return the action by which an item is now found good, or not good; None where it does not wait for that."""
    workflow, state = item.snapshot.workflow, item.snapshot.case.state
    leaving = [t for ts in workflow.by_state[state].values() for t in ts]
    if not any(verifies(workflow, t) for t in leaving) or item.state.stage != "rectifying":
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
        else reason_at(i.name(), "wrong_state", f"当前环节“{i.state.title}”，不能办这一步")
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


def _drafter(paper: Document) -> tuple[str, ...]:
    return (paper.drafted_by,) if paper.drafted_by else ()
