"""What the doctor says of a workplace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from rectiflow._incidents import incidents
from rectiflow._messages import how_many
from rectiflow._standing import INBOX, standing
from rectiflow.engine.errors import RectiflowError
from rectiflow.engine.posts import filler, post_name
from rectiflow.notifiers.message import CHANNEL_TITLES
from rectiflow.storage import definitions, lost, queries

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace

__all__ = ["Finding", "channels_down", "doctor"]


_GOOD, _BAD, _NOTE = "正常", "有问题", "请注意"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing the doctor looked at."""

    subject: str
    state: str  #: 正常 | 请注意 | 有问题
    detail: str

    @property
    def bad(self) -> bool:
        """Whether it must be mended."""
        return self.state == _BAD


def channels_down(place: Workplace) -> list[str]:
    """Say which of the configured channels cannot send for now, and why."""
    said = (standing(place.flow, f"channel:{c.name}") for c in place.ways.channels())
    return [one for one in said if one is not None]


def doctor(place: Workplace) -> list[Finding]:
    """Look at everything a workplace needs; nothing is changed."""
    checks: tuple[tuple[str, Callable[[Workplace], Iterator[Finding]]], ...] = (
        ("数据库", _database),
        ("流程定义", _workflows),
        ("组织", _organisation),
        ("工作日历", _calendar),
        ("消息模板", _templates),
        ("发送通道", _channels),
        ("收信", _inbox),
        ("联系电话", _contact),
        ("消息", _messages),
        ("待处理事项", _incidents),
        ("停滞的隐患", _stuck),
        ("文件夹", _folders),
        ("口令文件", _secret_files),
    )
    found: list[Finding] = []
    for subject, check in checks:
        try:
            found += list(check(place))
        except (
            RectiflowError
        ) as exc:  # what keeps one from being looked at may keep all; it is said once, where it belongs
            said = Finding(subject="工作日历" if "日历文件" in str(exc) else subject, state=_BAD, detail=str(exc))
            found += [] if any(f.detail == said.detail for f in found) else [said]
    return found


def _database(place: Workplace) -> Iterator[Finding]:
    flow = place.flow
    kind = "SQLite 单文件" if flow.store.engine.dialect.name == "sqlite" else "PostgreSQL"
    yield Finding(subject="数据库", state=_GOOD, detail=f"{kind}，结构为当前版本，防篡改触发器齐全")
    flow.check_clock()


def _workflows(place: Workplace) -> Iterator[Finding]:
    flow, library = place.flow, place.flow.library
    for workflow, version, count in definitions.lost_versions(flow.store.engine, flow.district):
        detail = (
            f"流程 {workflow} 第 {version} 版的定义不在数据库里，{count} 条隐患无法办理和列出；请停止使用，从备份恢复"
        )
        yield Finding(subject="流程定义", state=_BAD, detail=detail)
    titles = "、".join(f"{w.title} v{w.version}" for w in library.latest.values())
    yield Finding(subject="流程定义", state=_GOOD, detail=titles)


def _organisation(place: Workplace) -> Iterator[Finding]:
    directory, today = place.flow.directory(), place.flow.today()
    if not directory.units:
        yield Finding(
            subject="组织", state=_BAD, detail="还没有单位和人员，请运行 rectiflow unit import 单位人员表.xlsx"
        )
        return
    empty = [
        p
        for p in directory.posts.values()
        if p.roles and directory.units[p.unit].active and not directory.holders_of(p.id, today)
    ]
    detail = f"{len(directory.units)} 个单位、{len(directory.posts)} 个岗位、{len(directory.persons)} 名人员"
    yield Finding(subject="组织", state=_GOOD, detail=detail)
    for post in empty[:10]:
        detail = f"岗位空缺：{post_name(directory, post)}，待办无人接，请{filler(directory, post, today)}补人员"
        yield Finding(subject="组织", state=_NOTE, detail=detail)
    unreachable = [p.name for p in directory.persons.values() if not p.email and not p.phone]
    if unreachable:
        yield Finding(
            subject="组织",
            state=_NOTE,
            detail=f"{len(unreachable)} 人没有邮箱和手机，收不到提醒：{'、'.join(unreachable[:5])}",
        )


def _calendar(place: Workplace) -> Iterator[Finding]:
    calendar, today = place.flow.calendar, place.flow.today()
    missing = [y for y in (today.year, today.year + 1) if not calendar.covers(today.replace(year=y, day=1))]
    if missing:
        years = "、".join(map(str, missing))
        detail = f"{years} 年放假调休安排尚未录入，跨入该年的时限为暂定；国务院通知公布后写进 {place.path(place.settings.calendar)}"
        yield Finding(subject="工作日历", state=_NOTE, detail=detail)
    old = [
        n
        for n, due_on in queries.provisional_deadlines(place.flow.store.engine, place.flow.district)
        if calendar.covers(due_on)
    ]
    if old:
        detail = (
            f"{len(old)} 条隐患的时限是在放假调休安排录入以前推算的暂定时限：{'、'.join(old[:5])}；请核对，需要的办延期"
        )
        yield Finding(subject="工作日历", state=_NOTE, detail=detail)
    own = place.path(place.settings.calendar)
    if own.exists():
        office = "、".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in calendar.office)
        yield Finding(subject="工作日历", state=_GOOD, detail=f"用着本区的 {own.name}，上班时间 {office}")
    if not missing:
        yield Finding(
            subject="工作日历", state=_GOOD, detail=f"{calendar.edition}，已含 {today.year}、{today.year + 1} 年调休"
        )


def _templates(place: Workplace) -> Iterator[Finding]:
    problems = place.template_problems
    for problem in problems:
        yield Finding(subject="消息模板", state=_BAD, detail=f"{problem}；改正以前用内置的文字")
    if not problems:
        yield Finding(subject="消息模板", state=_GOOD, detail=f"{len(place.templates.occasions)} 种场合的模板齐全")


def _channels(place: Workplace) -> Iterator[Finding]:
    channels, problems = place.ways.channels(), place.ways.problems()
    for problem in problems:
        yield Finding(subject="发送通道", state=_BAD, detail=str(problem))
    if not channels and not problems:
        yield Finding(
            subject="发送通道",
            state=_NOTE,
            detail="没有配置发送通道，提醒消息会等着；请在设置的 [mail] 或 [outgoing] 里配置",
        )
    elif channels:
        for said in place.ways.missing():
            yield Finding(subject="发送通道", state=_NOTE, detail=said)
        yield from _stand_of(place, [c.name for c in channels])


def _stand_of(place: Workplace, names: Sequence[str]) -> Iterator[Finding]:
    """Say which channels are down by their open incidents, and which are only known to be configured."""
    down = {name: said for name in names if (said := standing(place.flow, f"channel:{name}")) is not None}
    for said in down.values():
        count = how_many(place.flow, status="waiting")
        yield Finding(subject="发送通道", state=_BAD, detail=f"{said.rstrip('。')}；待发消息共 {count} 条")
    titles = "、".join(CHANNEL_TITLES.get(n, n) for n in names if n not in down)
    if titles:
        how = "写成文件（演练）" if place.settings.outgoing.files else "已配置（没有试发；试发：rectiflow outbox test）"
        yield Finding(subject="发送通道", state=_GOOD, detail=f"{titles}，{how}")


def _contact(place: Workplace) -> Iterator[Finding]:
    if not place.settings.contact:
        detail = "没有写安全股的联系电话，收到提醒的人不知道问谁；请写进 rectiflow.toml 的 contact"
        yield Finding(subject="联系电话", state=_NOTE, detail=detail)


def _inbox(place: Workplace) -> Iterator[Finding]:
    """Say whether mails can be collected, as far as that is known without asking the server."""
    told = place.settings.inbox
    if not told.host:
        return
    password = place.secret(told.password, told.password_file)  # one that cannot be read is told as what is wrong
    failed = standing(place.flow, INBOX)
    if not (told.username and password):
        detail = "没有用户名或口令：请在设置的 [inbox] 里写 username，口令用环境变量 RECTIFLOW_INBOX__PASSWORD 或 password_file"
        yield Finding(subject="收信", state=_BAD, detail=detail)
    elif failed is not None:
        yield Finding(subject="收信", state=_BAD, detail=failed)
    else:
        detail = f"{told.host}，已配置（没有试收；试收：rectiflow inbox fetch --dry-run）"
        yield Finding(subject="收信", state=_GOOD, detail=detail)


def _messages(place: Workplace) -> Iterator[Finding]:
    waiting, dead, back = (how_many(place.flow, status=s) for s in ("waiting", "dead", "returned"))
    returned = f"，退回 {back} 条" if back else ""
    detail = f"待发 {waiting} 条，未送达 {dead} 条{returned}"
    yield Finding(subject="消息", state=_NOTE if dead or back else _GOOD, detail=detail)


def _incidents(place: Workplace) -> Iterator[Finding]:
    found = incidents(place.flow)
    state = _NOTE if found else _GOOD
    yield Finding(
        subject="待处理事项", state=state, detail=f"{len(found)} 件" + ("，见 rectiflow incident list" if found else "")
    )


def _stuck(place: Workplace) -> Iterator[Finding]:
    engine, district = place.flow.store.engine, place.flow.district
    stopped = queries.stopped_timers(engine, district)
    astray = list(dict.fromkeys(number for number, _ in lost.lost_timers(engine, district)))
    told = {*astray, *(number for number, _ in stopped)}
    numbers = [n for n in queries.stuck_tickets(engine, district) if n not in told]
    if stopped:
        named = "、".join(dict.fromkeys(number for number, _ in stopped[:5]))
        detail = (
            f"{len(stopped)} 项定时任务没有办成，提醒和督办停着：{named}；请看 rectiflow incident list，排除原因后重试"
        )
        yield Finding(subject="停滞的隐患", state=_BAD, detail=detail)
    if astray:
        detail = (
            f"{len(astray)} 条在办隐患的时限在走，定时任务却丢了，提醒和督办停着：{'、'.join(astray[:5])}；"
            "请运行 rectiflow incident rearm 重新排上"
        )
        yield Finding(subject="停滞的隐患", state=_BAD, detail=detail)
    if numbers:
        detail = f"{len(numbers)} 条在办隐患不会再有提醒：{'、'.join(numbers[:5])}；多为未定时限，请补时限"
        yield Finding(subject="停滞的隐患", state=_NOTE, detail=detail)
    if not (numbers or astray or stopped):
        yield Finding(subject="停滞的隐患", state=_GOOD, detail="没有")


def _folders(place: Workplace) -> Iterator[Finding]:
    for relative in (place.settings.evidence, place.settings.report.folder, place.settings.outgoing.folder):
        folder = place.path(relative)
        if folder.exists() and not os.access(folder, os.W_OK):
            yield Finding(subject="文件夹", state=_BAD, detail=f"{folder} 不能写，请检查权限")


def _secret_files(place: Workplace) -> Iterator[Finding]:
    """Yield the files with passwords and keys that others on this machine can read; systems without such modes have none."""
    if os.name != "posix":
        return
    for file in sorted({place.path(Path(named)) for named in _files_named(place.settings.model_dump())}):
        try:
            mode = file.stat().st_mode
        except OSError:
            continue  # who needs it says that it is missing
        if mode & 0o077:
            detail = f"{file} 别的账号也能读写（权限 {mode & 0o777:o}），请运行 chmod 600 {file}"
            yield Finding(subject="口令文件", state=_NOTE, detail=detail)


def _files_named(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what settings name as the place of a secret: every `…_file` but the certificates of authorities."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _files_named(cast("Mapping[str, Any]", value))
        elif name.endswith("_file") and name != "ca_file" and value:
            yield str(value)
