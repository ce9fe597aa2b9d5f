"""What a change of persons or units comes to, on a screen of 80 columns and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from ._output import is_terminal, print_json, say, warn

if TYPE_CHECKING:
    from rectiflow._persons import Absence, Closed, Handed, Passing, Reach

    from ._context import Session

__all__ = [
    "keeper_of",
    "keeper_or",
    "settle",
    "show_absence",
    "show_absences",
    "show_closed",
    "show_handed",
    "show_reach",
    "write_handed",
]

_T = TypeVar("_T")
_MOST = 30  #: lines of what passes on the screen
_NUMBER, _STATE, _ROLE, _DAY = 15, 12, 14, 11  #: columns
DRY = "以上是试算，没有写入任何内容。"


def keeper_of(made: Session, what: str) -> str:
    """Return who does it: who keeps the ledger. A rehearsal lets everybody act as anybody, it gives nobody more rights.

    Raises:
        WorkplaceError: the person may not.
    """
    from rectiflow._identity import require_keeper

    require_keeper(made.flow, made.person, what)
    return made.person


def keeper_or(made: Session, holder: str | None, what: str) -> None:
    """Let a person see to his own; to another's only who keeps the ledger.

    Args:
        holder: id of whose it is.

    Raises:
        WorkplaceError: the person may not.
    """
    from rectiflow._identity import keeps_all
    from rectiflow.engine.errors import WorkplaceError

    if made.person != holder and not keeps_all(made.flow, made.person):
        name = made.flow.directory().person_name(made.person)
        raise WorkplaceError(f"{name}不能{what}，请由本人或安全股办理。")


def show_reach(found: Sequence[Reach], *, everybody: bool) -> None:
    """Say how some persons are reached, and what is wrong with it."""
    from rectiflow._persons import CHANNELS

    from ._layout import put

    for one in found:
        liked = "、".join(CHANNELS[c] for c in one.channels)
        put(one.name, "bold")
        put(
            f"    {' · '.join(filter(None, (one.phone, one.email))) or '没有联系方式'}"
            + (f"，偏好 {liked}" if liked else "")
        )
        for trouble in one.troubles:
            put(f"    停发：{trouble}", "yellow")
    if everybody:
        say(f"联系不上的共 {len(found)} 人。" if found else "人人都有可用的联系方式。")


def settle(
    make: Callable[[bool], _T], show: Callable[[_T], None], question: str, *, dry_run: bool, as_json: bool,
    yes: bool = False,
) -> _T:  # fmt: skip
    """Do something, or (dry) only look; at a terminal it is shown and asked about first, unless `yes` was said.

    Args:
        make: does it; True only looks.

    Raises:
        typer.Exit: the person said no.
    """
    if dry_run or as_json or yes or not is_terminal():
        done = make(dry_run)
        if as_json:
            print_json(done)
        else:
            show(done)
            say(DRY if dry_run else "办好了。")
        return done
    from ._asking import confirm

    show(make(True))
    if not confirm(question):
        say("没有办，什么也没有写入。")
        raise typer.Exit(1)
    done = make(False)
    say("办好了。")
    return done


def show_handed(done: Handed) -> None:
    """Say who follows on which post from when, what passes, and what to look at."""
    from rectiflow._persons import counted

    from ._layout import put_labelled

    follows = f"{done.new}{'（新登记的人员）' if done.added else ''}" if done.new else "（暂无人接任）"
    put_labelled("交接", [f"{'、'.join(done.posts)}：{done.old} → {follows}，自 {done.since} 起"])
    renamed = sum(p.renamed for p in done.passing)
    when = f"，{done.since} 当天自动改" if done.later else ""
    named = f"其中 {renamed} 条的整改责任人改为{done.new or '空，补人后自动写上'}{when}" if renamed else ""
    put_labelled("移交", ["；".join(filter(None, (counted(done.passing), named)))])
    _rows(done.passing)
    _warn([*done.vacancies, *done.warnings])


def write_handed(path: Path, done: Handed, made: Session) -> None:
    """Write the list of what passes, fit to print."""
    from rectiflow._persons import Listed, write_listing

    follows = done.new or "（暂无人接任）"
    said = f"{done.old}自 {done.since} 起将{'、'.join(done.posts)}岗位移交给{follows}"
    listed = Listed(title=f"{'、'.join(done.posts)}岗位交接清单", said=said)
    write_listing(path, listed, done.passing, at=made.flow.now())
    warn(f"清单已写到 {path}。")


def show_absence(done: Absence) -> None:
    """Say who stands in for whom, and what waits."""
    from rectiflow._persons import counted

    from ._layout import put_labelled

    posts = f"（{'、'.join(done.posts)}）" if done.posts and done.posts != (done.person,) else ""
    put_labelled("请假", [f"{done.person}{posts}：{done.since} 至 {done.until}，由{done.deputy}代理"])
    if done.reason:
        put_labelled("事由", [done.reason])
    put_labelled("等办", [counted(done.passing)])
    _rows(done.passing)


def show_absences(found: Sequence[Absence]) -> None:
    """List who is away, now or later."""
    from ._output import table

    rows = ((a.person, a.since, a.until, a.deputy, "正在请假" if a.now else "") for a in found)
    table(f"请假代理（{len(found)}）", ("请假人", "从", "到", "代理人", "现在"), rows)


def show_closed(done: Closed) -> None:
    """Say which unit goes into which, where its hazards go, and who is without a post."""
    from rectiflow._persons import counted

    from ._layout import put_labelled

    follows = f"并入{done.successor}" if done.successor else "撤销，没有承接单位"
    put_labelled("撤并", [f"{done.unit}自 {done.since} 起{follows}"])
    where = f"移交给{done.successor}，时限不变" if done.successor else "成为待处理事项，等安全股改派"
    put_labelled("移交", [f"{counted(done.passing)}" + (f"，{where}" if done.passing else "")])
    _rows(done.passing)
    if done.moved:
        put_labelled("下级", [f"{'、'.join(done.moved)}改归{done.successor}管"])
    if done.leaving:
        put_labelled("人员", [f"{'、'.join(done.leaving)}在该单位的岗位到前一天止；新的岗位请写进人员表后导入"])


def _rows(found: Sequence[Passing]) -> None:
    from rectiflow._persons import KINDS

    from ._layout import LATE_STYLE, fit, left, put, screen_width

    room = screen_width() - (_NUMBER + _STATE + _ROLE + _DAY + 6)
    for p in found[:_MOST]:
        what = p.state if p.kind == "ticket" else KINDS[p.kind]
        undated = "未定时限" if p.kind == "ticket" else ""
        due = left(p.days_left) if p.days_left is not None else str(p.due_on or undated)
        cells = (
            fit(p.number, _NUMBER),
            fit(what, _STATE),
            fit(p.role, _ROLE),
            fit(due or "—", _DAY),
            fit(p.title, room),
        )
        put(f"  {' '.join(cells)}".rstrip(), LATE_STYLE if (p.days_left or 0) < 0 else "")
    if len(found) > _MOST:
        put(f"  ……另有 {len(found) - _MOST} 件，用 --out 清单.xlsx 可全部写出")


def _warn(texts: Sequence[str]) -> None:
    for text in texts:
        warn(f"  注意  {text}")
