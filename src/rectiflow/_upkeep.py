"""Keeping a workplace in order: what the doctor says, what waits in the outbox, what needs a person."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from rectiflow._identity import keeps_all
from rectiflow._outbox import UNDELIVERED
from rectiflow._standing import INBOX, standing
from rectiflow.engine.errors import InputUnusable, NotFound, RectiflowError
from rectiflow.engine.moments import ZONE
from rectiflow.engine.posts import filler, post_name
from rectiflow.engine.ticket import TimerKey
from rectiflow.engine.visibility import masked_phone
from rectiflow.notifiers.message import CHANNEL_TITLES, MAIL, SMS, short_id
from rectiflow.storage import definitions, lost, queries
from rectiflow.storage import outbox as sending

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace

__all__ = [
    "Finding",
    "IncidentView",
    "MessageView",
    "cancel",
    "channels_down",
    "close_incident",
    "doctor",
    "find_incident",
    "held",
    "hurry",
    "incidents",
    "message",
    "outbox",
    "put_off",
    "rearm",
    "retry",
    "retry_incident",
    "returned",
    "status_of",
    "undelivered",
    "written_to",
]

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


class MessageView(Struct, frozen=True, kw_only=True):
    """One outbox row as a person wants to see it; `body` is what was or will be sent, once it is in words."""

    key: str
    id: str  #: short, for people to write: the beginning of the key's SHA-256
    number: str | None
    recipient: str
    occasion: str
    status: str
    channel: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    detail: str
    to: str = ""  #: address it went to, or was to go to, a telephone number masked; "" where that is not known
    subject: str | None = None
    body: bytes | None = None


class IncidentView(Struct, frozen=True, kw_only=True):
    """One incident (待处理事项)."""

    id: str
    kind: str
    number: str | None
    message: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    subject: str  #: what kept failing: `timer:` and its key, `message:` and its key, …


STATUS_TITLES = {
    "waiting": "待发",
    "held": "待汇总",
    "merged": "已并入汇总",
    "sent": "已发",
    "returned": "退回",
    "dead": "未送达",
    "cancelled": "已取消",
}


CANCELLABLE = ("waiting", "held", "returned", "dead")  #: statuses of what `cancel` takes out


def status_of(row: Any) -> str:
    """Return where an outbox row stands, as in `STATUS_TITLES`: what was sent and came back is returned."""
    return "returned" if row["returned_at"] else str(row["status"])


def outbox(
    flow: Rectiflow, *, by: str | None = None, status: str | None = None, number: str | None = None
) -> list[MessageView]:
    """Return outbox rows, newest first; `status` is waiting, held, merged, sent, returned, dead or cancelled.

    Args:
        by: whose view it is: who keeps the ledger sees all, anybody else what is addressed to them; None is the machine.
    """
    directory = flow.directory()
    rows = queries.messages(flow.store.engine, flow.district, status=status, number=number)
    mine = by is not None and not keeps_all(flow, by)
    return [_message_view(r, directory.person_name(r["recipient"])) for r in rows if not mine or r["recipient"] == by]


def message(flow: Rectiflow, key: str, *, by: str | None = None) -> MessageView:
    """Return one outbox row by its short id, its key or a unique part of it, among those `by` may see.

    Raises:
        NotFound: no message, or more than one, is meant.
    """
    seen = outbox(flow, by=by)
    found = [m for m in seen if key.lower() in (m.id, m.key.lower())] or [m for m in seen if key in m.key]
    if len(found) != 1:
        raise NotFound(
            f"{'没有' if not found else '不止一条'}编号为“{key}”的消息，请用 rectiflow outbox list 查看编号。"
        )
    return found[0]


def retry(flow: Rectiflow, keys: Sequence[str]) -> int:
    """Make messages due at once again; all that were not delivered or came back when no key is given. Return how many."""
    chosen = [message(flow, k).key for k in keys] if keys else None
    count = sending.retry(flow.store.engine, flow.district, chosen, now=flow.now())
    flow.ring()
    return count


def undelivered(flow: Rectiflow, persons: Collection[str]) -> int:
    """Return how many messages to some persons did not arrive or came back; what `retry` sends again."""
    rows = (r for s in ("dead", "returned") for r in queries.messages(flow.store.engine, flow.district, status=s))
    return sum(r["recipient"] in persons for r in rows)


def returned(flow: Rectiflow) -> list[MessageView]:
    """Return what came back and is still to be told."""
    from rectiflow._astray import still_to_tell

    rows = queries.messages(flow.store.engine, flow.district, status="returned")
    name = flow.directory().person_name
    return [_message_view(r, name(r["recipient"])) for r in rows if still_to_tell(flow, r)]


def put_off(flow: Rectiflow) -> tuple[int, datetime] | None:
    """Return how many messages wait for a later time, and when the first of them goes; None when none does."""
    waiting = [m.due_at for m in outbox(flow, status="waiting") if m.due_at > flow.now()]
    return (len(waiting), min(waiting)) if waiting else None


def hurry(flow: Rectiflow) -> int:
    """Make every waiting message due at once, whatever it waits for; return how many."""
    return sending.hurry(flow.store.engine, flow.district, now=flow.now())


def cancel(flow: Rectiflow, keys: Sequence[str], *, by: str) -> int:
    """Take messages out of the outbox, visibly: who did and when stands with them; return how many.

    Raises:
        NotFound: no message, or more than one, is meant by one of them; all are left then.
    """
    chosen = [message(flow, k).key for k in keys]
    why = f"{flow.directory().person_name(by)} {flow.now().astimezone(ZONE):%Y-%m-%d %H:%M} 取消"
    return sending.cancel(flow.store.engine, flow.district, chosen, now=flow.now(), why=why)


def held(flow: Rectiflow) -> int:
    """Return how many messages wait for the next digest."""
    return len(outbox(flow, status="held"))


def written_to(place: Workplace, sent: MessageView) -> Path | None:
    """Return the file a mail was written into instead of being sent; None where it was not, or is gone."""
    if sent.status != "sent" or sent.channel != "mail" or not sent.detail:
        return None
    file = place.path(place.settings.outgoing.folder) / "mail" / sent.detail
    return file if file.suffix == ".eml" and file.is_file() else None


def channels_down(place: Workplace) -> list[str]:
    """Say which of the configured channels cannot send for now, and why."""
    said = (standing(place.flow, f"channel:{c.name}") for c in place.ways.channels())
    return [one for one in said if one is not None]


def incidents(flow: Rectiflow, *, open_only: bool = True) -> list[IncidentView]:
    """Return incidents, newest first."""
    rows = queries.incidents(flow.store.engine, flow.district, open_only=open_only)
    keys = [key for r in rows if (key := r["key"].partition(":message:")[2])]
    about = queries.messages_named(flow.store.engine, flow.district, keys)
    return [
        IncidentView(
            id=r["id"],
            kind=r["kind"],
            number=r["number"],
            message=_whose(flow, r, about),
            status=r["status"],
            opened_at=r["opened_at"],
            closed_at=r["closed_at"],
            subject=r["key"].partition(":")[2],  # the number stands first
        )
        for r in rows
    ]


def _whose(flow: Rectiflow, incident: Any, about: Mapping[str, Any]) -> str:
    """Return what an incident says, with whom a message did not reach, and where it was to go."""
    from rectiflow.notifiers import OCCASIONS

    told, (kind, _, what) = str(incident["message"]), incident["key"].partition(":")[2].partition(":")
    row, name = about.get(what), flow.directory().person_name
    if kind == "message" and row is not None:
        way = CHANNEL_TITLES.get(row["rendered_channel"] or row["channel"] or "", "")
        where = " ".join(filter(None, (way, _address(row))))
        occasion = OCCASIONS.get(row["template"], row["template"])
        to = f"{name(row['recipient'])}{f'（{where}）' if where else ''}"
        return f"{occasion}没有送到{to}：{told.removeprefix(UNDELIVERED)}"
    if kind == "unreached" and name(what) not in told:
        return f"{name(what)}没有收到消息：{told}"
    return told


def _detail(row: Any) -> str:
    """Return what is said of an outbox row; whose words a mail server's own are."""
    parts = (row["detail"] or "").split("；")
    if row["rendered_channel"] != MAIL or row["status"] != "sent":
        return "；".join(parts)
    servers = (bool(p) and p.isascii() and not p.endswith(".eml") for p in parts)
    return "；".join(f"邮件服务器答复 {p}" if s else p for p, s in zip(parts, servers, strict=True))


def _address(row: Any) -> str:
    """Return where an outbox row went, or was to go, as it may be shown."""
    to = row["rendered_to"] or ""
    return (masked_phone(to) or to) if row["rendered_channel"] == SMS else to


def close_incident(flow: Rectiflow, incident: str, *, by: str) -> IncidentView:
    """Close an open incident.

    Raises:
        NotFound: there is none open of that id.
        InputUnusable: a ladder of an open hazard stands still because of it; closing would silence that for good.
    """
    found = _open_incident(flow, incident)
    key = _timer_key(found)
    if key is not None and (found.number, key) in queries.stopped_timers(flow.store.engine, flow.district):
        raise InputUnusable(
            f"待处理事项 {found.id} 不能直接结束：{found.number} 这一时限的提醒和督办都停着。"
            f"请排除原因后用 rectiflow incident retry {found.id} 重试。"
        )
    queries.close_incident(flow.store.engine, flow.district, found.id, by=by, now=flow.now())
    return found


def retry_incident(flow: Rectiflow, incident: str, *, by: str) -> IncidentView:
    """Try again what an incident is about, that timer or that message alone, and close it.

    Raises:
        NotFound: there is none open of that id, or nothing can be tried again.
    """
    found = _open_incident(flow, incident)
    kind, _, what = found.subject.partition(":")
    key = _timer_key(found)
    if key is not None:
        queries.retry_timer(flow.store.engine, flow.district, found.number or "", key, now=flow.now())
    elif kind in ("message", "returned"):
        sending.retry(flow.store.engine, flow.district, [what], now=flow.now())
    else:
        raise NotFound(
            f"待处理事项 {found.id} 不能自动重试，请按提示处理后用 rectiflow incident close {found.id} 结束。"
        )
    flow.ring()
    return close_incident(flow, found.id, by=by)


def rearm(flow: Rectiflow) -> list[str]:
    """Put back the timers that went astray though their clocks run on; return the numbers of their hazards."""
    numbers = [number for number, _ in lost.lost_timers(flow.store.engine, flow.district)]
    lost.put_back(flow.store.engine, flow.district)
    flow.ring()
    return list(dict.fromkeys(numbers))


def _timer_key(incident: IncidentView) -> TimerKey | None:
    """Return the timer an incident is about."""
    kind, _, what = incident.subject.partition(":")
    if kind != "timer" or what.count(":") < 4:
        return None
    clock, run, version, rest = what.split(":", 3)
    step, _, occurrence = rest.rpartition(":")
    return TimerKey(clock, int(run), int(version), step, int(occurrence))


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
        count = len(outbox(place.flow, status="waiting"))
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
    waiting, dead, back = (len(outbox(place.flow, status=s)) for s in ("waiting", "dead", "returned"))
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


def find_incident(flow: Rectiflow, incident: str) -> IncidentView:
    """Return the incident of that id, be it open or closed.

    Raises:
        NotFound: there is none.
    """
    found = [i for i in incidents(flow, open_only=False) if i.id == incident.strip().upper()]
    if not found:
        raise NotFound(f"没有编号为“{incident}”的待处理事项，请用 rectiflow incident list --all 查看。")
    return found[0]


def _open_incident(flow: Rectiflow, incident: str) -> IncidentView:
    found = find_incident(flow, incident)
    if found.closed_at is not None:
        closed = f"{found.closed_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
        raise NotFound(f"待处理事项 {found.id} 已于 {closed} 结束，请用 rectiflow incident list 查看还没有结束的。")
    return found


def _message_view(row: Any, recipient: str) -> MessageView:
    from rectiflow.notifiers import OCCASIONS

    return MessageView(
        key=row["key"],
        id=short_id(row["key"]),
        number=row["number"],
        recipient=recipient,
        occasion=OCCASIONS.get(row["template"], row["template"]),
        status=status_of(row),
        channel=row["rendered_channel"] or row["channel"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        sent_at=row["sent_at"],
        attempts=row["attempts"],
        detail=_detail(row),
        to=_address(row),
        subject=row["rendered_subject"],
        body=row["rendered_body"],
    )
