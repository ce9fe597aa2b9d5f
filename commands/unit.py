"""Units: brought in from a workbook, listed, shown, closed or merged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import Session, session
from ._options import AsJson, Yes
from ._output import print_json, say, table, warn

app = typer.Typer(help="单位：导入、列表、查看、撤并。", no_args_is_help=True)

__all__ = ["app", "import_workbook"]


@app.command("import")
def import_units(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="单位人员表（工作表：单位、岗位、人员）", metavar="文件")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样，不写入")] = False,
) -> None:
    """从工作簿导入单位、岗位、人员；同一份再导一次不会重复。"""
    import_workbook(context, file, dry_run=dry_run)


@app.command("list")
def list_units(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """列出单位，下级缩进在上级之下。"""
    directory = session(context).flow.directory()
    if as_json:
        print_json(list(directory.units.values()))
        return
    from rectiflow.engine.vocabulary import UNIT_KINDS

    ordered = sorted(directory.units.values(), key=lambda u: [a.name for a in reversed(list(directory.line(u.id)))])
    rows = (
        (
            "  " * (len(list(directory.line(u.id))) - 1) + u.name,
            UNIT_KINDS.get(u.kind, u.kind),
            u.id,
            "、".join(u.aliases),
        )
        for u in ordered
    )
    table(
        f"单位（{len(ordered)}）",
        ("名称", "类型", "编码", "别名"),
        rows,
        empty="还没有单位，请先 rectiflow unit import。",
    )


@app.command("show")
def show_unit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="单位名称、别名或编码", metavar="单位")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """查看一个单位：上级、岗位、在岗人员。"""
    flow = session(context).flow
    directory = flow.directory()
    unit = directory.find_unit(name)
    posts = [p for p in directory.posts.values() if p.unit == unit.id]
    holders = {
        p.id: [n.name for n in directory.persons.values() if p in directory.posts_of(n.id, flow.today())] for p in posts
    }
    if as_json:
        print_json({"unit": unit, "posts": [{"post": p, "holders": holders[p.id]} for p in posts]})
        return
    after = directory.unit_name(unit.successor)
    say(f"{unit.name}（{unit.id}）" + ("" if unit.active else f"  已撤并{f'，并入{after}' if after else ''}"))
    say("上级：" + (" → ".join(a.name for a in directory.line(unit.parent)) or "—"))
    table(
        "",
        ("岗位", "在岗", "职责"),
        ((p.title, "、".join(holders[p.id]) or "空缺", "、".join(sorted(p.roles))) for p in posts),
    )


@app.command("close")
def close_unit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="撤销或并入别处的单位", metavar="单位")],
    since: Annotated[str, typer.Option("--from", help="撤并的日期（不晚于今天），如 1月18日", metavar="日期")],
    into: Annotated[str | None, typer.Option("--into", help="承接单位", metavar="单位")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会移交什么，不写入")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """单位撤并：在办隐患移交给承接单位，时限不变；没有承接单位的逐条成为待处理事项。"""
    from rectiflow._persons import close

    from ._fields import read_day
    from ._posts import keeper_of, settle, show_closed

    made = session(context)
    by = keeper_of(made, "撤并单位")
    day = read_day(since, made.flow.today(), "--from") or made.flow.today()
    settle(
        lambda dry: close(made.flow, name, successor=into, since=day, by=by, account=made.account, dry_run=dry),
        show_closed,
        "就这样撤并吗？",
        dry_run=dry_run,
        as_json=as_json,
        yes=yes,
    )


def import_workbook(context: typer.Context, file: Path, *, dry_run: bool) -> None:
    """Import an organisation workbook and say what came of it; exit 1 when rows were refused."""
    from rectiflow._identity import require_keeper
    from rectiflow._organisation import import_organisation

    made = session(context)
    by = made.person if made.flow.directory().persons and not made.place.rehearsal else None
    if by is not None:
        require_keeper(made.flow, by, "修改单位和人员")
    elif not made.place.rehearsal:
        _require_own_account(made, file)
    brought = import_organisation(made.flow, file, by=by, dry_run=dry_run)
    for problem in brought.problems:
        warn(problem)
    for notice in brought.noticed:
        warn(notice)
    for change in brought.granted:
        say(f"权限：{change}")
    done = "将导入" if dry_run else "已导入"
    say(f"{done}：单位 {len(brought.units)} 个，岗位 {len(brought.posts)} 个，人员 {len(brought.persons)} 人。")
    if brought.problems:
        warn(f"有 {len(brought.problems)} 处问题的行没有导入，改正后再导一次即可。")
        raise typer.Exit(1)


def _require_own_account(made: Session, file: Path) -> None:
    """Refuse a first import that would leave nobody at this keyboard: who imports must be in it.

    Raises:
        WorkplaceError: the account is nobody's in the workbook.
    """
    from rectiflow._organisation import import_organisation
    from rectiflow.engine.errors import WorkplaceError

    persons = import_organisation(made.flow, file, dry_run=True).persons
    if persons and all(p.account != made.account for p in persons):
        raise WorkplaceError(
            f"人员表里没有人的“系统账号”是“{made.account}”（登录这台电脑的账号）。这样导入后，这台电脑上谁也办不了事，"
            "连重新导入也不行；请先在人员表里把自己的“系统账号”填上，再导入。没有写入任何内容。"
        )
