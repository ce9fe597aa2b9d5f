"""Visits (检查记录): one visit with any number of findings, also none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from ._context import session
from ._options import AsJson, DryRun, For, Force, Note, On, Via
from ._output import is_terminal, print_json, progress, say, warn
from ._writing import spare

if TYPE_CHECKING:
    from rectiflow._visits import Found, Inspected
    from rectiflow.engine.visiting import Visit

    from ._context import Session

app = typer.Typer(
    help="检查记录：登记一次检查和发现的隐患（没有发现的是零报告）、从工作簿导入、列表、查看。", no_args_is_help=True
)

__all__ = ["app"]


@app.command("new")
def new_visit(
    context: typer.Context,
    unit: Annotated[str | None, typer.Argument(help="受检单位", metavar="单位")] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method", help="检查方式：自查、镇级检查、区级检查、联合检查、专家检查、暗访检查", metavar="方式"
        ),
    ] = "区级检查",
    inspector: Annotated[
        list[str] | None, typer.Option("--inspector", help="检查人，可写几次；不写为本人", metavar="人员")
    ] = None,
    partner: Annotated[
        list[str] | None, typer.Option("--partner", help="联合单位，可写几次，如 消防、住建", metavar="单位")
    ] = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(
            "--finding",
            help="一条隐患：描述；项目=内容…，如 “二楼通道堆物；部位=教学楼；类别=消防安全；处理=当场整改；整改措施=已清走”",
            metavar="隐患",
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", help="照片文件夹，文件名以第几条开头，如 3.jpg、3-1.jpg", metavar="文件夹"),
    ] = None,
    zero: Annotated[bool, typer.Option("--zero", help="没有发现隐患（零报告），须写 --signed-by")] = False,
    signed_by: Annotated[str | None, typer.Option("--signed-by", help="受检单位签字的人", metavar="人员")] = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    yes: Annotated[bool, typer.Option("--yes", help="不再确认")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """登记一次检查；在终端里没写的会逐项询问，与已有隐患相似的会提示并入或反弹，由人决定。

    学校来电报的自查：--method 自查 --for 学校 --via 电话，没有隐患的加 --zero --signed-by 校长。
    """
    from rectiflow._visits import inspect
    from rectiflow.engine.errors import Refused

    from ._given import read_given
    from ._visiting import complete, read_finding, read_visit, retype

    made = session(context)
    asks = is_terminal() and not (as_json or dry_run)
    if zero and finding:
        raise typer.BadParameter("写了 --finding 就不是零报告，两样只写一样。", param_hint="--zero")
    found = [read_finding(made, text) for text in finding or ()]
    if unit is None and not asks:
        raise typer.BadParameter("没有写受检单位。")
    if not found and not zero and not asks:
        raise typer.BadParameter("没有写隐患（--finding）；没有发现的写 --zero --signed-by 签字人。")
    visit = read_visit(
        made, unit or _ask_unit(), method=method, inspectors=inspector or (), partners=partner or (),
        signed_by=signed_by, given=read_given(made, on=on, whom=whom, via=via, note=note),
    )  # fmt: skip
    if asks:
        visit, found = complete(made, visit, found, zero=zero)
    try:
        inspect(
            made.flow, visit, _with_photos(made, found, photos, keep=False), dry_run=True
        )  # refused: no file is kept
        found = _with_photos(made, found, photos, keep=not dry_run)
        _put(made, visit, found, confirmed=yes or not asks, dry_run=dry_run, as_json=as_json)
    except Refused:
        if asks and not finding and found:
            say(f"已输入的各条，改正后可以照抄再办：\n{retype(made, visit, found)}")
        raise


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="检查记录工作簿（空表用 inspection form 生成）", metavar="文件")],
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """从工作簿导入检查记录：一行一条隐患，同一次检查合成一条记录；同一份再导一次不会重复。"""
    from rectiflow._visit_import import import_visits

    made = session(context)
    with progress("导入检查记录", "次") as shown:
        came = import_visits(
            made.flow, file, by=made.person, account=made.account, note=note, dry_run=dry_run, progress=shown
        )
    if as_json:
        print_json(
            {
                "visits": [{"number": i.number, "tickets": [t.number for t in i.tickets]} for i in came.done],
                "known": came.known,
                "problems": came.problems,
                "dry_run": dry_run,
            }
        )
    else:
        for problem in came.problems:
            warn(problem)
        findings = sum(len(i.decisions) for i in came.done)
        say(
            f"{'将导入' if dry_run else '已导入'}检查 {len(came.done)} 次、隐患 {findings} 条；此前已有 {len(came.known)} 次。"
        )
        if came.done and not dry_run:
            say(f"检查记录：{'、'.join(i.number for i in came.done[:8])}{' 等' if len(came.done) > 8 else ''}")
    if came.problems:
        if not as_json:
            warn(f"有 {len(came.problems)} 处问题，所在的那次检查没有导入；改正后再导一次即可。")
        raise typer.Exit(1)


@app.command("form")
def write_form(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="写到哪里，.xlsx", metavar="文件")] = Path("检查记录.xlsx"),
    force: Force = False,
) -> None:
    """写一份空的检查记录表，带下拉选项，检查时填。"""
    from rectiflow._visit_import import write_visit_form

    made = session(context)
    spare(out, force=force)
    items = made.flow.library.newest("hazard").catalogues["category"].items.values()
    say(f"已写 {write_visit_form(out, [i.title for i in items if i.parent is None])}")


@app.command("list")
def list_visits(
    context: typer.Context,
    unit: Annotated[str | None, typer.Option("--unit", help="只看这个单位及其下级", metavar="单位")] = None,
    since: Annotated[str | None, typer.Option("--from", help="从哪一天起", metavar="日期")] = None,
    until: Annotated[str | None, typer.Option("--to", help="到哪一天", metavar="日期")] = None,
    limit: Annotated[int, typer.Option("--limit", help="最多几次，0 为全部", min=0)] = 50,
    as_json: AsJson = False,
) -> None:
    """列出检查记录，最近的在前。"""
    from rectiflow._visits import visits

    from ._fields import read_day
    from ._visiting import show_visits

    made = session(context)
    directory, today = made.flow.directory(), made.flow.today()
    units = tuple(directory.below(directory.find_unit(unit).id)) if unit else ()
    found = visits(
        made.flow, units=units, since=read_day(since, today, "--from"), until=read_day(until, today, "--to"),
        limit=limit or None,
    )  # fmt: skip
    if as_json:
        print_json(found)
        return
    show_visits(found, today)


@app.command("missing")
def list_missing(
    context: typer.Context,
    since: Annotated[str | None, typer.Option("--from", help="从哪一天起；默认本月1日", metavar="日期")] = None,
    until: Annotated[str | None, typer.Option("--to", help="到哪一天；默认今天", metavar="日期")] = None,
    method: Annotated[
        str, typer.Option("--method", help="看哪种检查，如 镇级检查；全部 为各种检查", metavar="方式")
    ] = "自查",
    as_json: AsJson = False,
) -> None:
    """月底看哪些学校、幼儿园还没有报自查情况，哪些是零报告；上级去查过的不算学校报过。"""
    from rectiflow._visits import handed_in
    from rectiflow.engine.vocabulary import METHODS

    from ._fields import read_day, read_word
    from ._layout import put_labelled

    made = session(context)
    today = made.flow.today()
    first = read_day(since, today, "--from") or today.replace(day=1)
    last = read_day(until, today, "--to") or today
    if first > last:
        raise typer.BadParameter(f"起 {first} 晚于止 {last}。", param_hint="--from")
    wanted = None if method == "全部" else read_word(method, METHODS, "--method")
    found = handed_in(made.flow, since=first, until=last, method=wanted)
    if as_json:
        print_json(found)
        return
    say(f"{first} 至 {last}，{METHODS[wanted] if wanted else '各种检查'}")
    if found.holidays:
        say("这段时间不在学期内，学校不用报自查。")
    for label, names in (("未报", found.missing), ("零报告", found.zero), ("有隐患", found.found)):
        put_labelled(label, [f"{len(names)} 个" + ("：" + "、".join(names) if names else "")])


@app.command("show")
def show_visit(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="检查记录编号，可写 J7", metavar="编号")],
    as_json: AsJson = False,
) -> None:
    """查看一次检查：谁查的、发现了什么、各条办到哪里。"""
    from rectiflow._visits import find_visit, visit

    from ._visiting import show

    made = session(context)
    line, findings = visit(made.flow, find_visit(made.flow, number), by=made.person)
    if as_json:
        print_json({"visit": line, "findings": findings})
    else:
        show(line, findings)


def _ask_unit() -> str:
    from ._asking import ask

    while not (answer := ask("受检单位：")):
        warn("请写单位名称或别名。")
    return answer


def _with_photos(made: Session, found: Sequence[Found], photos: Path | None, *, keep: bool) -> list[Found]:
    from rectiflow._photos import photos_by_item
    from rectiflow._views import attach

    if photos is None:
        return list(found)
    by_place = photos_by_item(photos, range(1, len(found) + 1))
    return [
        replace(f, evidence=(*f.evidence, *attach(made.flow, by_place.get(place, ()), keep=keep)))
        for place, f in enumerate(found, start=1)
    ]


def _put(made: Session, visit: Visit, found: Sequence[Found], *, confirmed: bool, dry_run: bool, as_json: bool) -> None:
    from rectiflow._visits import inspect, visit_key

    from ._asking import confirm
    from ._visiting import as_record, tell

    visit = replace(visit, key=visit_key(visit, found))
    if not confirmed:
        tell(made, replace(inspect(made.flow, visit, found, dry_run=True), dry=False), found)
        if not confirm("就这样登记吗？"):
            say("没有登记。")
            return
    came: Inspected = inspect(made.flow, visit, found, dry_run=dry_run)
    record: dict[str, Any] = as_record(came)
    print_json(record) if as_json else tell(made, came, found)
