"""What an answer asks for, as the stimulus that everything else goes through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.acting import not_here
from rectiflow.engine.clocks import main_clock
from rectiflow.engine.errors import Conflict, Reason, RectiflowError, Refused
from rectiflow.engine.papers import Order
from rectiflow.engine.stimulus import Act, Ask, Hand, Remark, Stimulus

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.stimulus import Attachment
    from rectiflow.engine.ticket import Snapshot
    from rectiflow.notifiers.wish import Wish

__all__ = ["Answer", "Became", "carry_out", "paper_named"]

Became = Literal["done", "unseen", "waiting"]  #: nothing is left to do, words are to be looked at, a person has to act
TITLES = {"sign": "签收", "submit": "申请复查", "extend": "申请延期", "comment": "补充说明"}
TRIES = 6  #: how often it is tried again when the hazard changes meanwhile
_PAPER = re.compile(r"[^:]+:paper:(?P<id>[^:]+):\w+:\d+:.+")
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
    stood_in: date | None = None  #: the last day a deputy stood in, who answers after that: it counts as of then


def paper_named(key: str) -> str | None:
    """Return the paper that a message is about, from the message's key; None for every other message."""
    found = _PAPER.fullmatch(key)
    return found["id"] if found else None


def carry_out(flow: Rectiflow, answer: Answer) -> tuple[Became, str]:
    """Do what is asked for; where that is refused, keep the words on record. Return what became of it, and what is said.

    What comes with it is never lost: what the rules refuse stands as a remark, with the reasons told.
    """
    title = TITLES.get(answer.wish.kind, TITLES["comment"])
    if answer.wish.kind == "forbidden":
        return "waiting", f"复查、销号、审批不能通过邮件或短信办理，请联系安全股。{_kept(_remark(flow, answer))}"
    if answer.wish.kind == "comment":
        kept = _remark(flow, answer)
        said = "已记为补充说明" if kept else "没有可以记录说明的隐患"
        return "unseen" if kept else "waiting", "；".join(filter(None, (said, answer.wish.hint)))
    if not _numbers(flow, answer):
        return "waiting", f"{title}没有办成：所回复的消息不是关于某一条隐患的，请回复那条隐患的消息"
    known = _on_record(flow, answer, title)
    if known is not None:
        return known
    try:
        _act(flow, answer)
    except Refused as exc:
        known = _on_record(flow, answer, title)  # another process may have been faster
        if known is not None:
            return known
        if answer.wish.kind == "sign" and all(_signed(flow, n, answer.actor) for n in _numbers(flow, answer)):
            return _with_the_rest(flow, answer, "已经签收过")
        done = [n for n in _numbers(flow, answer) if _kinds(flow, n, answer.mark)]
        some = f"（{'、'.join(done)} 已办理）" if done else ""
        why = _why(flow, answer, exc.reasons)
        return "waiting", f"{title}没有{'全部' if done else ''}办成{some}：{why}。{_kept(_remark(flow, answer))}"
    return _with_the_rest(flow, answer, f"{title}已办理")


def _with_the_rest(flow: Rectiflow, answer: Answer, said: str) -> tuple[Became, str]:
    """Keep what an action leaves over: words after 签收, files that come with a request or a notice's receipt."""
    words = answer.wish.text.strip() if answer.wish.kind == "sign" else ""
    left_over = answer.wish.kind == "extend" or (answer.wish.kind == "sign" and answer.paper is not None)
    files = answer.evidence if left_over else ()
    rest = replace(answer, words=words or "（附件）", evidence=files, mark=f"{answer.mark}+")
    if (words or files) and _remark(flow, rest):
        return "unseen", f"{said}，其余内容已记为补充说明"
    return "done", said


def _signed(flow: Rectiflow, number: str, person: str) -> bool:
    """Tell whether this person signed for the hazard as it was given last, and it has gone on since."""
    snapshot = flow.snapshot(number)
    stages = {s.id: s.stage for s in snapshot.workflow.states.values()}
    if stages.get(snapshot.case.state) in ("reported", "assigned"):
        return False
    moved = (e for e in reversed(flow.history(number)) if stages.get(e.from_state or "") == "assigned")
    last = next((e for e in moved if stages.get(e.to_state) == "rectifying"), None)
    return last is not None and person in (last.actor, last.in_place_of)


def _why(flow: Rectiflow, answer: Answer, reasons: Iterable[Reason]) -> str:
    """Say why something was refused, and what the sender can write instead: of what can be done only what mail does."""
    reasons = tuple(reasons)
    elsewhere = [r for r in reasons if r.code == "wrong_state"]
    if answer.paper is not None or answer.number is None or not elsewhere:
        return "；".join(dict.fromkeys(r.message for r in reasons))
    snapshot = flow.snapshot(answer.number)
    said = (not_here(snapshot.workflow, snapshot.case, r.subject) if r in elsewhere else r.message for r in reasons)
    can = "、".join(_by_mail(flow, snapshot, answer.actor))
    return "；".join(dict.fromkeys(said)) + (f"，现在可以回复：{can}" if can else "")


def _by_mail(flow: Rectiflow, snapshot: Snapshot, person: str) -> list[str]:
    """Return what this person could do with the hazard now by answering, as it is written."""
    main = main_clock(snapshot.workflow)
    extending = {k.id for k in snapshot.workflow.requests.values() if k.effect == "extend"}
    words = {("act", _receiving(snapshot)): "sign", ("act", main.met_by if main else "submit"): "submit"}
    words |= {("request", kind): "extend" for kind in extending}
    able = [(a.kind, a.trigger) for a in flow.actions(snapshot.case.number, by=person) if a.allowed]
    return [TITLES[words[a]] for a in able if a in words]


def _kept(remarks: int) -> str:
    return "来信内容已作为说明记录" if remarks else "来信已留存，由人工处理"


def _on_record(flow: Rectiflow, answer: Answer, title: str) -> tuple[Became, str] | None:
    """Return what became of this answer where it is on record for every hazard: we died before that was noted."""
    found = [_kinds(flow, number, answer.mark) for number in _numbers(flow, answer)]
    if not all(found):
        return None
    if all(kinds - {"remarked"} for kinds in found):
        return _with_the_rest(flow, answer, f"{title}已办理")
    return "waiting", f"{title}没有办成。{_kept(len(found))}"


def _act(flow: Rectiflow, answer: Answer) -> None:
    """Act on the hazard; on a paper as a whole where it is signed for or answered: all its hazards or none."""
    from rectiflow._papers import take_step

    if answer.paper is not None and answer.wish.kind == "sign":
        take_step(flow, "acknowledge", answer.paper, Order(hand=_hand(answer)))
    elif answer.paper is not None and answer.wish.kind == "submit":
        evidence = dict.fromkeys(_numbers(flow, answer), answer.evidence)
        take_step(flow, "reply", answer.paper, Order(hand=_hand(answer), data=_finished(answer), evidence=evidence))
    else:
        for number in _numbers(flow, answer):
            _once(flow, number, answer.mark, lambda snapshot: _stimulus(snapshot, answer))


def _once(flow: Rectiflow, number: str, mark: str, stimulus: Callable[[Snapshot], Stimulus]) -> None:
    """Carry something out unless it is on record, also where two processes received the same answer at once."""
    for _ in range(TRIES):
        snapshot = flow.snapshot(number)
        if _kinds(flow, number, mark):
            return
        try:
            flow.handle(number, stimulus(snapshot), expect_version=snapshot.case.rev)
        except Conflict:
            continue
        return
    raise Conflict(number)


def _stimulus(snapshot: Snapshot, answer: Answer) -> Stimulus:
    workflow, wish = snapshot.workflow, answer.wish
    if wish.kind == "extend":
        kind = next((k.id for k in workflow.requests.values() if k.effect == "extend"), "extension")
        return Ask(kind=kind, hand=_hand(answer), data=_extension(wish.text, wish.until))
    if wish.kind == "submit":
        main = main_clock(workflow)
        trigger = (main.met_by if main else None) or "submit"
        return Act(trigger=trigger, hand=_hand(answer), data=_finished(answer), evidence=answer.evidence)
    return Act(trigger=_receiving(snapshot) or "sign", hand=_hand(answer), evidence=answer.evidence)


def _finished(answer: Answer) -> dict[str, Any]:
    return {"measures": answer.wish.text or "已完成整改", "completed_on": answer.on}


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
    hand = replace(_hand(answer), note=answer.words[:4_000])
    for number in _numbers(flow, answer):
        try:
            _once(flow, number, answer.mark, lambda _: Remark(hand=hand, evidence=answer.evidence))
        except Refused:
            continue
        done += 1
    return done


def _numbers(flow: Rectiflow, answer: Answer) -> list[str]:
    """Return the hazards an answer is about: all of a notice, else the one."""
    if answer.paper is None:
        return [answer.number] if answer.number is not None else []
    from rectiflow._papers import items_of

    try:
        return [i.number for i in items_of(flow, answer.paper, answer.actor)]
    except RectiflowError:
        return []


def _kinds(flow: Rectiflow, number: str, mark: str) -> frozenset[str]:
    """Return what of this answer is on record for a hazard: the kinds of its events."""
    return frozenset(e.kind for e in flow.history(number) if (e.private or {}).get("account") == mark)


def _hand(answer: Answer) -> Hand:
    """Return by whom and how; what a deputy answers afterwards is entered late, as of the last day."""
    note = "代理人在代理结束后答复代理期间收到的消息" if answer.stood_in else ""
    return Hand(actor=answer.actor, via=answer.via, account=answer.mark, on=answer.stood_in, note=note)
