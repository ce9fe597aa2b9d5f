"""Set up a workplace, look whether it is in order, and show the whole job in a demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._output import print_json, say, warn

__all__ = ["demo", "doctor", "init"]


def init(
    folder: Annotated[Path, typer.Argument(help="工作区文件夹", metavar="文件夹")] = Path(),
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="演练工作区：时间可以拨，任何人可以任何身份办理")
    ] = False,
    code: Annotated[str | None, typer.Option("--district", help="区划代码，6 到 12 位数字", metavar="代码")] = None,
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="隐患编号前缀，2 到 8 个大写字母", metavar="字母")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="落款单位名称，如 某某区教育局", metavar="名称")] = None,
    db: Annotated[
        str | None, typer.Option("--db", help="数据库地址，默认为文件夹内的 rectiflow.db", metavar="URL")
    ] = None,
) -> None:
    """建立工作区：文件夹、设置、数据库。已有的保留不动；程序升级后再运行一次即升级数据库结构。"""
    from rectiflow._workplace import CONFIG_NAME, Workplace, make_workplace

    from ._output import show_raw

    was_there = (folder / CONFIG_NAME).is_file()
    file = make_workplace(folder, code=code, prefix=prefix, name=name, rehearsal=rehearsal, db=db)
    say(f"工作区已就绪{'（演练）' if rehearsal else ''}：")
    show_raw(f"  {file.parent.resolve()}")
    if was_there:
        say("原来就有，设置没有改动；数据库结构已是当前版本。")
    elif rehearsal:
        place = Workplace.open(file, db=db)
        made = place.flow.directory().district
        say(f"区划代码 {made.code}，编号前缀 {made.prefix}，落款 {made.name}。")
        if not (code and prefix and name):
            say("没有写明的用了示例区的；要用自己的，换一个文件夹，加 --district、--prefix、--name 再建。")
        place.flow.close()
    say("下一步：")
    for line in (
        f"cd {folder}" if folder != Path() else "",
        "rectiflow unit import 单位人员表.xlsx    # 导入单位和人员",
        "rectiflow ledger import 台账.xlsx        # 导入现有台账",
        "rectiflow doctor                         # 检查",
    ):
        if line:
            show_raw(f"  {line}")


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """检查工作区：数据库、流程、组织、日历、模板、通道、待处理事项。发现问题时退出码为 1。"""
    from rectiflow._doctor import doctor as examine

    from ._layout import put_beside

    found = examine(session(context).place)
    if as_json:
        print_json(found)
    else:
        for f in found:
            put_beside(((f.subject, 12), (f.state, 8)), f.detail)
    if any(f.bad for f in found):
        raise typer.Exit(1)


def demo(
    folder: Annotated[
        Path, typer.Option("--dir", help="放演示结果的文件夹（上次的演示结果会清掉重来）", metavar="文件夹")
    ] = Path("demo"),
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出总结")] = False,
) -> None:
    """在示例区上把主要工作从头到尾走一遍：一个学期，虚拟时钟，约半分钟。"""
    from rectiflow._demo import run_demo

    from ._output import show_raw

    summary = run_demo(folder, warn)
    if as_json:
        print_json(summary)
    else:
        say(summary.text())
        for line in summary.commands():
            show_raw(f"  {line}")
