"""Run the demonstration and sum it up so that a person can read it."""

from __future__ import annotations

import shlex
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._clock import SetClock
from rectiflow._messages import STATUS_TITLES
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.moments import at_hour, chinese_date

if TYPE_CHECKING:
    from rectiflow._demo.term import Term
    from rectiflow._workplace import Workplace

__all__ = ["DemoSummary", "run_demo"]

FIRST_DAY, LAST_DAY = date(2024, 9, 2), date(2025, 1, 17)  #: an autumn term
_MARK = "演示.txt"  #: marks a folder that a demonstration may clear
DOWN = (date(2024, 11, 11), date(2024, 11, 15))  #: the machine stands still, nobody looks


class DemoSummary(Struct, frozen=True, kw_only=True):
    """What the demonstration did and where to look."""

    folder: Path
    seconds: float
    first_day: date
    last_day: date
    tickets: int
    by_state: dict[str, int]
    events: int
    messages: dict[str, int]
    steps: int
    caught_up: int
    reports: tuple[Path, ...]
    incidents: int
    broken: int
    stories: tuple[str, ...]
    refusals: int

    def _sent(self) -> str:
        return "，".join(f"{STATUS_TITLES[status]} {count}" for status, count in self.messages.items())

    def text(self) -> str:
        """Write the summary for a person."""
        states = "，".join(f"{title} {count}" for title, count in self.by_state.items())
        lines = [
            "",
            f"演示完成：{chinese_date(self.first_day)}至{chinese_date(self.last_day)}，用时 {self.seconds:.1f} 秒。",
            f"隐患 {self.tickets} 条：{states}。",
            f"办理记录 {self.events} 条，校验链{'全部完好' if not self.broken else f'有 {self.broken} 处问题'}。",
            f"逐级督办 {self.steps} 步，其中停机后补办 {self.caught_up} 步；不合规矩被拒的操作 {self.refusals} 次。",
            f"提醒消息 {sum(self.messages.values())} 条（{self._sent()}）；待处理事项 {self.incidents} 件。",
            "",
            "几条有代表性的：",
            *(f"  {story}" for story in self.stories),
            "",
            "可以看看：",
            *(f"  {_wide(name)}  {self.folder / path}" for name, path in _PLACES),
            *(f"  {_wide('月报')}  {path}" for path in self.reports if path.suffix == ".docx"),
            "",
            "接着试，逐行复制：",
        ]
        return "\n".join(lines)

    def commands(self) -> list[str]:
        """Return how to go on from here, a command a line: they are to be copied and must not be broken."""
        here = Path.cwd()
        folder = self.folder.relative_to(here) if self.folder.is_relative_to(here) else self.folder
        return [
            f"cd {shlex.quote(str(folder))}",
            f"{shlex.quote(_program())} --as 安全股股长 --now {self.last_day}T10:00 today",
        ]


def _wide(name: str) -> str:
    """Fill a Chinese word up to four characters."""
    return name + "　" * (4 - len(name))


_PLACES = (
    ("数据库", "rectiflow.db"),
    ("邮件", "outgoing/mail"),
    ("短信", "outgoing/sms.log"),
    ("期初台账", "期初台账.xlsx"),
    ("期末台账", "期末台账.xlsx"),
    ("文书", "文书"),
)


def run_demo(folder: Path, tell: Callable[[str], None]) -> DemoSummary:
    """Live through the term in a new workplace.

    Args:
        folder: for everything the demonstration leaves; must be empty or missing.
        tell: takes one line of progress.

    Raises:
        InputUnusable: the folder holds something already.
        WorkplaceError: the folder cannot be written.
    """
    _clear(folder)
    began = time.perf_counter()
    from rectiflow._demo.term import Term

    place, clock = _workplace(folder.resolve())
    term = Term(place, clock)
    term.open_books(tell)
    _live(term, tell)
    return _sum_up(term, folder.resolve(), time.perf_counter() - began)


def _clear(folder: Path) -> None:
    """Take away what an earlier demonstration left; anything else in the folder is left alone and refused."""
    if (folder / _MARK).is_file():
        shutil.rmtree(folder)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputUnusable(f"{folder} 不是空文件夹；请用 --dir 另指一个，或删掉后再来。")


def _workplace(folder: Path) -> tuple[Workplace, SetClock]:
    from rectiflow._settings import read_settings
    from rectiflow._workplace import Workplace, make_workplace

    clock = SetClock(at_hour(FIRST_DAY, 8))
    file = make_workplace(folder, rehearsal=True)
    (folder / _MARK).write_text("演示结果；再次运行 rectiflow demo 会清空重来。\n", encoding="utf-8")
    place = Workplace(folder, read_settings(file), clock, rehearsal=True)
    # A term in half a minute means thousands of commits; a demonstration need not survive a power cut.
    place.flow.store.link.run("PRAGMA synchronous=OFF")
    return place, clock


def _live(term: Term, tell: Callable[[str], None]) -> None:
    day, month = FIRST_DAY, 0
    while day <= LAST_DAY:
        if day.month != month:
            month = day.month
            tell(f"{day.year}年{month}月 …")
        if not DOWN[0] <= day <= DOWN[1]:
            term.day(day)
        day += timedelta(days=1)


def _sum_up(term: Term, folder: Path, seconds: float) -> DemoSummary:
    flow = term.flow
    from rectiflow._incidents import incidents
    from rectiflow._ledger import export_ledger
    from rectiflow._messages import outbox

    export_ledger(flow, folder / "期末台账.xlsx", wanted=None, by=term.keeper)
    for visit in term.visits:
        visit.print(term.cast, folder / "文书")
    tickets = flow.tickets()
    titles = Counter(flow.workflow_of(t).states[t.state].title for t in tickets)
    audited = list(flow.audit())
    summary = DemoSummary(
        folder=folder,
        seconds=seconds,
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        tickets=len(tickets),
        by_state=dict(titles.most_common()),
        events=sum(n for _, n, _ in audited),
        messages=dict(Counter(m.status for m in outbox(flow))),
        steps=term.steps,
        caught_up=term.caught_up,
        reports=tuple(term.reports),
        incidents=len(incidents(flow)),
        broken=sum(len(breaks) for _, _, breaks in audited),
        stories=tuple(term.stories()),
        refusals=len(term.cast.refusals),
    )
    flow.close()
    return summary


def _program() -> str:
    """Return how the program is called here: by its name where that is found, else by its place."""
    import shutil
    import sys

    beside = Path(sys.executable).parent / "rectiflow"
    return "rectiflow" if shutil.which("rectiflow") or not beside.exists() else str(beside)
