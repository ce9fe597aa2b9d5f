"""Ledgers: in from what an office keeps, out as the standard table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._options import AsJson, Force, Yes
from ._output import is_terminal, print_json, progress, say, table, warn
from ._writing import spare

app = typer.Typer(help="台账：导入、导出、填办、结转。", no_args_is_help=True)

__all__ = ["app"]


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="隐患台账（.xlsx、.xls、.csv）", metavar="文件")],
    year: Annotated[int | None, typer.Option("--year", help="没写年份的日期算哪一年", metavar="年")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="工作表名称，有几张台账时写明", metavar="名称")] = None,
    update: Annotated[bool, typer.Option("--update", help="已有的行有变化时更正过来（留有前后记录）")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样，不写入")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """把办公室的台账导进来（期初建账）：好的行进，有问题的行按行号、列名说明；同一份再导不会重复。"""
    from rectiflow._ledger import import_ledger

    made = session(context)
    with progress("导入", "行") as report:
        done = import_ledger(
            made.flow, file, by=made.person, year=year, sheet=sheet, dry_run=dry_run, update=update, on_progress=report
        )
    if as_json:
        print_json(done)
    else:
        _tell(done, dry_run=dry_run)
    if done.problems:
        raise typer.Exit(1)


@app.command("export")
def export_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="写到这个文件（.xlsx 或 .csv）", metavar="文件")],
    unit: Annotated[str | None, typer.Option("--unit", help="只要这个单位及其下级", metavar="单位")] = None,
    category: Annotated[str | None, typer.Option("--category", help="只要这个类别", metavar="类别")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="只要未办结的")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="只要逾期的")] = False,
    listed: Annotated[bool, typer.Option("--listed", help="只要挂牌督办的")] = False,
    title: Annotated[str | None, typer.Option("--title", help="表名", metavar="文字")] = None,
    force: Force = False,
) -> None:
    """导出标准台账：表头冻结、可筛选、A4 横排；右端可填要办的事，填好用 apply 交回；限制类的描述只给有权限的人。"""
    from rectiflow._ledger import export_ledger
    from rectiflow._views import ticket_filter

    spare(file, force=force)
    made = session(context)
    wanted = ticket_filter(made.flow, unit=unit, category=category, only_open=only_open, overdue=overdue, listed=listed)
    count = export_ledger(made.flow, file, wanted=wanted, by=made.person, title=title)
    say(f"已导出 {count} 条到 {file}。")


@app.command("apply")
def apply_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="导出后填好的台账（.xlsx、.csv）", metavar="文件")],
    sheet: Annotated[str | None, typer.Option("--sheet", help="工作表名称，有几张台账时写明", metavar="名称")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会办哪些、通知谁，不写入")] = False,
    as_json: AsJson = False,
) -> None:
    """把导出后填好的台账办理下去：改动的每一行是一次操作；办不了的按行号、列名说明，其余照办。"""
    from rectiflow._ledger import apply_ledger

    from ._applying import show_applied

    made = session(context)
    with progress("办理", "行") as report:
        done = apply_ledger(
            made.flow, file, by=made.person, account=made.account, sheet=sheet, dry_run=dry_run, on_progress=report
        )
    show_applied(made, done, dry_run=dry_run, as_json=as_json)
    if done.problems:
        raise typer.Exit(1)


@app.command("rollover")
def roll_ledger_over(
    context: typer.Context,
    year: Annotated[int, typer.Option("--year", help="结转到哪一年的台账，如 2025", metavar="年")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会结转哪些，不写入")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """年度结转：往年登记、还没办结的转入新一年的台账，编号、时限都不变，不发提醒。"""
    from rectiflow._ledger import roll_over

    from ._applying import show_rollover
    from ._asking import confirm

    made = session(context)
    if is_terminal() and not (yes or dry_run or as_json):
        trial = roll_over(made.flow, year, by=made.person, account=made.account, dry_run=True)
        show_rollover(trial, dry_run=True, as_json=False)
        if not trial.carried or not confirm("就这样结转吗？"):
            say("没有结转。")
            return
    with progress("结转", "条") as report:
        done = roll_over(made.flow, year, by=made.person, account=made.account, dry_run=dry_run, on_progress=report)
    show_rollover(done, dry_run=dry_run, as_json=as_json)
    if done.refused:
        raise typer.Exit(1)


def _tell(done: object, *, dry_run: bool) -> None:
    from rectiflow._ledger import LedgerImport

    assert isinstance(done, LedgerImport)
    for warning in done.warnings:
        warn(str(warning))
    for problem in done.problems:
        warn(str(problem))
    if done.changed:
        rows = ((c.row, c.number, c.title, c.was, c.now) for c in done.changed)
        table(
            "与系统记录不同的行" + ("（已更正）" if done.updated else "（加 --update 更正）"),
            ("行", "编号", "项目", "原为", "现为"),
            rows,
        )
    verb = "将新建" if dry_run else "新建"
    say(
        f"{verb} {done.created} 条，相同 {done.unchanged} 条，更正 {done.updated} 条，不能导入 {len({p.row for p in done.problems})} 行。"
    )
