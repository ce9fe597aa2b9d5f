"""The screen of one hazard, its history and its list, in 80 columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from ._layout import HEAD_STYLE, LATE_STYLE, NARROW, fit, left, packed, put, put_labelled, screen_width, since, wrapped
from ._output import say

if TYPE_CHECKING:
    from rectiflow._desk import PaperView, RequestView
    from rectiflow._lines import LineColumn
    from rectiflow._sheet import ActionView, ClockView, EventView, Sheet
    from rectiflow._views import Listing, TicketLine

__all__ = [
    "action_lines",
    "allowed",
    "show_actions",
    "show_columns",
    "show_history",
    "show_listing",
    "show_requests",
    "show_sheet",
]

_LAST_EVENTS = 4
_LAST_TOLD = 3
_LAST_FILES = 4
_LAST_REMARKS = 5
_MOST_REMARKED = 300  #: characters of a remark
_NARROWEST = 8  #: columns of the terminal that a column of a list keeps
_REPEATED = frozenset(
    {
        "责任单位",
        "整改责任人",
        "类别",
        "隐患描述",
        "隐患部位",
        "整改时限",
        "排查单位",
        "来源",
        "排查日期",
        "交办单位",
        "督办级别",
    }
)
_SEVERITIES = {"major": "重大隐患", "general": "一般隐患"}


def show_sheet(sheet: Sheet, today: date, choices: Sequence[str] | None = None) -> None:
    """Show where a hazard stands, whose turn it is, until when, what happened, and what can be done now.

    Args:
        choices: what can be picked by number here, instead of all that could be done.
    """
    put(_title(sheet.line), f"bold {LATE_STYLE}" if sheet.line.overdue else "bold")
    put("─" * NARROW, HEAD_STYLE)
    for label, lines in _sections(sheet, today, choices):
        put_labelled(label, lines)


def allowed(sheet: Sheet) -> list[ActionView]:
    """Return what the person can do now, but corrections: those have commands of their own."""
    return [a for a in sheet.actions if a.allowed and a.kind in ("act", "request")]


def action_lines(actions: Sequence[ActionView]) -> list[str]:
    """Return a line for each action that is allowed, with what has to be given."""
    return [_called(a) + (f"（要：{'、'.join(a.needs)}）" if a.needs else "") for a in actions]


def show_actions(sheet: Sheet) -> None:
    """Show what can be done with a hazard now, and why the rest cannot."""
    put(_title(sheet.line), "bold")
    for label, lines in _possible(sheet):
        put_labelled(label, lines)


def show_history(title: str, events: Sequence[EventView]) -> None:
    """Show a history: whose statement, by whose hand, by what means, when it happened and when it was entered."""
    width = screen_width()
    say(title)
    for event in events:
        marks = "".join(f" [{m}]" for m, on in (("代录", event.on_behalf), ("补录", event.late)) if on)
        put(f"{event.seq:>3}  {event.happened_on}  {event.title}{marks}  {_by(event)}", "bold")
        for text in _event_lines(event, width - 6):
            say(f"     {text}")


def show_listing(found: Listing) -> None:
    """Show a list of hazards, one a line, and how to go on."""
    width = screen_width()
    widths = (15, 16, width - 15 - 16 - 10 - 11 - 4 * 2, 10, 11)
    head = (fit(h, w) for h, w in zip(("编号", "单位", "隐患", "环节", "时限"), widths, strict=True))
    if found.lines:
        put("  ".join(head).rstrip(), HEAD_STYLE)
    for entry in found.lines:
        cells = (entry.number, entry.unit, _brief(entry), entry.state_title, _due(entry))
        put(
            "  ".join(fit(c, w) for c, w in zip(cells, widths, strict=True)).rstrip(),
            LATE_STYLE if entry.overdue else "",
        )
    for text in _foot(found):
        say(text)


def show_columns(found: Listing, columns: Sequence[LineColumn]) -> None:
    """Show a list of hazards with the columns wanted, each as wide as it needs, the widest narrower where room is short."""
    head: list[object] = [c.title for c in columns]
    rows = [head, *([c.text(entry) for c in columns] for entry in found.lines)]
    kept = {at for at, column in enumerate(columns) if column.title == "编号"}  # half a number is none
    widths = _shared([max(_columns_of(row[at]) for row in rows) for at in range(len(columns))], kept)
    styles = [HEAD_STYLE, *(LATE_STYLE if entry.overdue else "" for entry in found.lines)]
    for row, style in zip(rows, styles, strict=True) if found.lines else ():
        put("  ".join(fit(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip(), style)
    for text in _foot(found):
        say(text)


def _shared(widths: list[int], kept: Collection[int]) -> list[int]:
    """Make columns fit the screen: the widest gives way first, those kept never; what cannot fit at all runs on."""
    room = screen_width() - 2 * (len(widths) - 1)
    giving = [at for at in range(len(widths)) if at not in kept]
    while sum(widths) > room and giving and max(widths[at] for at in giving) > _NARROWEST:
        widths[max(giving, key=lambda at: widths[at])] -= 1
    return widths


def _columns_of(cell: object) -> int:
    from rich.cells import cell_len

    return cell_len(" ".join(str(cell if cell not in (None, "") else "—").split()))


def show_requests(found: Sequence[RequestView]) -> None:
    """Show requests, two lines each."""
    width = screen_width()
    for request in found:
        name = f"{request.number}/{request.ordinal}"
        say(f"{name}  {request.unit}  {fit(request.description, width - 40).rstrip()}")
        for part in wrapped(_request(request).split("  ", 1)[1], width - 4):
            say(f"    {part}")
        if request.data:
            say(f"    {'；'.join(f'{title}：{text}' for title, text in request.data)}")
    say(f"共 {len(found)} 件。" if found else "没有申请。")


def _title(entry: TicketLine) -> str:
    parts = [entry.number, entry.state_title]
    if entry.overdue:
        parts.append(left(entry.days_left))
    if entry.listed:
        parts.append(f"{entry.listed}挂牌督办")
    if entry.severity == "major":
        parts.append(_SEVERITIES["major"])
    if entry.restricted:
        parts.append("受限类别")
    return "  ".join(parts)


def _sections(sheet: Sheet, today: date, choices: Sequence[str] | None) -> Iterator[tuple[str, list[str]]]:
    entry, said = sheet.line, dict(sheet.fields)
    yield "单位", [_joined(entry.unit or "（未定）", said.get("整改责任人"))]
    yield "隐患", [entry.description + (f"（{entry.place}）" if entry.place else "")]
    found = f"{entry.found_on} 排查" if entry.found_on else ""
    yield "来源", [_joined(entry.workflow, entry.category, said.get("来源"), found, said.get("排查单位"))]
    if sheet.role:
        names = "、".join(entry.turn) or "（岗位空缺，请补人员）"
        yield "轮到", [f"{names}（{sheet.role}），{since(entry.since, today)}"]
    yield "时限", [_clock(c) for c in sheet.clocks] or ["没有在走的时限"]
    yield from _beside(sheet)
    more = [(title, text) for title, text in sheet.fields if title not in _REPEATED]
    if more:
        yield "登记", [_paired(more)]
    files = sheet.files
    if files:
        yield "材料", [f"{len(files)} 件：{'、'.join(files[-_LAST_FILES:])}{' 等' if len(files) > _LAST_FILES else ''}"]
    remarks = [_remark(e) for e in sheet.events if e.kind == "remarked"]
    if remarks:
        yield "说明", [*_cut_off(len(remarks) - _LAST_REMARKS, sheet.line.number), *remarks[-_LAST_REMARKS:]]
    earlier = len(sheet.events) - _LAST_EVENTS
    yield "记录", [*(_event(e) for e in reversed(sheet.events[-_LAST_EVENTS:])), *_cut_off(earlier, entry.number)]
    if sheet.told:
        yield "提醒", list(_told(sheet))
    yield from _possible(sheet, choices)


def _beside(sheet: Sheet) -> Iterator[tuple[str, list[str]]]:
    if sheet.requests:
        yield "申请", [_request(r) for r in sheet.requests]
    if sheet.papers:
        yield "文书", [_paper(p) for p in sheet.papers]


def _possible(sheet: Sheet, choices: Sequence[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    numbered = None if choices is None else [f"{k:>2}  {text}" for k, text in enumerate(choices, 1)]
    can = action_lines([a for a in sheet.actions if a.allowed]) if numbered is None else numbered
    yield "可办", can or ["没有您可办的"]
    barred: dict[str, list[str]] = {}
    for action in sheet.actions:
        if not action.allowed:
            barred.setdefault("；".join(action.reasons), []).append(_called(action))
    if barred:
        yield "不可办", [f"{'、'.join(titles)}：{reason}" for reason, titles in barred.items()]


def _called(action: ActionView) -> str:
    return f"申请{action.title}" if action.kind == "request" else action.title


def _clock(clock: ClockView) -> str:
    from rectiflow.engine.moments import due_text

    moved = clock.original_due_on and clock.original_due_on != clock.due_on
    parts = [
        f"{clock.title} {due_text(clock.due_on, clock.due_at) if clock.due_on else '未定'}",
        left(clock.days_left, clock.hours_left) if clock.due_on and clock.status == "running" else "",
        "暂停提醒" if clock.status == "paused" else "",
        f"原定 {clock.original_due_on}" if moved else "",
        "暂定" if clock.provisional else "",
    ]
    return "，".join(p for p in parts if p)


def _request(request: RequestView) -> str:
    head = f"{request.ordinal}  {request.title}{f'（{request.level}）' if request.level else ''} {request.status_title}"
    if request.status == "pending":
        due = f"，{request.due_on} 前" if request.due_on else ""
        return f"{head}：{'、'.join(request.deciders) or '（无人审批，请补人员）'}{due}；{request.asked_on} {request.asked_by}提出"
    by = f"：{request.decided_on} {request.decided_by}".rstrip() if request.decided_on else ""
    return f"{head}{by}{f'，{request.reason}' if request.reason else ''}"


def _paper(paper: PaperView) -> str:
    head = f"{paper.ordinal}  {paper.title}{f'（{paper.level}）' if paper.level else ''} {paper.status_title}"
    if paper.status == "draft":
        return f"{head}：待{'、'.join(paper.signers) or paper.signer}签发"
    return f"{head}：{paper.paper}，{paper.signed_on} {paper.signed_by}" if paper.paper else head


def _event(event: EventView) -> str:
    marks = "".join(m for m, on in (("〔代录〕", event.on_behalf), ("〔补录〕", event.late)) if on)
    return f"{event.happened_on:%m-%d}  {event.title}  {_by(event)}{marks}"


def _cut_off(count: int, number: str) -> list[str]:
    """Say where what is not shown here can be read."""
    return [f"更早的 {count} 条见 rectiflow ticket history {number}"] if count > 0 else []


def _remark(event: EventView) -> str:
    """Return a remark: when, who and how, the words, the files that came with it."""
    said = "；".join(text for title, text in event.details if title == "说明").strip()
    files = f"（附：{'、'.join(event.files)}）" if event.files else ""
    if len(said) > _MOST_REMARKED:
        said = f"{said[:_MOST_REMARKED]}……（全文见 ticket history）"
    return f"{event.happened_on:%m-%d}  {_by(event)}（{event.via}）：{said or '（没有文字）'}{files}"


def _told(sheet: Sheet) -> Iterator[str]:
    grouped: dict[tuple[date, str, str], list[str]] = {}
    from rectiflow.engine.moments import local_day

    for message in sheet.told:
        grouped.setdefault((local_day(message.at), message.occasion, message.status_title), []).append(
            message.recipient
        )
    for (day, occasion, status), names in list(grouped.items())[:_LAST_TOLD]:
        yield f"{day:%m-%d}  {occasion} → {'、'.join(dict.fromkeys(names))}（{status}）"
    if len(grouped) > _LAST_TOLD:
        yield f"更早的 {len(grouped) - _LAST_TOLD} 次见 rectiflow outbox list --ticket {sheet.line.number}"


def _by(event: EventView) -> str:
    return f"{event.actor}（代{event.in_place_of}）" if event.in_place_of else event.actor


def _event_lines(event: EventView, width: int) -> Iterator[str]:
    from rectiflow.engine.moments import ZONE

    moved = f"{event.from_state} → {event.to_state}" if event.from_state else event.to_state
    hand = f"经办 {event.entered_by}" if event.on_behalf else ""
    means = "" if event.kind in ("timer", "imported") else f"方式 {event.via}"
    account = f"账号 {event.account}" if event.account and not event.own_account else ""
    recorded = f"录入 {event.recorded_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    yield from packed([p for p in (moved, hand, means, account, recorded) if p], width)
    if event.details:
        yield from wrapped(_paired(event.details), width)


def _paired(pairs: Iterable[tuple[str, object]]) -> str:
    """Return titles and what they say, one after the other; a full stop of theirs ends nothing but the whole."""
    *before, (title, text) = pairs
    return "；".join([*(f"{t}：{str(s).rstrip('。')}" for t, s in before), f"{title}：{text}"])


def _brief(entry: TicketLine) -> str:
    marks = "".join(f"[{m}]" for m, on in (("重大", entry.severity == "major"), (entry.listed, entry.listed)) if on)
    return f"{marks}{entry.description}"


def _due(entry: TicketLine) -> str:
    if entry.due_on is None:
        return "未定" if entry.stage != "closed" else ""
    if entry.overdue:
        return left(entry.days_left)
    return f"{entry.due_on}"


def _foot(found: Listing) -> Iterator[str]:
    if not found.lines and not found.hidden:
        yield "没有符合条件的隐患。"
    if found.hidden:
        yield f"另有 {found.hidden} 条受限类别的隐患，没有查看权限，未列出。"
    if found.after:
        yield f"还有更多，下一页加上 --after {found.after}"
    elif found.more:
        yield f"列出前 {len(found.lines)} 条，还有 {found.more} 条，全部列出加上 --limit 0"
    elif found.lines:
        yield f"共 {len(found.lines)} 条。"


def _joined(*parts: str | None) -> str:
    return " · ".join(p for p in parts if p)
