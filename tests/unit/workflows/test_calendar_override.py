"""A district's own calendar file: what it says, and every mistake in it."""

from __future__ import annotations

from datetime import date, time
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from rectiflow._library import calendar_for
from rectiflow.engine.calendar import OFFICE
from rectiflow.engine.errors import InputUnusable
from rectiflow.workflows.calendars.cn import SchoolTerm, load_override

GOOD = """
years:
  2027:
    complete: true
    holidays: [2027-01-01, 2027-02-05..2027-02-08]
    workdays: [2027-01-30]
  2024: {holidays: [2024-12-25]}
terms:
  - {name: 2024秋, from: 2024-09-02, to: 2025-01-17}
"""
BAD = """
years:
  二〇二七: {}
  2026: [2026-01-01]
  2027:
    complete: true
    holidays: [2027-02-05..2027-02-01, 2027-13-01..2027-13-02, 元旦, 2026-01-01, 2027-03-01]
    workdays: 2027-01-30
    rest: []
  2028: {holidays: [2028-01-03], workdays: [2028-01-03], complete: 是}
terms:
  - {name: 2024秋, from: 2024-09-02}
  - {name: 2025春, from: 2025-07-01, to: 2025-02-17}
more: 1
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "calendar.yaml"
    path.write_text(text, "utf-8")
    return path


def test_days_stretches_and_terms_are_read(tmp_path: Path) -> None:
    """Single days, stretches, complete years and terms come out as plain values."""
    own = load_override(_write(tmp_path, GOOD))
    assert own.holidays == {
        date(2027, 1, 1),
        date(2027, 2, 5),
        date(2027, 2, 6),
        date(2027, 2, 7),
        date(2027, 2, 8),
        date(2024, 12, 25),
    }
    assert own.workdays == {date(2027, 1, 30)}
    assert own.complete == {2027}
    assert own.terms == (SchoolTerm(name="2024秋", first=date(2024, 9, 2), last=date(2025, 1, 17)),)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    """A file full of mistakes is refused with one message that names each place."""
    with pytest.raises(InputUnusable) as refusal:
        load_override(_write(tmp_path, BAD))
    message = str(refusal.value)
    for part in (
        "有 14 处问题",
        "years.二〇二七：年份",
        "years.2026：应为",
        "years.2027.holidays 第 1 项",
        "years.2027.holidays 第 2 项",
        "元旦 不是日期",
        "2026-01-01 不在 2027 年",
        "years.2027.workdays：应为列表",
        "不认识的项 rest",
        "至少要有一个周末调休上班日",
        "years.2028.complete：请写 true 或 false",
        "2028-01-03 同时写在",
        "terms 第 1 项：请写",
        "2025春 的结束日期早于开始日期",
        "不认识的项 more",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("years: {}\ncalendar: foo\n", "calendar.yaml:2 没有日历 foo，只有 cn-workdays"),
        ("terms: []\ncalendar: [cn-workdays]\n", "calendar.yaml:2 没有日历"),
        ("# 本区\n\nholiday: []\n", "calendar.yaml:3 文件：不认识的项 holiday，可用 calendar、office、terms、years"),
        (
            "years:\n  2027:\n    holidays: []\n    rest: []\n",
            "calendar.yaml:4 years.2027：不认识的项 rest，可用 complete、holidays、workdays",
        ),
        (
            "terms:\n  - name: 秋\n    from: 2026-09-01\n    to: 2027-01-22\n    until: 2027-01-23\n",
            "calendar.yaml:5 terms 第 1 项：不认识的项 until，可用 from、name、to",
        ),
        (
            "years:\n  2026: &more {rest: []}\n  2027:\n    <<: *more\n",
            "calendar.yaml:4 years.2027：不认识的项 rest",
        ),
        ("{years: {}, rest: 1}", "calendar.yaml:1 文件：不认识的项 rest"),
    ],
)
def test_what_the_file_does_not_know_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """A key that means nothing, or a calendar that there is not: where it stands, and what may stand there."""
    with pytest.raises(InputUnusable) as refusal:
        load_override(_write(tmp_path, text))
    assert said in str(refusal.value)
    assert "处问题" in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(InputUnusable, match=r"打不开日历文件 .*none\.yaml"):
        load_override(tmp_path / "none.yaml")


def test_broken_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    """Text that is no YAML is refused with line and column."""
    with pytest.raises(InputUnusable, match="第 2 行第"):
        load_override(_write(tmp_path, "years: {2027: [\nterms: }"))


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    """An empty file is a district without days of its own."""
    assert load_override(_write(tmp_path, "")).holidays == frozenset()


def test_the_sample_file_loads() -> None:
    """The shipped example has the terms of the sample district and no days."""
    with as_file(files("rectiflow.workflows.calendars").joinpath("sample.yaml")) as path:
        own = load_override(path)
    assert [t.name for t in own.terms] == ["2024春", "2024秋", "2025春"]
    assert own.terms[1].first == date(2024, 9, 2)
    assert not own.complete


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("years: {2027: {holidays: [2027-02-30]}}", "不存在的日期"),
        ("years: {2050: {holidays: [2050-01-01]}}", "只用得上 2019 至 2035 年"),
        ("years: {2027: {holidays: [0001-01-01..9999-12-31]}}", "一段最多 60 天"),
        (
            "terms: [{name: 秋, from: 2024-09-02, to: 2025-01-17}, {name: 春, from: 2025-01-10, to: 2025-07-04}]",
            "秋 与 春 的日期重叠",
        ),
    ],
    ids=["no such day", "no such year", "too long", "overlap"],
)
def test_days_that_make_no_sense(tmp_path: Path, text: str, said: str) -> None:
    """Said in one sentence, whatever the days are."""
    file = tmp_path / "calendar.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(InputUnusable, match=said):
        load_override(file)


def test_office_hours_are_read(tmp_path: Path) -> None:
    """The stretches of a working day come out in order; without them the usual ones hold."""
    own = load_override(_write(tmp_path, "office: [9:00-12:00, 14:30-18:00]"))
    assert own.office == ((time(9), time(12)), (time(14, 30), time(18)))
    assert load_override(_write(tmp_path, "years: {}")).office == OFFICE
    assert calendar_for("cn-workdays", _write(tmp_path, "office: ['09:00-17:00']")).office == ((time(9), time(17)),)


def test_what_moves_a_date_shows_in_the_edition(tmp_path: Path) -> None:
    """Every change of the own days or hours has an edition of its own, in whatever order they stand; terms have none."""
    official = calendar_for("cn-workdays").edition
    moving = [
        "years: {2024: {holidays: [2024-09-03..2024-09-06]}}",
        "years: {2024: {holidays: [2024-09-03..2024-09-05]}}",
        "years: {2024: {workdays: [2024-09-07]}}",
        "years: {2024: {holidays: [2024-09-03..2024-09-05], workdays: [2024-09-07]}}",
        "years: {2024: {complete: true, holidays: [2024-09-03..2024-09-05], workdays: [2024-09-07]}}",
        "office: [09:00-17:00]",
    ]
    editions = [calendar_for("cn-workdays", _write(tmp_path, text)).edition for text in moving]
    assert len(set(editions)) == len(moving)
    for edition in editions:
        before, _, digest = edition.partition("+")
        assert (before, len(digest)) == (official, 4)
    turned = "years: {2024: {workdays: [2024-09-07], holidays: [2024-09-05, 2024-09-03..2024-09-04]}}"
    assert calendar_for("cn-workdays", _write(tmp_path, turned)).edition == editions[3]
    terms = "terms: [{name: 秋, from: 2024-09-02, to: 2025-01-17}]"
    for still in ("", terms, "office: [08:30-12:00, 14:00-17:30]"):
        assert calendar_for("cn-workdays", _write(tmp_path, still)).edition == official


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("office: [8点到12点]", "office 第 1 项：8点到12点 不是一段上班时间，请写 08:30-12:00"),
        ("office: [12:00-08:30]", "office 第 1 项：12:00-08:30 不是一段上班时间"),
        ("office: ['25:00-26:00']", "office 第 1 项：25:00-26:00 不是一段上班时间"),
        ("office: [08:30-14:00, 12:00-17:30]", "office：各段上班时间须按先后写，不能重叠"),
        ("office: []", "office：至少写一段上班时间"),
        ("office: 08:30-12:00", "office：应为列表"),
    ],
)
def test_wrong_office_hours_are_named(tmp_path: Path, text: str, said: str) -> None:
    """Hours that cannot be, or lie over each other, are refused with the place."""
    with pytest.raises(InputUnusable) as refusal:
        load_override(_write(tmp_path, text))
    assert said in str(refusal.value)
