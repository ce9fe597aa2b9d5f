"""Persons: brought in from a workbook, listed; posts handed over, deputies for who is away."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._layout import packed, put, screen_width
from ._options import AsJson, DryRun, Yes
from ._output import print_json, say
from .unit import import_workbook

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rectiflow._persons import Reach

    from ._context import Session

app = typer.Typer(help="人员：导入、列表、岗位交接、请假代理。", no_args_is_help=True)

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
    made = session(context)
    flow, _ = made.flow, made.person  # addresses are for those who are known here
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
    for p, posts in rows:
        put(f"{p.name}  {'、'.join(f'{directory.unit_name(x.unit)}{x.title}' for x in posts)}")
        reach = [f"账号 {p.account}" if p.account else "", _masked(p.phone) or "", p.email or ""]
        for part in packed([x for x in reach if x] or ["没有联系方式"], screen_width() - 4):
            put(f"    {part}")
    say(f"共 {len(rows)} 人。")


@app.command("handover")
def hand_over(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="移交的人", metavar="原任")],
    since: Annotated[str, typer.Option("--from", help="新任到岗的第一天，如 1月18日", metavar="日期")],
    new: Annotated[str | None, typer.Argument(help="接任的人；还没有登记的写姓名并加联系方式", metavar="新任")] = None,
    post: Annotated[
        list[str] | None, typer.Option("--post", help="原任有几个岗位时写明交接哪个，可写几次", metavar="岗位")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="暂时没有人接任，岗位空着")] = False,
    phone: Annotated[str | None, typer.Option("--phone", help="新登记人员的手机", metavar="号码")] = None,
    email: Annotated[str | None, typer.Option("--email", help="新登记人员的邮箱", metavar="地址")] = None,
    account: Annotated[str | None, typer.Option("--account", help="新登记人员的系统账号", metavar="账号")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="把移交清单写成文件（.xlsx、.csv、.html）", metavar="文件")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会移交什么，不写入")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """岗位交接：在办的隐患、待审批、待签发、待打的电话都随岗位移交，时限不变，并列出移交了什么。"""
    from rectiflow._persons import Newcomer, Order, check_listing
    from rectiflow._persons import hand_over as carry_out

    from ._fields import read_day
    from ._posts import keeper_of, settle, show_handed, write_handed

    if (new is None) != nobody:
        said = "接任的人和 --nobody 只能写一个。" if nobody else "没有写接任的人；暂时没有人接任的，请加 --nobody。"
        raise typer.BadParameter(said)
    made = session(context)
    by = keeper_of(made, "办理岗位交接")
    day = read_day(since, made.flow.today(), "--from")
    if out is not None:
        check_listing(out)
    newcomer = Newcomer(phone=phone, email=email, account=account)
    order = Order(old=old, new=new, since=day or made.flow.today(), posts=tuple(post or ()), newcomer=newcomer)
    done = settle(
        lambda dry: carry_out(made.flow, order, by=by, account=made.account, dry_run=dry),
        show_handed,
        "就这样交接吗？",
        dry_run=dry_run,
        as_json=as_json,
        yes=yes,
    )
    if out is not None:
        write_handed(out, done, made)


@app.command("absent")
def absent(
    context: typer.Context,
    person: Annotated[str | None, typer.Argument(help="请假的人；不写则列出请假的人", metavar="[人员]")] = None,
    since: Annotated[str | None, typer.Option("--from", help="请假第一天，如 10月8日", metavar="日期")] = None,
    until: Annotated[str | None, typer.Option("--to", help="请假最后一天（含当日）", metavar="日期")] = None,
    deputy: Annotated[str | None, typer.Option("--deputy", help="其间代理的人", metavar="人员")] = None,
    reason: Annotated[str, typer.Option("--reason", help="事由，告知代理人", metavar="文字")] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="取消请假；已开始的到昨天止")] = False,
    everything: Annotated[bool, typer.Option("--all", help="列表时连已过去的一起列")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样，不写入")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """请假代理：登记、取消、列表。其间的提醒发给代理人，代理人可代为办理。"""
    from ._fields import read_day
    from ._posts import keeper_of, show_absences

    made = session(context)
    today = made.flow.today()
    first, last = read_day(since, today, "--from"), read_day(until, today, "--to")
    if not cancel and deputy is None and first is None and last is None:
        from rectiflow._persons import absences

        found = absences(made.flow, person=person, everything=everything)
        print_json(found) if as_json else show_absences(found)
        return
    if person is None:
        raise typer.BadParameter("没有写请假的人。")
    by = keeper_of(made, "登记请假代理")
    if cancel:
        _cancel(made, person, first, by, dry_run=dry_run, as_json=as_json, yes=yes)
        return
    if first is None or last is None or deputy is None:
        given = (("--from", first), ("--to", last), ("--deputy", deputy))
        raise typer.BadParameter(f"还没有写 {'、'.join(name for name, value in given if value is None)}。")
    _register(made, (person, deputy), (first, last), reason, by, dry_run=dry_run, as_json=as_json, yes=yes)


@app.command("reach")
def reach_person(
    context: typer.Context,
    person: Annotated[str | None, typer.Argument(help="不写则列出联系不上的人", metavar="[人员]")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help='改手机；写 "" 为去掉', metavar="号码")] = None,
    email: Annotated[str | None, typer.Option("--email", help='改邮箱；写 "" 为去掉', metavar="地址")] = None,
    prefer: Annotated[
        str | None, typer.Option("--prefer", help="喜欢怎样收，先后用逗号隔开，如 短信,邮件", metavar="通道")
    ] = None,
    restore: Annotated[str | None, typer.Option("--restore", help="地址已经好了，恢复发送", metavar="地址")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """联系方式：看谁联系不上，改手机、邮箱和偏好的通道，恢复停发的地址。"""
    from rectiflow._persons import reach, set_reach
    from rectiflow._persons import restore as begin_again

    from ._posts import DRY, keeper_or, show_reach

    made = session(context)
    directory = made.flow.directory()
    changing = not (phone is None and email is None and prefer is None)
    if changing and person is None:
        raise typer.BadParameter("没有写是哪个人，如 rectiflow person reach 校长姓名 --phone 号码。")
    if changing and person is not None:
        keeper_or(made, directory.find_person(person).id, "登记别人的联系方式")
    if restore is not None:
        own = directory.persons[made.person]
        keeper_or(made, own.id if restore in (own.phone, own.email) else None, "恢复别人的地址")
        if not dry_run:
            begin_again(made.flow, restore)
    if changing and person is not None:
        channels = _channels(prefer) if prefer is not None else None
        found = [set_reach(made.flow, person, phone=phone, email=email, channels=channels, dry_run=dry_run)]
    else:
        found = reach(made.flow, person)
    if as_json:
        print_json(found)
        return
    show_reach(found, everybody=person is None)
    if not dry_run and (phone or email or restore):
        _say_what_is_left(made, {r.person for r in found} if person else _holders(made, restore))
    for title in _not_here(made, found) if prefer else ():
        say(f"请注意：没有配置{title}通道，这项偏好现在不起作用；配置写法见 docs/channels.md。")
    if dry_run:
        say(DRY)


def _say_what_is_left(made: Session, persons: Collection[str]) -> None:
    """Say how what did not reach these persons is sent again, to who may send it."""
    from rectiflow._identity import keeps_all
    from rectiflow._messages import undelivered

    count = undelivered(made.flow, persons) if keeps_all(made.flow, made.person) else 0
    if count:
        say(f"有 {count} 条没有送到的消息可以重发：rectiflow outbox retry（只重发几条的，写上编号，见 outbox list）。")


def _holders(made: Session, address: str | None) -> list[str]:
    """Return who has an address."""
    return [p.id for p in made.flow.directory().persons.values() if address in (p.email, p.phone)]


def _not_here(made: Session, found: Sequence[Reach]) -> list[str]:
    """Return the preferred channels that are not configured here."""
    from rectiflow._persons import CHANNELS

    here = {channel.name for channel in made.place.ways.channels()}
    return [CHANNELS[c] for c in dict.fromkeys(c for one in found for c in one.channels) if c not in here]


def _channels(text: str) -> tuple[str, ...]:
    from rectiflow._persons import CHANNELS

    names = {title: name for name, title in CHANNELS.items()}
    words = [w.strip() for w in text.replace("，", ",").replace("、", ",").split(",") if w.strip()]
    return tuple(dict.fromkeys(names.get(w, w) for w in words))


def _register(
    made: Session,
    names: tuple[str, str],
    days: tuple[date, date],
    reason: str,
    by: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    yes: bool,
) -> None:
    from rectiflow._persons import register

    from ._posts import settle, show_absence

    person, deputy = names
    since, until = days
    settle(
        lambda dry: register(made.flow, person, deputy, since=since, until=until, reason=reason, by=by, dry_run=dry),
        show_absence,
        "就这样登记吗？",
        dry_run=dry_run,
        as_json=as_json,
        yes=yes,
    )


def _cancel(
    made: Session, person: str, since: date | None, by: str | None, *, dry_run: bool, as_json: bool, yes: bool
) -> None:
    from rectiflow._persons import Absence
    from rectiflow._persons import cancel as take_back

    from ._layout import put
    from ._posts import settle

    def show(done: Absence) -> None:
        rest = "已开始的到昨天止" if done.now else "整段取消"
        put(f"取消请假  {done.person}：{done.since} 至 {done.until}（{done.deputy}代理），{rest}", "bold")

    settle(
        lambda dry: take_back(made.flow, person, since=since, by=by, dry_run=dry),
        show,
        "取消吗？",
        dry_run=dry_run,
        as_json=as_json,
        yes=yes,
    )


def _masked(phone: str | None) -> str | None:
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 8 else phone
