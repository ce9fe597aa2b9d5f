"""The day's list on the screen, and the way from its numbers to the doing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ._asking import ask, confirm
from ._layout import ago, fit, left, screen_width, wrapped
from ._output import say, warn

if TYPE_CHECKING:
    from rectiflow._sheet import ActionView, Sheet
    from rectiflow._today import Section, Today, TodayItem

    from ._context import Session
    from ._doing import Make

__all__ = ["show", "work"]

MOST_SHOWN = 8  #: items under one heading; the rest is counted
_WEEKDAYS = "一二三四五六日"
_MORE = {
    "overdue": "rectiflow ticket list --overdue",
    "undelivered": "rectiflow outbox list --status dead",
    "incident": "rectiflow incident list",
    "decide": "rectiflow request list",
    "sign_off": "rectiflow notice list --status draft",
}


def show(found: Today) -> list[TodayItem]:
    """Show the list; return what was numbered, in order."""
    scope = "全区" if found.everything else "本人岗位"
    say(f"{found.day} 星期{_WEEKDAYS[found.day.weekday()]}  {found.person}（{scope}）")
    numbered: list[TodayItem] = []
    for section in found.sections:
        say("")
        say(f"{section.title}（{len(section.items)}）")
        for item in section.items[:MOST_SHOWN]:
            numbered.append(item)
            say(_line(item, len(numbered), len(found.sections)))
        if len(section.items) > MOST_SHOWN:
            say(f"     另有 {len(section.items) - MOST_SHOWN} 条：{_command(section)}")
    if not found.sections:
        say("没有等着办的。")
    return numbered


def work(made: Session, *, week: bool) -> None:
    """Show the list and let the person pick, again and again, until he leaves."""
    from rectiflow._today import today

    while True:
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


def _line(item: TodayItem, position: int, sections: int) -> str:
    width = screen_width()
    note = _note(item)
    number, unit = fit(item.number or "", 15), fit(item.unit, 16)
    if not item.unit:
        return f"{position:>3}  {number}  {fit(item.title, width - 22 - 14)}  {fit(note, 12)}".rstrip()
    return f"{position:>3}  {number}  {unit}  {fit(item.title, width - 22 - 18 - 14)}  {fit(note, 12)}".rstrip()


def _note(item: TodayItem) -> str:
    if item.section == "overdue" or item.due_on is not None:
        overdue = "逾期" if item.section in ("overdue", "due") else "超"
        return left(item.days).replace("逾期", overdue)
    return ago(item.days) if item.days is not None else ""


def _command(section: Section) -> str:
    if section.id.startswith("state:"):
        return f"rectiflow ticket list --state {section.title}"
    return _MORE.get(section.id, "rectiflow ticket list")


def _open(made: Session, item: TodayItem) -> None:
    """Show what an item leads to, and offer what can be done."""
    if item.section in ("undelivered", "incident"):
        for part in wrapped(f"{item.title}  {item.detail}".strip(), screen_width()):
            say(part)
        say(_advice(item))
    if item.number is None:
        ask("回车返回：")
        return
    if item.section == "call":
        _script(made, item)
    _act(made, item)


def _advice(item: TodayItem) -> str:
    if item.section == "undelivered":
        return f"核对联系方式后重发：rectiflow outbox retry {item.key}"
    return f"处理后：rectiflow incident retry {item.key}，或 rectiflow incident close {item.key}"


def _script(made: Session, item: TodayItem) -> None:
    """Say whom to call and what about."""
    whom = f"{'、'.join(item.turn) or '（未定整改责任人）'}  {item.detail or '（没有电话）'}"
    say(f"打给  {whom}")
    say(f"说明  {made.flow.directory().district.name}安全股：{item.unit}的隐患 {item.number}（{item.title}）请抓紧办理。")
    say(f"接通后代录：rectiflow ticket do {item.number} 签收 --for {item.unit} --via 电话 --note 通话要点")


def _act(made: Session, item: TodayItem) -> None:
    from rectiflow._sheet import sheet
    from rectiflow.engine.errors import RectiflowError

    from ._faults import tell_error
    from ._screen import action_lines, allowed, show_sheet

    try:
        found = sheet(made.flow, item.number or "", by=made.person)
    except RectiflowError as exc:
        tell_error(exc)
        return
    say("")
    show_sheet(found, made.flow.today())
    own = list(_own(made, found))
    actions = allowed(found)
    lines = [*(label for label, _ in own), *action_lines(actions)]
    makes = [*(make for _, make in own), *(_make(made, a) for a in actions)]
    _choose(made, found, lines, makes)


def _choose(made: Session, found: Sheet, lines: list[str], makes: list[Make]) -> None:
    if not lines:
        ask("没有您可办的，回车返回：")
        return
    say("")
    for k, text in enumerate(lines, 1):
        say(f"{k:>3}  {text}")
    answer = ask("序号办理，回车返回：")
    if answer.isdigit() and 1 <= int(answer) <= len(lines):
        _carry(made, found.line.number, makes[int(answer) - 1])


def _carry(made: Session, number: str, make: Make) -> None:
    """Ask for what is missing, show what would come of it, and do it when the person agrees."""
    from rectiflow._views import seen
    from rectiflow.engine.errors import RectiflowError

    from ._asking import complete
    from ._doing import Failed, failed, one, tell
    from ._given import Given

    given = Given()
    complete(made, number, make, given)
    try:
        before = seen(made.flow, number, made.person)
        title, stimulus = make(before, given)
    except RectiflowError as exc:
        tell(made, [failed(number, "办理", exc)])
        return
    trial = one(made, before, stimulus, title, dry_run=True)
    tell(made, [trial])
    if not isinstance(trial, Failed) and confirm("就这样办吗？"):
        tell(made, [one(made, before, stimulus, title)])


def _own(made: Session, found: Sheet) -> Iterator[tuple[str, Make]]:
    """Yield what only this person can do beside the flow: decide requests, sign papers."""
    for request in found.requests:
        if request.mine:
            title = f"{request.title}{f'（{request.level}）' if request.level else ''}"
            yield f"批准{title}", _rule(made, request.ordinal, approve=True)
            yield f"不批准{title}（要：理由）", _rule(made, request.ordinal, approve=False)
    for paper in found.papers:
        if paper.mine:
            yield f"签发{paper.title}", _sign_off(made, paper.ordinal)


def _make(made: Session, action: ActionView) -> Make:
    from ._fields import Order
    from ._reporting import acting
    from .request import asking

    order = Order(numbers=(), action=action.trigger, pairs=())
    return acting(made, order) if action.kind == "act" else asking(made, order)


def _rule(made: Session, ordinal: int, *, approve: bool) -> Make:
    from .request import ruling

    return ruling(made, lambda _: ordinal, (), approve=approve)


def _sign_off(made: Session, ordinal: int) -> Make:
    from .notice import signing

    return signing(made, lambda _: ordinal)
