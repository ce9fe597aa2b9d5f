"""What an answer asks for, as the stimulus that everything else goes through."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rectiflow.engine.clocks import main_clock
from rectiflow.engine.errors import RectiflowError, Refused
from rectiflow.engine.papers import Order
from rectiflow.engine.stimulus import Act, Ask, Hand, Remark, Stimulus

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.stimulus import Attachment
    from rectiflow.engine.ticket import Snapshot
    from rectiflow.notifiers.wish import Wish

__all__ = ["Answer", "carry_out", "paper_named"]

TITLES = {"sign": "签收", "submit": "申请复查", "extend": "申请延期", "comment": "补充说明"}
_PAPER = re.compile(r"paper:(?P<id>[^:]+):(?P<step>\w+):\d+:.+")
_INTERIM = re.compile(r"(?:临时(?:管控)?措施|其间措施)\s*[:：]\s*(?P<said>.+)", re.DOTALL)


class Answer(Struct, frozen=True, kw_only=True):
    """One answer, understood: who says what by which means, with which pictures, about which message."""

    actor: str
    via: str  #: mail or sms
    mark: str  #: names it on record, so that nothing is done twice
    wish: Wish
    words: str
    on: date  #: the day it came in
    evidence: tuple[Attachment, ...] = ()
    number: str | None = None
    paper: str | None = None


def paper_named(key: str) -> str | None:
    """Return the paper that a message served, from the message's key; None for every other message."""
    found = _PAPER.fullmatch(key)
    return found["id"] if found and found["step"] == "serve" else None


def carry_out(flow: Rectiflow, answer: Answer) -> tuple[bool, str]:
    """Do what is asked for; where that is refused, keep the words on record. Return whether it was done, and what is said.

    What comes with it is never lost: what the rules refuse stands as a remark, with the reasons told.
    """
    title = TITLES.get(answer.wish.kind, TITLES["comment"])
    if answer.wish.kind == "forbidden":
        _remark(flow, answer)
        return False, "复查、销号、审批不能通过邮件或短信办理，已作为说明记录，请联系安全股"
    if answer.wish.kind == "comment":
        return (True, "已记为补充说明") if _remark(flow, answer) else (False, "没有可以记录说明的隐患")
    numbers = _numbers(flow, answer)
    if not numbers and answer.paper is None:
        return False, f"{title}没有办成：所回复的消息不是关于一条隐患的，不知道办哪一条，请人工处理"
    if numbers and all(_done_already(flow, n, answer.mark) for n in numbers):
        return True, f"{title}已办理"
    try:
        _act(flow, answer)
    except Refused as exc:
        reasons = "；".join(dict.fromkeys(r.message for r in exc.reasons))
        _remark(flow, answer)
        return False, f"{title}没有办成：{reasons}。来信内容已作为说明记录"
    return True, f"{title}已办理"


def _act(flow: Rectiflow, answer: Answer) -> None:
    if answer.paper is not None and answer.wish.kind == "sign":
        from rectiflow._papers import take_step

        take_step(flow, "acknowledge", answer.paper, Order(hand=_hand(answer)))
        return
    for number in _numbers(flow, answer):
        if not _done_already(flow, number, answer.mark):
            flow.handle(number, _stimulus(flow.snapshot(number), answer))


def _stimulus(snapshot: Snapshot, answer: Answer) -> Stimulus:
    workflow, wish = snapshot.workflow, answer.wish
    if wish.kind == "extend":
        kind = next((k.id for k in workflow.requests.values() if k.effect == "extend"), "extension")
        return Ask(kind=kind, hand=_hand(answer), data=_extension(wish.text, wish.until))
    if wish.kind == "submit":
        main = main_clock(workflow)
        trigger = (main.met_by if main else None) or "submit"
        data = {"measures": wish.text or "已完成整改", "completed_on": answer.on}
        return Act(trigger=trigger, hand=_hand(answer), data=data, evidence=answer.evidence)
    return Act(trigger=_receiving(snapshot) or "sign", hand=_hand(answer), evidence=answer.evidence)


def _receiving(snapshot: Snapshot) -> str | None:
    """Return how a unit signs for a hazard: from assigned on to the rectification, with nothing to give."""
    workflow, state = snapshot.workflow, snapshot.case.state
    leaving = (t for ts in workflow.by_state[state].values() for t in ts if t.target is not None and not t.ask)
    onward = (t for t in leaving if workflow.states[t.target or ""].stage == "rectifying")
    return next((t.trigger for t in onward), None)


def _extension(text: str, until: date | None) -> dict[str, Any]:
    interim = _INTERIM.search(text)
    reason = _INTERIM.sub("", text).strip(" \n，,。；;")
    said = {"reason": reason, "new_due_on": until, "interim": interim["said"].strip() if interim else None}
    return {name: value for name, value in said.items() if value}


def _remark(flow: Rectiflow, answer: Answer) -> int:
    """Put the words on record for every hazard they are about; return for how many."""
    done = 0
    for number in _numbers(flow, answer):
        if _done_already(flow, number, answer.mark):
            done += 1
            continue
        hand = Hand(actor=answer.actor, via=answer.via, note=answer.words[:4_000], account=answer.mark)
        try:
            flow.handle(number, Remark(hand=hand, evidence=answer.evidence))
        except Refused:
            continue
        done += 1
    return done


def _numbers(flow: Rectiflow, answer: Answer) -> list[str]:
    if answer.number is not None:
        return [answer.number]
    if answer.paper is None:
        return []
    from rectiflow._papers import items_of

    try:
        return [i.number for i in items_of(flow, answer.paper, answer.actor)]
    except RectiflowError:
        return []


def _done_already(flow: Rectiflow, number: str, mark: str) -> bool:
    """Tell whether this answer is on record: we died after it was carried out, and before that was noted."""
    return any((e.private or {}).get("account") == mark for e in flow.history(number))


def _hand(answer: Answer) -> Hand:
    return Hand(actor=answer.actor, via=answer.via, account=answer.mark)
