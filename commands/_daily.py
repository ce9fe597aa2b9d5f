"""The day's list on the screen, and the way from its numbers to the doing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ._asking import ask, confirm
from ._layout import HEAD_STYLE, LATE_STYLE, ago, fit, left, put, put_labelled, screen_width, wrapped
from ._notices import short_id
from ._output import say, warn

if TYPE_CHECKING:
    from rectiflow._desk import CallView
    from rectiflow._sheet import ActionView, Sheet
    from rectiflow._today import Section, Today, TodayItem

    from ._context import Session
    from ._doing import Make

__all__ = ["show", "work"]

_Choice = tuple[str, "Make", str | None]  #: how it is called, what makes it, and for whom it is entered

MOST_SHOWN = 8  #: items under one heading; the rest is counted
_PAPERS = ("sign_off", "serve")
_UNPLACED = ("undelivered", "returned", "letter", "unseen", "incident")  #: shown without a unit
_WEEKDAYS = "一二三四五六日"
_MORE = {
    "overdue": "rectiflow ticket list --overdue",
    "undelivered": "rectiflow outbox list --status 未送达",
    "returned": "rectiflow outbox list --status 退回",
    "letter": "rectiflow inbox list",
    "unseen": "rectiflow inbox list",
    "incident": "rectiflow incident list",
    "decide": "rectiflow request list",
    "sign_off": "rectiflow notice list --status 拟稿",
    "serve": "rectiflow notice list --status 已签发",
    "call": "rectiflow call list",
}


def show(found: Today) -> list[TodayItem]:
    """Show the list; return what was numbered, in order."""
    scope = "全区" if found.everything else "本人岗位"
    put(f"{found.day} 星期{_WEEKDAYS[found.day.weekday()]}  {found.person}（{scope}）", "bold")
    numbered: list[TodayItem] = []
    for section in found.sections:
        say("")
        put(f"{section.title}（{len(section.items)}）", f"bold {HEAD_STYLE}")
        for item in section.items[:MOST_SHOWN]:
            numbered.append(item)
            put(_line(item, len(numbered), found.day), LATE_STYLE if item.section == "overdue" else "")
        if len(section.items) > MOST_SHOWN:
            say(f"     另有 {len(section.items) - MOST_SHOWN} 条：{_command(section)}")
    if not found.sections:
        say("没有等着办的。")
    return numbered


def work(made: Session, *, week: bool) -> None:
    """Show the list and let the person pick, again and again, until he leaves (q, Enter, or the end of input)."""
    try:
        _pick(made, week=week)
    except EOFError:
        say("")


def _pick(made: Session, *, week: bool) -> None:
    from rectiflow._today import today

    while True:
        say("")
        numbered = show(today(made.flow, by=made.person, week=week))
        say("")
        answer = ask(f"序号查看{'' if week else '，w 看一周'}，q 离开：" if numbered else "回车离开：").lower()
        if answer in ("", "q", "quit", "exit", "离开"):
            return
        if answer == "w":
            week = True
        elif answer.isdigit() and 1 <= int(answer) <= len(numbered):
            _open(made, numbered[int(answer) - 1])
        else:
            warn(f"请写 1 到 {len(numbered)} 的序号，或 q 离开。")


def _line(item: TodayItem, position: int, today: date) -> str:
    width = screen_width()
    note = _note(item)
    name = short_id(item.key, today) if item.section in _PAPERS else item.number
    number, unit = fit(name or "", 15), fit(item.unit or "（未定单位）", 16)
    if item.section in _UNPLACED:
        return f"{position:>3}  {number}  {fit(item.title, width - 22 - 14)}  {fit(note, 12)}".rstrip()
    title = f"（轮到{item.others[0]}{'等' if len(item.others) > 1 else ''}）{item.title}" if item.others else item.title
    return f"{position:>3}  {number}  {unit}  {fit(title, width - 22 - 18 - 14)}  {fit(note, 12)}".rstrip()


def _note(item: TodayItem) -> str:
    if item.section == "call":
        return item.detail
    if item.section == "overdue" or item.due_on is not None:
        overdue = "逾期" if item.section in ("overdue", "due") else "超"
        return left(item.days, item.hours).replace("逾期", overdue)
    return ago(item.days) if item.days is not None else ""


def _command(section: Section) -> str:
    if section.id.startswith("state:"):
        return f"rectiflow ticket list --state {section.title}"
    return _MORE.get(section.id, "rectiflow ticket list")


def _open(made: Session, item: TodayItem) -> None:
    """Show what an item leads to, and offer what can be done."""
    if item.section == "unseen":
        _read(made, item.key)
        return
    if item.section in _UNPLACED:
        for part in wrapped(f"{item.title}  {item.detail}".strip(), screen_width()):
            put(part)
        put(_advice(item))
    if item.section in _PAPERS:
        _paper(made, item.key, signing=item.section == "sign_off")
        return
    if item.number is None:
        ask("回车返回：")
        return
    if item.call is not None:
        _call(made, item.call)
    else:
        _act(made, item.number, None)


def _read(made: Session, key: str) -> None:
    """Show a letter that nobody has looked at, which it has been now, and the hazard it is about."""
    from rectiflow._answers.listing import letter, looked_at
    from rectiflow.engine.errors import RectiflowError

    from ._faults import tell_error
    from .inbox import show_letter

    try:
        found = letter(made.flow, key, by=made.person)
        show_letter(made.flow, found)
        looked_at(made.flow, found, by=made.person)
    except RectiflowError as exc:
        tell_error(exc)
        return
    if found.number is None:
        ask("回车返回：")
    else:
        _act(made, found.number, None)


def _paper(made: Session, paper: str, *, signing: bool) -> None:
    """Show a paper that waits, and sign or serve it when the person agrees."""
    from rectiflow._papers import items_of, paper_line, take_step
    from rectiflow._print import paragraphs
    from rectiflow.engine.errors import RectiflowError
    from rectiflow.engine.paper import Order

    from ._faults import tell_error
    from ._notices import show_paper, tell

    flow = made.flow
    try:
        line = paper_line(flow, paper, by=made.person)
        show_paper(line, items_of(flow, paper, made.person), paragraphs(flow, paper, made.person))
        if signing and not line.mine:
            name, who = short_id(paper, flow.today()), "、".join(line.signers) or "（岗位空缺）"
            leader = line.signers[0] if line.signers else "领导"
            put(f"由 {who} 签发；已在纸上签了的：rectiflow notice sign-off {name} --for {leader} --via 纸质")
            ask("回车返回：")
        elif confirm("签发吗？" if signing else "已经送达了吗？"):
            order = Order(hand=flow.hand(made.person, account=made.account))
            tell(made, take_step(flow, "sign" if signing else "serve", paper, order))
    except RectiflowError as exc:
        tell_error(exc)


def _advice(item: TodayItem) -> str:
    if item.section in ("undelivered", "returned"):
        return f"核对联系方式后重发：rectiflow outbox retry {item.key}"
    if item.section == "letter":
        return f"看全文：rectiflow inbox show {item.key[:6]}；处理完：rectiflow inbox done {item.key[:6]}"
    return f"处理后：rectiflow incident retry {item.key}，或 rectiflow incident close {item.key}"


def _call(made: Session, call: CallView) -> None:
    """Say whom to call and what about; then record what came of it, for all hazards of the call or for one."""
    from ._doing import tell
    from .call import instead_of, record, script

    put(f"打给  {call.callee or '（未定整改责任人）'}{instead_of(call)}  {call.phone or '（没有电话）'}", "bold")
    put_labelled("说明", [script(made, call)])
    if len(call.numbers) == 1:
        _act(made, call.numbers[0], call.callee or None)
        return
    signed = _common(made, call)
    several = f"全部 {len(call.numbers)} 条"
    labels = [
        *(f"代录答复：{title}（{call.callee}，电话，{several}）" for title in signed.values()),
        f"记录通话情况（{several}，没有别的答复）",
        f"记录没有接通（{several}）",
        *(f"只办 {n}  {text}" for n, text in zip(call.numbers, call.descriptions, strict=True)),
    ]
    for position, label in enumerate(labels, start=1):
        put(f"{position:>3}  {fit(label, screen_width() - 5).rstrip()}")
    answer = ask("序号办理，回车返回：")
    place = int(answer) - 1 if answer.isdigit() else -1
    if not 0 <= place < len(labels):
        return
    ways = len(signed) + 2
    if place >= ways:
        _act(made, call.numbers[place - ways], call.callee or None)
        return
    note = ask("通话要点：") if place <= len(signed) else ""
    action = list(signed)[place] if place < len(signed) else ""
    tell(made, record(made, call.numbers, action=action, whom=call.callee, note=note, reached=place <= len(signed)))


def _common(made: Session, call: CallView) -> dict[str, str]:
    """Return what the person called can answer for every hazard of the call with nothing more to say."""
    each = [
        {
            a.trigger: a.title
            for a in made.flow.actions(n, by=call.callee)
            if a.allowed and a.kind == "act" and not a.asks
        }
        for n in (call.numbers if call.callee else ())
    ]
    return {k: title for k, title in each[0].items() if all(k in other for other in each)} if each else {}


def _act(made: Session, number: str, callee: str | None) -> None:
    """Show a hazard with what can be picked, and carry out what is; `callee` has answered by telephone."""
    from rectiflow._sheet import sheet
    from rectiflow.engine.errors import RectiflowError

    from ._faults import tell_error
    from ._screen import action_lines, allowed, show_sheet

    try:
        found = sheet(made.flow, number, by=made.person)
    except RectiflowError as exc:
        tell_error(exc)
        return
    actions = allowed(found)
    papers = [paper for paper in found.papers if paper.mine]
    choices = [
        *_own(made, found),
        *_answers(made, number, callee),
        *zip(action_lines(actions), (_make(made, a) for a in actions), (None for _ in actions), strict=True),
    ]
    put("")
    labels = [*(f"签发{paper.title}" for paper in papers), *(label for label, _, _ in choices)]
    show_sheet(found, made.flow.today(), labels)
    answer = ask("序号办理，回车返回：" if labels else "回车返回：")
    place = int(answer) if answer.isdigit() and int(answer) <= len(labels) else 0
    if place > len(papers):
        _, make, whom = choices[place - len(papers) - 1]
        _carry(made, number, make, whom)
    elif place:
        _paper(made, papers[place - 1].id, signing=True)


def _carry(made: Session, number: str, make: Make, whom: str | None) -> None:
    """Ask for what is missing, show what would come of it, and do it when the person agrees.

    Args:
        whom: who answered by telephone, when it is entered for somebody.
    """
    from rectiflow._views import seen
    from rectiflow.engine.errors import RectiflowError

    from ._asking import complete
    from ._doing import Failed, explain, failed, one, tell
    from ._given import Given

    given = Given(whom=whom, via="phone", note=ask("通话要点：")) if whom else Given()
    complete(made, [number], make, given)
    try:
        before = seen(made.flow, number, made.person)
        title, stimulus = make(before, given)
    except RectiflowError as exc:
        tell(made, [failed(number, "办理", exc)])
        return
    trial = one(made, before, stimulus, title, dry_run=True)
    if isinstance(trial, Failed):
        tell(made, [replace(trial, dry=False)])
        return
    explain(made, trial)
    if confirm("就这样办吗？"):
        done = one(made, before, stimulus, title)
        say("办好了。") if not isinstance(done, Failed) else tell(made, [done])


def _own(made: Session, found: Sheet) -> Iterator[_Choice]:
    """Yield the decisions on requests that this person can make."""
    for request in found.requests:
        if request.mine:
            title = f"{request.title}{f'（{request.level}）' if request.level else ''}"
            yield f"批准{title}", _rule(made, request.ordinal, approve=True), None
            yield f"不批准{title}（要：理由）", _rule(made, request.ordinal, approve=False), None


def _answers(made: Session, number: str, callee: str | None) -> Iterator[_Choice]:
    """Yield what somebody who was called can answer, to be entered for him."""
    from ._fields import Order
    from ._reporting import acting

    if callee is None:
        return
    from rectiflow._desk import waiting_calls

    from .call import calling

    for action in made.flow.actions(number, by=callee):
        if action.allowed and action.kind == "act":
            order = Order(numbers=(), action=action.trigger, pairs=())
            yield f"代录答复：{action.title}（{callee}，电话）", acting(made, order), callee
    for clock in waiting_calls(made.flow, number):
        yield "记录通话情况（电话已打，没有别的答复）", calling(made, clock, reached=True), None
        yield "记录没有接通", calling(made, clock, reached=False), None


def _make(made: Session, action: ActionView) -> Make:
    from ._fields import Order
    from ._reporting import acting
    from .request import asking

    order = Order(numbers=(), action=action.trigger, pairs=())
    return acting(made, order) if action.kind == "act" else asking(made, order)


def _rule(made: Session, ordinal: int, *, approve: bool) -> Make:
    from .request import ruling

    return ruling(made, lambda _: ordinal, (), approve=approve)
