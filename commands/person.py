"""Persons: brought in from a workbook, listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._output import print_json, table
from .unit import import_workbook

app = typer.Typer(help="人员：导入、列表。", no_args_is_help=True)

__all__ = ["app"]


@app.command("import")
def import_persons(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="单位人员表（工作表：单位、岗位、人员）", metavar="文件")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样，不写入")] = False,
) -> None:
    """从工作簿导入人员（与 unit import 同一份表）。"""
    import_workbook(context, file, dry_run=dry_run)


@app.command("list")
def list_persons(
    context: typer.Context,
    unit: Annotated[str | None, typer.Option("--unit", help="只看这个单位及其下级", metavar="单位")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """列出人员及其岗位；手机号只显示后四位。"""
    flow = session(context).flow
    directory, today = flow.directory(), flow.today()
    wanted = directory.below(directory.find_unit(unit).id) if unit else frozenset(directory.units)
    rows = [
        (person, posts)
        for person in directory.persons.values()
        if (posts := directory.posts_of(person.id, today)) and wanted & {p.unit for p in posts}
    ]
    if as_json:
        print_json(
            [{"id": p.id, "name": p.name, "account": p.account, "posts": [x.id for x in posts]} for p, posts in rows]
        )
        return
    shown = (
        (
            p.name,
            "、".join(f"{directory.unit_name(x.unit)}{x.title}" for x in posts),
            p.account,
            _masked(p.phone),
            p.email,
        )
        for p, posts in rows
    )
    table(f"人员（{len(rows)}）", ("姓名", "岗位", "系统账号", "手机", "邮箱"), shown)


def _masked(phone: str | None) -> str | None:
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 8 else phone
