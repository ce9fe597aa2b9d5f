"""Telephone calls (电话催办): whom to call about what, and the answer put on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._context import Session, session
from ._options import AsJson, DryRun, For, On
from ._output import print_json, say

if TYPE_CHECKING:
    from rectiflow._desk import CallView

    from ._doing import Make, Result

app = typer.Typer(help="电话催办：列表、记录通话结果。", no_args_is_help=True)

__all__ = ["app", "calling"]


@app.command("list")
def list_calls(context: typer.Context, as_json: AsJson = False) -> None:
    """列出待打的电话：打给谁、号码、说什么。"""
    from rectiflow._desk import call_views
    from rectiflow._identity import keeps_all

    from ._layout import put, put_labelled

    made = session(context)
    everything = keeps_all(made.flow, made.person)
    found = [c for c in call_views(made.flow, by=made.person) if c.mine or everything]
    if as_json:
        print_json(found)
        return
    for call in found:
        put(f"{call.number}  {call.callee or call.unit}  {call.phone or '（没有电话）'}", "bold")
        put_labelled("说明", [script(made, call)])
    if found:
        say(f"共 {len(found)} 个。打完后：rectiflow call done 编号 [操作] --note 通话情况")
    else:
        say("没有待打的电话。")


@app.command("done")
def record_call(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(help="如 12；对方答复了就一并写上，如 12 签收", metavar="编号 [操作] [项目=内容]..."),
    ],
    note: Annotated[str, typer.Option("--note", help="通话情况：怎么答复的", metavar="文字")] = "",
    no_answer: Annotated[bool, typer.Option("--no-answer", help="没有接通")] = False,
    whom: For = None,
    on: On = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """记录一次电话催办；对方当场答复（签收、申请复查……）的，写上操作，代为录入。"""
    from ._doing import Failed, show
    from ._numbers import read_number

    made = session(context)
    number = read_number(made.flow, words[0])
    note = note or ("没有接通" if no_answer else "")
    if no_answer and len(words) > 1:
        raise typer.BadParameter("没有接通就没有答复，--no-answer 和操作不能一起写。", param_hint="--no-answer")
    results: list[Result] = []
    if len(words) > 1:
        results = [_answer(made, words, whom, note, on, dry_run=dry_run, asking=not as_json)]
    if dry_run or not any(isinstance(r, Failed) for r in results):
        results += _calls(made, number, note, on, reached=not no_answer, dry_run=dry_run, answered=bool(results))
    show(made, results, as_json=as_json)


def script(made: Session, call: CallView) -> str:
    """Return what to say on the telephone."""
    return (
        f"这里是{made.flow.directory().district.name}安全股。{call.unit}的隐患 {call.number}（{call.description}），"
        f"{call.clock}已到，请抓紧办理。"
    )


def _answer(
    made: Session, words: list[str], whom: str | None, note: str, on: str | None, *, dry_run: bool, asking: bool
) -> Result:
    """Take the step that was answered, for who answered: the responsible unit where nobody is named."""
    from ._asking import complete
    from ._doing import Failed, one, prepare
    from ._fields import read_order
    from ._given import read_given
    from ._numbers import read_numbers
    from ._output import is_terminal
    from ._reporting import acting

    order = read_order(words)
    number = read_numbers(made.flow, order.numbers)[0]
    unit = made.flow.ticket(number).fields.get("responsible_unit")
    given = read_given(made, on=on, whom=whom or unit, via="phone", note=note)
    make = acting(made, order)
    if is_terminal() and asking and not dry_run:
        complete(made, number, make, given)
    ready = prepare(made, [number], make, given, order.action)[0]
    return ready if isinstance(ready, Failed) else one(made, *ready, dry_run=dry_run)


def _calls(
    made: Session, number: str, note: str, on: str | None, *, reached: bool, dry_run: bool, answered: bool
) -> list[Result]:
    """Put the call itself on record, for every deadline that waits for one; the answer may have ended it already."""
    from rectiflow._desk import waiting_calls
    from rectiflow.engine.errors import NotFound

    from ._doing import Failed, failed, one, prepare
    from ._given import read_given

    given = read_given(made, on=on, note=note)
    clocks = waiting_calls(made.flow, number)
    if not clocks and not answered:
        missing = NotFound(
            f"{number} 没有待打的电话；代录答复请用 rectiflow ticket do {number} 操作 --for 单位 --via phone。"
        )
        return [failed(number, "电话催办", missing)]
    ready = [prepare(made, [number], calling(made, clock, reached=reached), given, "电话催办")[0] for clock in clocks]
    return [r if isinstance(r, Failed) else one(made, *r, dry_run=dry_run) for r in ready]


def calling(made: Session, clock: str, *, reached: bool) -> Make:
    """Return what turns a hazard into the record of the call that a deadline asked for."""
    from rectiflow.engine.stimulus import Called

    from ._given import hand_of

    return lambda before, given: (
        "电话催办",
        Called(clock=clock, hand=hand_of(made, given, before, ()), reached=reached),
    )
