"""What an answer asks for, as the stimulus that everything else goes through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.acting import not_here
from rectiflow.engine.clocks import main_clock
from rectiflow.engine.errors import Conflict, Reason, RectiflowError, Refused
from rectiflow.engine.inspecting import verifies
from rectiflow.engine.moments import chinese_date
from rectiflow.engine.paper import Order
from rectiflow.engine.stimulus import Act, Ask, Hand, Remark, Stimulus
from rectiflow.engine.values import as_date
from rectiflow.notifiers.parameters import EXTENSION

from .numbers import how_to_name

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.paper import Item
    from rectiflow.engine.stimulus import Attachment
    from rectiflow.engine.ticket import Snapshot
    from rectiflow.engine.workflow import Transition, Workflow
    from rectiflow.notifiers.wish import Wish

__all__ = [
    "ASKED",
    "DONE",
    "STEPS",
    "Answer",
    "Became",
    "carry_out",
    "handing_in_trigger",
    "signing_trigger",
    "stimulus_of",
]

Became = Literal["done", "unseen", "waiting"]  #: nothing is left to do, words are to be looked at, a person has to act
DONE = "已办理"  #: said of what was carried out now, and not before
ASKED = "已提交，等待批复"  #: the same of what somebody has to decide about
STEPS = frozenset({"sign", "submit", "extend"})  #: what is carried out by an answer
TITLES = {"sign": "签收", "submit": "申请复查", "extend": "申请延期", "comment": "补充说明"}
MOST_DAYS = 366  #: how much later an answer may ask for
TRIES = 6  #: how often it is tried again when the hazard changes meanwhile
_NOT_BY_MAIL = "not_by_mail"  #: an answer may not take the step that the definition would have it take
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
    items: tuple[str, ...] = ()  #: the hazards that it names, where they are several or some of the paper's
    contact: str = ""  #: the office's telephone
    stood_in: date | None = None  #: the last day a deputy stood in, who answers after that: it counts as of then


def carry_out(flow: Rectiflow, answer: Answer) -> tuple[Became, str]:
    """Do what is asked for; where that is refused, keep the words on record. Return what became of it, and what is said.

    What comes with it is never lost: what the rules refuse stands as a remark, with the reasons told.
    """
    title = TITLES.get(answer.wish.kind, TITLES["comment"])
    if answer.wish.kind == "forbidden":
        return "waiting", f"复查、销号、审批不能通过邮件或短信办理，请联系安全股。{_kept(_remark(flow, answer))}"
    if answer.wish.kind == "return":
        call = f"（急的请致电 {answer.contact}）" if answer.contact else ""
        return "waiting", f"没有办理退回，已转安全股处理{call}。{_kept(_remark(flow, answer))}"
    if answer.wish.kind == "comment":
        kept = _remark(flow, answer)
        said = "已记为补充说明" if kept else "没有可以记录说明的隐患"
        return "unseen" if kept else "waiting", "；".join((said, *_hints(flow, answer)))
    if not _numbers(flow, answer):
        return "waiting", f"{title}没有办成：{_about_none(flow, answer)}"
    known = _on_record(flow, answer, title)
    if known is not None:
        return known
    try:
        _act(flow, answer)
    except Refused as exc:
        known = _on_record(flow, answer, title)  # another process may have been faster
        if known is not None:
            return known
        signed = _signed_already(flow, answer) if answer.wish.kind == "sign" else ""
        if signed:
            return _with_the_rest(flow, answer, signed)
        done = [n for n in _numbers(flow, answer) if _kinds(flow, n, answer.mark)]
        some = f"（{'、'.join(done)} 已办理）" if done else ""
        why = _why(flow, answer, exc.reasons)
        return "waiting", f"{title}没有{'全部' if done else ''}办成{some}：{why}。{_kept(_remark(flow, answer))}"
    return _with_the_rest(flow, answer, _done(flow, answer, title))


def _hints(flow: Rectiflow, answer: Answer) -> list[str]:
    """Say of a remark what may have been meant, and how it is written; and how to sign for what waits for that."""
    hint = answer.wish.hint
    if any(TITLES["sign"] in _by_mail(flow, flow.snapshot(n), answer.actor) for n in _numbers(flow, answer)):
        sign = "还没有签收，" + ("签收请回复“1”" if answer.via == "sms" else "签收请在第一行只写“签收”")
        return [one for one in (hint, "" if "“签收”" in hint else sign) if one]
    some = ""
    if answer.paper is not None and not answer.items and "“申请复查”" in hint and "哪几项" not in hint:
        some = how_to_name({i.paper.place: i.number for i in _items(flow, answer) if not i.off})
    return [one for one in (hint, some) if one]


def _done(flow: Rectiflow, answer: Answer, title: str) -> str:
    """Say what was carried out, and for which hazards where these were named.

    Of an extension to which day it is asked for, where that is one day for all.
    """
    if answer.wish.kind == "sign" and answer.paper is not None and answer.items:
        return f"{title}{DONE}（这件文书各项一次签收）"
    named = f"（{'、'.join(answer.items)}）" if answer.items else ""
    if answer.wish.kind != "extend":
        return f"{title}{DONE}{named}"
    asked = {_extended_to(flow.snapshot(number)) for number in _numbers(flow, answer)}
    day = asked.pop() if len(asked) == 1 else None
    return f"{title}{f'到{chinese_date(day)}' if day else ''}{ASKED}{named}"


def _extended_to(snapshot: Snapshot) -> date | None:
    kind = _extending(snapshot.workflow)
    last = next((r for r in reversed(snapshot.requests) if r.kind == kind), None)
    return as_date(last.data.get("new_due_on")) if last is not None else None


def _with_the_rest(flow: Rectiflow, answer: Answer, said: str) -> tuple[Became, str]:
    """Keep what an action leaves over: words after 签收, files that come with a request or a notice's receipt."""
    words = answer.wish.text.strip() if answer.wish.kind == "sign" else ""
    left_over = answer.wish.kind == "extend" or (answer.wish.kind == "sign" and answer.paper is not None)
    files = answer.evidence if left_over else ()
    rest = replace(answer, words=words or "（附件）", evidence=files, mark=f"{answer.mark}+")
    if (words or files) and _remark(flow, rest):
        return "unseen", "；".join(filter(None, (f"{said}，其余内容已记为补充说明", answer.wish.hint)))
    return "done", said


def _signed_already(flow: Rectiflow, answer: Answer) -> str:
    """Say that every hazard has been signed for, by the sender or a colleague of the same unit; nothing where one has not."""
    signers = [_signer(flow, number, answer.actor) for number in _numbers(flow, answer)]
    if None in signers:
        return ""
    others = dict.fromkeys(flow.directory().person_name(p) for p in signers if p and p != answer.actor)
    return f"已由{'、'.join(others)}签收过" if others else "已经签收过"


def _signer(flow: Rectiflow, number: str, person: str) -> str | None:
    """Return who signed for the hazard as it was given last, where that is this person or one of the same unit."""
    snapshot = flow.snapshot(number)
    stages = {s.id: s.stage for s in snapshot.workflow.states.values()}
    if stages.get(snapshot.case.state) in ("reported", "assigned"):
        return None
    moved = (e for e in reversed(flow.history(number)) if stages.get(e.from_state or "") == "assigned")
    last = next((e for e in moved if stages.get(e.to_state) == "rectifying"), None)
    if last is None or last.actor is None:
        return None
    if person in (last.actor, last.in_place_of):
        return person
    directory, day = flow.directory(), flow.today()
    units = [{p.unit for p in directory.posts_of(who, day)} for who in (person, last.in_place_of or last.actor)]
    return last.actor if units[0] & units[1] else None


def _why(flow: Rectiflow, answer: Answer, reasons: Iterable[Reason]) -> str:
    """Say why something was refused, and what the sender can write instead: of what can be done only what mail does."""
    reasons = tuple(replace(r, message=_without(answer, r)) for r in reasons)
    if answer.wish.kind == "extend" and any(r.code == "field_missing" for r in reasons):
        reasons = (*reasons, Reason(code="example", message=f"请照这样写：“{EXTENSION}”"))
    elsewhere = [r for r in reasons if r.code in ("wrong_state", _NOT_BY_MAIL)]
    if answer.paper is not None or answer.number is None or not elsewhere:
        return "；".join(dict.fromkeys(r.message for r in reasons))
    snapshot = flow.snapshot(answer.number)
    said = (
        not_here(snapshot.workflow, snapshot.case, r.subject) if r.code == "wrong_state" else r.message for r in reasons
    )
    can = "、".join(_by_mail(flow, snapshot, answer.actor))
    return "；".join(dict.fromkeys(said)) + (f"，现在可以回复：{can}" if can else "")


def _without(answer: Answer, reason: Reason) -> str:
    """Say what is missing as people do who write letters, and what to do about it."""
    if reason.code != "field_missing":
        return reason.message
    if reason.subject == "new_due_on":
        return "没有写延期到哪一天"
    if reason.subject != "evidence":
        return reason.message
    return f"{reason.message}，{'请用邮件附照片' if answer.via == 'sms' else '请附上整改后的照片，再回复一次'}"


def _by_mail(flow: Rectiflow, snapshot: Snapshot, person: str) -> list[str]:
    """Return what this person could do with the hazard now by answering, as it is written."""
    words = {("act", signing_trigger(snapshot)): "sign", ("act", handing_in_trigger(snapshot)): "submit"}
    words |= {("request", _extending(snapshot.workflow)): "extend"}
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
        return _with_the_rest(flow, answer, _done(flow, answer, title))
    return "waiting", f"{title}没有办成。{_kept(len(found))}"


def _act(flow: Rectiflow, answer: Answer) -> None:
    """Act on the hazard; on a paper as a whole where it is signed for or answered: all its hazards or none."""
    from rectiflow._papers import take_step

    if answer.paper is not None and answer.wish.kind == "sign":
        for number in _numbers(flow, answer):
            _check_signing(flow.snapshot(number))
        take_step(flow, "acknowledge", answer.paper, Order(hand=_hand(answer)))
    elif answer.paper is not None and answer.wish.kind == "submit" and _answered_by_item(flow, answer):
        for number in _numbers(flow, answer):
            _check_handing_in(flow.snapshot(number))
        evidence = dict.fromkeys(_numbers(flow, answer), answer.evidence)
        order = Order(hand=_hand(answer), data=_finished(answer), evidence=evidence, items=answer.items)
        take_step(flow, "reply", answer.paper, order)
    else:
        for number in _numbers(flow, answer):
            if not (answer.items and answer.wish.kind == "sign" and _signer(flow, number, answer.actor)):
                _once(flow, number, answer.mark, lambda snapshot: stimulus_of(snapshot, answer))


def _answered_by_item(flow: Rectiflow, answer: Answer) -> bool:
    """Tell whether what was done is reported on the paper itself; under a supervision paper each hazard is handed in."""
    return any(item.paper.kind == "rectification_notice" for item in _items(flow, answer))


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


def stimulus_of(snapshot: Snapshot, answer: Answer) -> Stimulus:
    """Return what an answer asks for as a stimulus.

    Raises:
        Refused: it is none of the three steps that are taken by an answer, whatever the definition calls it.
    """
    wish = answer.wish
    if wish.kind == "extend":
        kind = _extending(snapshot.workflow)
        if kind is None:
            raise _not_by_mail(snapshot, "extend")
        until = _until(snapshot, answer)
        _check_distance(snapshot, answer, until)
        return Ask(kind=kind, hand=_hand(answer), data=_extension(wish.text, until))
    if wish.kind == "submit":
        trigger = _check_handing_in(snapshot)
        return Act(trigger=trigger, hand=_hand(answer), data=_finished(answer), evidence=answer.evidence)
    signing = signing_trigger(snapshot)
    if signing is None:
        raise _not_by_mail(snapshot, "sign")
    return Act(trigger=signing, hand=_hand(answer), evidence=answer.evidence)


def _until(snapshot: Snapshot, answer: Answer) -> date | None:
    """Return the day asked for; so many days count from the deadline, from the day of the answer where that has passed."""
    if answer.wish.days is None:
        return answer.wish.until
    return _counted_from(snapshot, answer) + timedelta(days=answer.wish.days)


def _counted_from(snapshot: Snapshot, answer: Answer) -> date:
    on, due_on = answer.stood_in or answer.on, as_date(snapshot.case.marks.get("due_on"))
    return max(on, due_on) if due_on else on


def _check_distance(snapshot: Snapshot, answer: Answer, until: date | None) -> None:
    """Let nobody ask for more than a year by an answer: that is mostly a slip of the pen.

    Raises:
        Refused: the day is farther away.
    """
    if until is None or (until - _counted_from(snapshot, answer)).days <= MOST_DAYS:
        return
    told = f"延期到{chinese_date(until)}，比现在的整改时限晚一年以上，请核对日期后再写"
    raise Refused(snapshot.case.number, TITLES["extend"], [Reason(code="too_far", subject="new_due_on", message=told)])


def _finished(answer: Answer) -> dict[str, Any]:
    return {"measures": answer.wish.text or "已完成整改", "completed_on": answer.stood_in or answer.on}


def signing_trigger(snapshot: Snapshot) -> str | None:
    """Return how a unit signs for a hazard: from where it was assigned on to the rectification, with nothing to give."""
    workflow, state = snapshot.workflow, snapshot.case.state
    if workflow.states[state].stage != "assigned":
        return None
    onward = ((trigger, ts) for trigger, ts in workflow.by_state[state].items() if any(_signs(workflow, t) for t in ts))
    trigger, ways = next(onward, ("", ()))
    return trigger if ways and all(_signs(workflow, t) for t in ways) else None


def _signs(workflow: Workflow, transition: Transition) -> bool:
    target = workflow.states.get(transition.target or "")
    return target is not None and target.stage == "rectifying" and not transition.ask


def handing_in_trigger(snapshot: Snapshot) -> str | None:
    """Return how what was done is handed in where the hazard stands now: by what meets the main clock.

    None where that would be a judgement: of verification or close-out, or what sends the hazard back to be done better.
    """
    workflow, state = snapshot.workflow, snapshot.case.state
    main = main_clock(workflow)
    trigger = (main.met_by if main else None) or "submit"
    ways = workflow.by_state[state].get(trigger, ())
    return trigger if ways and all(_hands_in(workflow, state, t) for t in ways) else None


def _hands_in(workflow: Workflow, state: str, transition: Transition) -> bool:
    target = workflow.states.get(transition.target or "")
    sent_back = _is_judged(workflow, state) and not _is_judged(workflow, transition.target)
    return target is not None and target.stage == "rectifying" and not sent_back


def _is_judged(workflow: Workflow, state: str | None) -> bool:
    """Tell whether in a state what was done waits to be declared good."""
    return any(verifies(workflow, t) for t in _leaving(workflow, state or ""))


def _leaving(workflow: Workflow, state: str) -> list[Transition]:
    return [t for ts in workflow.by_state.get(state, {}).values() for t in ts]


def _check_handing_in(snapshot: Snapshot) -> str:
    """Return the trigger that hands in; one that cannot be taken here at all is refused by the rules, with their reasons.

    Raises:
        Refused: what the definition takes for it is no handing in.
    """
    main = main_clock(snapshot.workflow)
    trigger = (main.met_by if main else None) or "submit"
    if trigger in snapshot.workflow.by_state[snapshot.case.state] and handing_in_trigger(snapshot) is None:
        raise _not_by_mail(snapshot, "submit")
    return trigger


def _check_signing(snapshot: Snapshot) -> None:
    """Let a notice be signed for where each hazard that waits for that has a step which does nothing else.

    Raises:
        Refused: one has a step that may lead elsewhere.
    """
    workflow, state = snapshot.workflow, snapshot.case.state
    waits = workflow.states[state].stage == "assigned"
    if waits and signing_trigger(snapshot) is None and any(_signs(workflow, t) for t in _leaving(workflow, state)):
        raise _not_by_mail(snapshot, "sign")


def _extending(workflow: Workflow) -> str | None:
    return next((k.id for k in workflow.requests.values() if k.effect == "extend"), None)


def _not_by_mail(snapshot: Snapshot, kind: str) -> Refused:
    here = snapshot.workflow.states[snapshot.case.state].title
    why = Reason(code=_NOT_BY_MAIL, subject=kind, message=f"当前环节“{here}”不能通过邮件或短信{TITLES[kind]}")
    return Refused(snapshot.case.number, TITLES[kind], [why])


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
    """Return the hazards an answer is about: those it names, those that still stand on the notice, else the one.

    A paper is signed for as a whole, whatever is named.
    """
    if answer.paper is None:
        return list(answer.items) or ([answer.number] if answer.number is not None else [])
    standing = [i.number for i in _items(flow, answer) if not i.off]
    named = () if answer.wish.kind == "sign" else answer.items
    return [number for number in standing if not named or number in named]


def _items(flow: Rectiflow, answer: Answer) -> tuple[Item, ...]:
    from rectiflow._papers import items_of

    try:
        return items_of(flow, answer.paper or "", answer.actor)
    except RectiflowError:
        return ()


def _about_none(flow: Rectiflow, answer: Answer) -> str:
    """Say why an answer is about no hazard."""
    if answer.paper is not None and _items(flow, answer):
        return "这件文书上的隐患都已撤下或另行交办，请回复后来收到的消息"
    return "所回复的消息不是关于某一条隐患的，请回复那条隐患的消息"


def _kinds(flow: Rectiflow, number: str, mark: str) -> frozenset[str]:
    """Return what of this answer is on record for a hazard: the kinds of its events."""
    return frozenset(e.kind for e in flow.history(number) if (e.private or {}).get("account") == mark)


def _hand(answer: Answer) -> Hand:
    """Return by whom and how; what a deputy answers afterwards is entered late, as of the last day."""
    note = "代理人在代理结束后答复代理期间收到的消息" if answer.stood_in else ""
    return Hand(actor=answer.actor, via=answer.via, account=answer.mark, on=answer.stood_in, note=note)
