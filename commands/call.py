"""Telephone calls (电话催办): whom to call about what, and the answer put on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from ._context import Session, session
from ._options import AsJson, DryRun, For, On
from ._output import print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rectiflow._desk import CallView

    from ._doing import Failed, Make, Prepared, Result

app = typer.Typer(help="电话催办：列表、记录通话结果。", no_args_is_help=True)

__all__ = ["app", "calling"]


@app.command("list")
def list_calls(context: typer.Context, as_json: AsJson = False) -> None:
    """列出待打的电话：打给谁、号码、说什么。"""
    from rectiflow._desk import call_views
    from rectiflow._identity import keeps_all

    from ._layout import put, put_labelled
    from ._numbers import in_ranges

    made = session(context)
    everything = keeps_all(made.flow, made.person)
    found = [c for c in call_views(made.flow, by=made.person) if c.mine or everything]
    if as_json:
        print_json(found)
        return
    for call in found:
        put(f"{call.callee or call.unit}{instead_of(call)}  {call.phone or '（没有电话）'}", "bold")
        put_labelled("缘由", ["：".join(filter(None, (call.cause, call.undelivered)))])
        put_labelled("隐患", ["、".join(in_ranges(call.numbers))])
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
    """记录一次电话催办；对方当场答复（签收、申请复查……）的，写上操作，代为录入。

    打给同一个人的几条隐患是一次电话：记在其中一条上，其余各条的电话也算打过。
    """
    from ._doing import show
    from ._fields import Order, read_order
    from ._numbers import is_number, read_numbers

    made = session(context)
    silent = all(is_number(w) for w in words)
    order = Order(numbers=tuple(words), action="", pairs=()) if silent else read_order(words)
    if no_answer and order.action:
        raise typer.BadParameter("没有接通就没有答复，--no-answer 和操作不能一起写。", param_hint="--no-answer")
    numbers = read_numbers(made.flow, order.numbers)
    results = record(
        made, numbers, action=order.action, pairs=order.pairs, whom=whom, on=on, reached=not no_answer,
        note=note or ("没有接通" if no_answer else ""), dry_run=dry_run, asking=not (as_json or dry_run),
    )  # fmt: skip
    show(made, results, as_json=as_json)


def instead_of(call: CallView) -> str:
    """Say for whom the person who is called stands in; "" where nobody is away."""
    return f"（代{call.stands_for}）" if call.stands_for else ""


def script(made: Session, call: CallView) -> str:
    """Return what to say on the telephone."""
    bureau = f"这里是{made.flow.directory().district.name}安全股。"
    asked = "提醒没能送到，特此电话告知，请抓紧办理" if call.undelivered else f"{call.cause}，请抓紧办理"
    if len(call.numbers) == 1:
        said = f"{call.unit}的隐患 {call.numbers[0]}（{call.descriptions[0]}），{asked}。"
    else:
        each = "；".join(f"{n}（{text}）" for n, text in zip(call.numbers, call.descriptions, strict=True))
        said = f"{call.unit}有 {len(call.numbers)} 条隐患{asked}：{each}。"
    return bureau + said


def record(
    made: Session,
    numbers: Sequence[str],
    *,
    action: str = "",
    pairs: Sequence[tuple[str, str]] = (),
    whom: str | None = None,
    note: str = "",
    on: str | None = None,
    reached: bool = True,
    dry_run: bool = False,
    asking: bool = False,
) -> list[Result]:
    """Enter what was answered for some hazards, then put the call on record for all it was about."""
    from ._doing import Failed, one

    about = _about(made, numbers)
    ready = [_answer(made, n, action, pairs, whom, note, on, asking=asking) for n in numbers if action]
    answers = [r if isinstance(r, Failed) else one(made, *r, dry_run=True) for r in ready]
    if not dry_run and any(isinstance(r, Failed) for r in answers):
        return [replace(r, dry=False) for r in answers if isinstance(r, Failed)]
    if not dry_run:
        answers = [r if isinstance(r, Failed) else one(made, *r) for r in ready]
    others = [n for n in about if not (dry_run and action and n in numbers)]  # tried only, an answer has ended no call
    return [*answers, *_calls(made, others, note, on, reached=reached, dry_run=dry_run, answered=bool(answers))]


def _answer(
    made: Session, number: str, action: str, pairs: Sequence[tuple[str, str]], whom: str | None, note: str,
    on: str | None, *, asking: bool,
) -> Failed | Prepared:  # fmt: skip
    """Make ready the step that was answered, for who answered: the responsible unit where nobody is named."""
    from ._asking import complete
    from ._doing import prepare
    from ._fields import Order
    from ._given import read_given
    from ._output import is_terminal
    from ._reporting import acting

    unit = made.flow.ticket(number).fields.get("responsible_unit")
    given = read_given(made, on=on, whom=whom or unit, via="phone", note=note)
    make = acting(made, Order(numbers=(number,), action=action, pairs=tuple(pairs)))
    if is_terminal() and asking:
        complete(made, [number], make, given)
    return prepare(made, [number], make, given, action)[0]


def _about(made: Session, numbers: Sequence[str]) -> list[str]:
    """Return the hazards of the calls that some hazards belong to, themselves first."""
    from rectiflow._desk import call_views

    calls = (c for c in call_views(made.flow, by=made.person) if set(c.numbers) & set(numbers))
    return list(dict.fromkeys((*numbers, *(n for c in calls for n in c.numbers))))


def _calls(
    made: Session, numbers: Sequence[str], note: str, on: str | None, *, reached: bool, dry_run: bool, answered: bool
) -> list[Result]:
    """Put the call itself on record for every hazard it was about; the answer may have ended it already."""
    from rectiflow._desk import waiting_calls
    from rectiflow.engine.errors import NotFound

    from ._doing import Failed, failed, one, prepare
    from ._given import read_given

    given = read_given(made, on=on, note=note)
    waiting = {n: waiting_calls(made.flow, n) for n in numbers}
    results: list[Result] = []
    for number in () if answered else numbers:
        if not waiting[number]:
            text = f"{number} 没有待打的电话；代录答复请用 rectiflow ticket do {number} 操作 --for 单位 --via 电话。"
            results.append(failed(number, "电话催办", NotFound(text)))
    for number, clocks in waiting.items():
        ready = [prepare(made, [number], calling(made, c, reached=reached), given, "电话催办")[0] for c in clocks]
        results += [r if isinstance(r, Failed) else one(made, *r, dry_run=dry_run) for r in ready]
    return results


def calling(made: Session, clock: str, *, reached: bool) -> Make:
    """Return what turns a hazard into the record of the call that a deadline asked for."""
    from rectiflow._desk import callee_of
    from rectiflow.engine.stimulus import Called

    from ._given import hand_of

    return lambda before, given: (
        "电话催办",
        Called(
            clock=clock,
            hand=hand_of(made, given, before, ()),
            reached=reached,
            person=callee_of(made.flow, before, clock),
        ),
    )
