"""A rehearsal workplace with hazards at every stage, and the command line on a copy of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pytest

from rectiflow._workplace import Workplace
from support.workplaces import sample_workplace

MONDAY = "2024-09-02"
TUESDAY = "2024-09-03T09:00"
HEAD = "安全股股长"


@dataclass(frozen=True)
class Answer:
    """What a call of the command line wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs."""
        return self.out + self.err


class Cli(Protocol):
    """What the fixture ``cli`` is: one call of ``rectiflow`` as somebody at some time."""

    def __call__(self, *words: str, by: str | None = HEAD, now: str | None = TUESDAY) -> Answer:
        """Run it in this process, through the console entry."""
        ...


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workplace made once: 1 待交办, 2 待签收, 3 and 4 (restricted) 整改中, 5 待复查, 6 待交办 of another section."""
    folder = tmp_path_factory.mktemp("stocked")
    place = sample_workplace(folder)
    _stock(place)
    place.flow.close()
    return folder


@pytest.fixture
def workplace(stocked: Path, tmp_path: Path) -> Path:
    """A copy of the stocked workplace for one test."""
    return Path(shutil.copytree(stocked, tmp_path / "workplace"))


@pytest.fixture
def cli(workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line, called in the workplace."""
    return caller(workplace, monkeypatch, capsys)


def caller(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return the command line, called in a workplace at 80 columns."""
    from rectiflow.cli import main

    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str, by: str | None = HEAD, now: str | None = TUESDAY) -> Answer:
        options = [*(("--now", now) if now else ()), *(("--as", by) if by else ())]
        monkeypatch.setattr(sys, "argv", ["rectiflow", *options, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        wrote = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Answer(stopped.value.code, wrote.out, wrote.err)

    return call


def _stock(place: Workplace) -> None:
    flow = place.flow
    directory, today = flow.directory(), flow.today()

    def holder(role: str, unit: str | None = None) -> str:
        return directory.holders(role, unit, today)[0]

    def report(unit: str, category: str, description: str) -> str:
        found: dict[str, Any] = {
            "source": "bureau",
            "found_on": today,
            "category": category,
            "description": description,
        }
        return flow.report("hazard", by=holder("safety_section"), unit=unit, **found).number

    def assign(number: str, unit: str) -> None:
        officer = holder("safety_officer", unit)
        flow.do(number, "assign", by=holder("safety_section"), responsible_person=officer, due_on=date(2024, 9, 20))

    report("park_school1", "fire", "一楼疏散通道堆放课桌椅，应急照明灯损坏两盏")
    for unit, category, description, steps in _ON_THEIR_WAY:
        number = report(unit, category, description)
        for step in ("assign", "sign", "submit")[:steps]:
            _STEPS[step](flow, number, holder, unit) if step != "assign" else assign(number, unit)
    report("town1_school1", "food", "食堂留样不足")


def _sign(flow: Any, number: str, holder: Callable[..., str], unit: str) -> None:
    flow.do(number, "sign", by=holder("principal", unit))


def _submit(flow: Any, number: str, holder: Callable[..., str], unit: str) -> None:
    photo = flow.evidence.put("整改后.jpg", b"photo")
    officer = holder("safety_officer", unit)
    flow.do(number, "submit", by=officer, measures="已更换", completed_on=flow.today(), evidence=[photo])


_STEPS: dict[str, Callable[[Any, str, Callable[..., str], str], None]] = {"sign": _sign, "submit": _submit}
_ON_THEIR_WAY = (
    ("town1_school1", "fire", "灭火器过期", 1),
    ("town1_school1", "fire", "安全出口上锁", 2),
    ("high_school", "dispute", "家长与学校发生纠纷", 2),
    ("town2_school1", "fire", "消火栓无水", 3),
)
