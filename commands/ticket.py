"""Hazards (隐患): put on record, listed, shown, moved on, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._options import AsJson, DryRun, Evidence, For, Note, Number, On, Via, Where, Yes
from ._output import print_json

if TYPE_CHECKING:
    from rectiflow.engine.stimulus import Stimulus
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session
    from ._doing import Make
    from ._given import Given

app = typer.Typer(help="隐患（一患一档）：上报、列表、查看、办理、更正。", no_args_is_help=True)

__all__ = ["app"]

_Reason = Annotated[str, typer.Option("--reason", help="理由", metavar="文字")]


@app.command("new")
def new_ticket(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="项目=内容，如 责任单位=一镇初中 隐患描述=疏散通道堆物", metavar="项目=内容..."),
    ] = None,
    workflow: Annotated[str, typer.Option("--workflow", help="流程，名称或代号", metavar="流程")] = "hazard",
    key: Annotated[
        str | None, typer.Option("--key", help="外部编号；同一编号再报一次不会重复登记", metavar="编号")
    ] = None,
    evidence: Evidence = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """上报一条隐患；在终端里，没写的项目会逐项询问。"""
    from ._fields import by_field, read_pairs
    from ._given import read_given
    from ._reporting import report

    made = session(context)
    chosen = made.flow.library.newest(workflow)
    pairs = read_pairs(words or ())
    given = read_given(made, on=on, whom=whom, via=via, note=note, files=evidence or (), dry_run=dry_run)
    given.data.update(by_field(chosen, pairs, made.flow.today()))
    report(made, chosen, given, key=key, dry_run=dry_run, as_json=as_json)


@app.command("do")
def do_action(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(help="如 12-15 交办 整改时限=12月31日", metavar="[编号...] 操作 [项目=内容]...")
    ],
    where: Where = None,
    evidence: Evidence = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    into: Annotated[str | None, typer.Option("--into", help="改判为哪个流程", metavar="流程")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """办理一条或几条隐患，按编号或按条件（--where）；几条时各办各的，有一条不能办则退出码为 1。"""
    from ._batch import carry_out_found
    from ._doing import carry_out
    from ._fields import read_order
    from ._given import read_given
    from ._numbers import read_numbers
    from ._reporting import acting

    made = session(context)
    order = read_order(words, numbered=where is None)
    numbers = read_numbers(made.flow, order.numbers)
    given = read_given(made, on=on, whom=whom, via=via, note=note, files=evidence or (), dry_run=dry_run)
    given.into = into
    make = acting(made, order)
    if where is None:
        carry_out(made, numbers, make, given, title=order.action, dry_run=dry_run, as_json=as_json, yes=yes)
    else:
        carry_out_found(made, where, make, given, title=order.action, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command("remark")
def remark(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(help="可写几条", metavar="编号...")],
    evidence: Evidence = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """补充说明或材料（--note、--evidence），记入办理记录；环节和时限不变，已销号的也可以补。"""
    from ._doing import carry_out
    from ._given import read_given
    from ._numbers import read_numbers

    made = session(context)
    found = read_numbers(made.flow, numbers)
    given = read_given(made, on=on, whom=whom, via=via, note=note, files=evidence or (), dry_run=dry_run)
    carry_out(made, found, remarking(made), given, title="补充说明", dry_run=dry_run, as_json=as_json, yes=yes)


def remarking(made: Session) -> Make:
    """Return what turns a hazard into something said about it, by who says it or for a unit."""
    from rectiflow.engine.stimulus import Remark
    from rectiflow.engine.visibility import unit_roles

    from ._given import hand_of

    return lambda before, given: (
        "补充说明",
        Remark(hand=hand_of(made, given, before, unit_roles(before.workflow)), evidence=given.evidence),
    )


@app.command("show")
def show_ticket(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """查看一条隐患：到哪一步、轮到谁、时限、提醒过谁、现在可办什么、其余为什么不能办。"""
    from rectiflow._sheet import sheet

    from ._numbers import read_number
    from ._screen import show_sheet

    made = session(context)
    found = sheet(made.flow, read_number(made.flow, number), by=made.person)
    if as_json:
        print_json(found)
    else:
        show_sheet(found, made.flow.today())


@app.command("actions")
def list_actions(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """列出一条隐患现在可办的操作，和其余操作不能办的原因。"""
    from rectiflow._sheet import sheet

    from ._numbers import read_number
    from ._screen import show_actions

    made = session(context)
    found = sheet(made.flow, read_number(made.flow, number), by=made.person)
    if as_json:
        print_json(found.actions)
    else:
        show_actions(found)


@app.command("history")
def show_history(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """查看办理记录：谁的意见、谁经办、什么方式、何时发生、何时录入。"""
    from rectiflow._sheet import events

    from . import _screen
    from ._numbers import read_number

    made = session(context)
    full = read_number(made.flow, number)
    found = events(made.flow, full, by=made.person)
    if as_json:
        print_json(found)
    else:
        _screen.show_history(f"{full} 办理记录（{len(found)} 条）", found)


@app.command("list")
def list_tickets(
    context: typer.Context,
    where: Where = None,
    unit: Annotated[str | None, typer.Option("--unit", help="只看这个单位及其下级", metavar="单位")] = None,
    state: Annotated[list[str] | None, typer.Option("--state", help="只看这个环节，可写几次", metavar="环节")] = None,
    category: Annotated[str | None, typer.Option("--category", help="只看这个类别", metavar="类别")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="只看逾期未整改的")] = False,
    listed: Annotated[bool, typer.Option("--listed", help="只看挂牌督办的")] = False,
    undated: Annotated[bool, typer.Option("--undated", help="只看未定时限的")] = False,
    only_open: Annotated[bool, typer.Option("--open/--all", help="只看未办结的（默认），或连已办结的")] = True,
    due_by: Annotated[str | None, typer.Option("--due-by", help="时限在这一天或之前", metavar="日期")] = None,
    search: Annotated[str, typer.Option("--search", help="编号、单位、部位、描述里含有", metavar="文字")] = "",
    limit: Annotated[int, typer.Option("--limit", help="最多几条，0 为全部", metavar="条数", min=0)] = 50,
    after: Annotated[str, typer.Option("--after", help="从这个编号之后开始（翻页）", metavar="编号")] = "",
    sort: Annotated[
        str | None, typer.Option("--sort", help="按什么排，如 整改时限 或 单位,-整改时限（- 为倒序）", metavar="列,...")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="只要哪些列，如 编号,责任单位,环节,整改时限", metavar="列,...")
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="以 CSV 输出，可用 Excel 打开")] = False,
) -> None:
    """列出隐患，按编号先后，或按 --sort 所写的先后。"""
    from rectiflow._views import ticket_filter

    from ._fields import read_day
    from ._listing import Wanted, read_layout, show_list

    made = session(context)
    narrow = ticket_filter(
        made.flow,
        unit=unit,
        category=category,
        states=state or (),
        only_open=only_open and not state,
        overdue=overdue,
        listed=listed,
        undated=undated,
        due_by=read_day(due_by, made.flow.today(), "--due-by"),
    )
    layout = read_layout(sort=sort, columns=columns, after=after)
    wanted = Wanted(narrow=narrow, where=where, search=search, after=after, limit=limit or None)
    show_list(made, wanted, layout, as_json=as_json, as_csv=as_csv)


@app.command("amend")
def amend_ticket(
    context: typer.Context,
    number: Number,
    words: Annotated[list[str], typer.Argument(help="要更正的 项目=内容", metavar="项目=内容...")],
    reason: _Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """更正登记错的内容；旧内容留在办理记录里。"""
    from rectiflow.engine.stimulus import Amend

    from ._doing import carry_out
    from ._fields import by_field, read_pairs
    from ._given import Given, hand_of
    from ._numbers import read_number

    made = session(context)
    said = read_pairs(words)
    reason = reason or next((value for name, value in said if name in ("理由", "reason")), "")
    pairs = tuple((name, value) for name, value in said if name not in ("理由", "reason"))

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        data = {**by_field(before.workflow, pairs, made.flow.today()), **given.data}
        return "更正", Amend(hand=hand_of(made, given, before, ()), data=data, reason=given.reason)

    full = read_number(made.flow, number)
    carry_out(made, [full], make, Given(reason=reason), title="更正", dry_run=dry_run, as_json=as_json, yes=yes)


@app.command("void")
def void_ticket(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(help="隐患编号", metavar="编号...")],
    reason: _Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """作废不该登记的隐患；编号和办理记录保留，不删除。"""
    from rectiflow.engine.stimulus import Void

    from ._doing import carry_out
    from ._given import Given, hand_of
    from ._numbers import read_numbers

    made = session(context)

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        return "作废", Void(hand=hand_of(made, given, before, ()), reason=given.reason)

    found = read_numbers(made.flow, numbers)
    carry_out(made, found, make, Given(reason=reason), title="作废", dry_run=dry_run, as_json=as_json, yes=yes)


@app.command("undo")
def undo_ticket(context: typer.Context, number: Number, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """撤销本人一小时内的上一步操作；提醒已发出或之后又有办理的不能撤销。"""
    from rectiflow._undo import take_back

    from ._doing import Done, show
    from ._numbers import read_number

    made = session(context)
    full = read_number(made.flow, number)
    before, decision = take_back(made.flow, full, by=made.person, account=made.account, dry_run=dry_run)
    ticket = decision.ticket if dry_run else made.flow.ticket(full)
    workflow = made.flow.workflow_of(ticket)
    done = Done(
        number=full, action="撤销", before=before, decision=decision, ticket=ticket, workflow=workflow, dry=dry_run
    )
    show(made, [done], as_json=as_json)
