"""The opening ledger: a believable stock of hazards at every stage, and readable as the workbook offices keep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rectiflow.intake.dates import Deadline, parse_date, parse_deadline
from rectiflow.intake.ledger import LedgerFile, read_ledger
from rectiflow.workflows.calendars.cn import china_workdays
from rectiflow.workflows.sample.loader import (
    OPENING_DAY,
    OpeningLedger,
    SampleDistrict,
    load_district,
    load_opening,
    write_opening_ledger,
)

COLUMNS = (
    "序号,隐患编号,排查时间,排查单位,排查人,检查方式,学校(单位),隐患部位,隐患类别,隐患描述,判定依据,隐患等级,整改措施,"
    "整改责任单位,整改责任人,联系电话,督办领导,整改资金(万元),整改时限,临时防控措施,整改情况,完成时间,复查人,复查时间,"
    "复查结论,督办级别,销号时间,销号人,备注"
)
Row = Mapping[str, str]


@pytest.fixture(scope="module")
def ledger() -> OpeningLedger:
    """The opening ledger."""
    return load_opening()


@pytest.fixture(scope="module")
def district() -> SampleDistrict:
    """The sample district."""
    return load_district()


def _items(name: str) -> dict[str, Any]:
    yaml: Any = YAML(typ="safe", pure=True)
    items: dict[str, Any] = yaml.load(
        files("rectiflow.workflows.catalogues").joinpath(f"{name}.yaml").read_text("utf-8")
    )["items"]
    return items


def _words(name: str) -> dict[str, str]:
    """Map every title and alias of a catalogue to its topmost entry."""
    found: dict[str, str] = {}
    for key, item in _items(name).items():
        for entry in (item, *item.get("children", {}).values()):
            found |= dict.fromkeys((entry["title"], *entry.get("aliases", ())), key)
    return found


def _stage(row: Row) -> str:
    if row["销号时间"]:
        return "closed"
    if row["复查结论"]:
        return "verified" if row["复查结论"] == "合格" else "failed"
    if row["完成时间"]:
        return "handed in"
    if row["整改责任人"]:
        return "rectifying" if row["整改情况"] not in {"", "待签收"} else "assigned"
    return "reported"


def _date(text: str) -> date:
    return parse_date(text, year=OPENING_DAY.year).date


def _due(row: Row) -> date | None:
    due = parse_deadline(row["整改时限"], year=OPENING_DAY.year)
    return None if isinstance(due, Deadline) else due.date


def test_columns_and_size(ledger: OpeningLedger) -> None:
    """It has the standard columns, at least 64 rows counted from 1, and no description twice."""
    assert ",".join(ledger.columns) == COLUMNS
    assert len(ledger.rows) >= 64
    assert [row["序号"] for row in ledger.rows] == [str(n) for n in range(1, len(ledger.rows) + 1)]
    assert len({row["隐患描述"] for row in ledger.rows}) == len(ledger.rows)


def test_all_stages_are_there(ledger: OpeningLedger) -> None:
    """Hazards wait at every stage, and some failed their re-inspection."""
    stages = Counter(_stage(row) for row in ledger.rows)
    assert all(
        stages[stage] >= least
        for stage, least in (
            ("reported", 5), ("assigned", 5), ("rectifying", 15), ("handed in", 5), ("failed", 2), ("verified", 4),
            ("closed", 15),
        )
    )  # fmt: skip


def test_some_are_overdue_by_weeks_and_some_undated(ledger: OpeningLedger) -> None:
    """Part of what is being rectified is late on the opening day; part has no deadline at all."""
    working = [row for row in ledger.rows if _stage(row) == "rectifying"]
    late = [due for row in working if (due := _due(row)) and (OPENING_DAY - due).days >= 14]
    assert len(late) >= 8
    assert sum(row["整改时限"] == "未定" for row in ledger.rows) >= 2


def test_major_hazards_are_made_safe_first(ledger: OpeningLedger) -> None:
    """The one or two major ones are listed by the district and have control measures."""
    major = [row for row in ledger.rows if row["隐患等级"] == "重大"]
    assert 1 <= len(major) <= 2
    assert all(row["督办级别"] == "区级" and "停" in row["临时防控措施"] for row in major)


def test_categories_cover_the_plan(ledger: OpeningLedger) -> None:
    """All categories the story needs occur, under titles, aliases and children; two or three rows are restricted."""
    words = _words("category")
    tops = Counter(words[row["隐患类别"]] for row in ledger.rows)
    for category in (
        "fire", "hazmat", "building", "school_bus", "drowning", "gathering", "food", "surroundings", "security",
    ):  # fmt: skip
        assert tops[category] >= 4, category
    assert 2 <= tops["bullying"] + tops["mental"] + tops["dispute"] <= 3


def test_everything_named_is_known(ledger: OpeningLedger, district: SampleDistrict) -> None:
    """Units, persons, places and ways of inspection are the sample's; aliases are used; nobody else is named."""
    units = {name for u in district.units for name in (u.name, *u.aliases)}
    phones = {p.name: p.phone for p in district.persons}
    places, methods = _words("place"), _words("source")
    for row in ledger.rows:
        for column in ("排查单位", "学校(单位)", "整改责任单位"):
            assert row[column] in units or (column == "整改责任单位" and not row[column]), row[column]
        for column in ("排查人", "整改责任人", "督办领导", "复查人", "销号人"):
            assert set(filter(None, row[column].split("、"))) <= set(phones)
        assert row["隐患部位"] in places
        assert row["检查方式"] in methods
        digits = "".join(str(int(d)) for d in row["联系电话"] if d.isdecimal())
        assert digits == phones.get(row["整改责任人"], "")
    aliases = {name for u in district.units for name in u.aliases}
    assert sum(row["学校(单位)"] in aliases or row["整改责任单位"] in aliases for row in ledger.rows) >= 8


def test_dates_are_in_order_and_on_working_days(ledger: OpeningLedger) -> None:
    """Found in spring or summer; handed in, re-inspected and struck off in this order, by offices on working days."""
    days = china_workdays(2024, 2024)[2024]
    for row in ledger.rows:
        steps = [_date(row[c]) for c in ("排查时间", "完成时间", "复查时间", "销号时间") if row[c]]
        assert steps == sorted(steps)
        assert date(2024, 3, 1) <= steps[0] <= date(2024, 8, 30)
        assert all(step < OPENING_DAY for step in steps)
        assert all(days.works(_date(row[c])) for c in ("复查时间", "销号时间") if row[c])
        assert bool(row["复查时间"]) == bool(row["复查人"]) == bool(row["复查结论"])
        assert bool(row["销号时间"]) == bool(row["销号人"])
        assert row["整改责任人"] not in {row["复查人"], row["销号人"]} or not row["整改责任人"]


def test_dates_are_written_in_many_ways(ledger: OpeningLedger) -> None:
    """Every way of writing a date that offices use occurs."""
    written = [row[c] for row in ledger.rows for c in ("排查时间", "整改时限", "完成时间", "复查时间", "销号时间")]
    for form in (
        r"\d{4}-\d{2}-\d{2}", r"\d{4}\.\d+\.\d+", r"\d{4}/\d+/\d+", r"\d{4}年\d+月\d+日", r"\d+月\d+日", r"\d{4}年\d+月底",
        r"\d+月底", r"\d{4}-\d{2}", r"[０-９]{4}．[０-９]+．[０-９]+",
    ):  # fmt: skip
        assert any(re.fullmatch(form, text) for text in written), form


def _read(path: Path) -> LedgerFile:
    return read_ledger(path, today=OPENING_DAY)


def test_both_forms_read_back_row_by_row(ledger: OpeningLedger, tmp_path: Path) -> None:
    """The workbook and the text file give the same hazards, all of them, without a problem or a warning."""
    path = tmp_path / "opening.xlsx"
    write_opening_ledger(path)
    book = _read(path)
    with as_file(files("rectiflow.workflows.sample").joinpath("opening.csv")) as text_path:
        text = _read(text_path)
    for read in (book, text):
        assert [str(p) for p in read.problems] == []
        assert [row.warnings for row in read.rows if row.warnings] == []
        assert len(read.rows) == len(ledger.rows)
        assert (read.title, read.year, read.ignored) == (ledger.title, 2024, ())
    assert [dict(row.values) for row in book.rows] == [dict(row.values) for row in text.rows]
    assert [row.values["unit"] for row in book.rows] == [row["学校(单位)"] for row in ledger.rows]


def test_the_workbook_looks_as_offices_keep_it(ledger: OpeningLedger, tmp_path: Path) -> None:
    """It has a title, a header of two lines, real dates beside texts, a blank row, a total and remarks."""
    import openpyxl

    path = tmp_path / "opening.xlsx"
    write_opening_ledger(path)
    sheet: Any = openpyxl.load_workbook(path).active
    assert sheet["A1"].value == ledger.title
    assert _read(path).header_rows == (2, 3)
    assert any(r.max_row > r.min_row > 3 for r in sheet.merged_cells.ranges)
    kinds = {type(sheet.cell(row, 3).value).__name__ for row in range(4, 4 + len(ledger.rows))}
    assert {"str", "datetime", "NoneType"} <= kinds
    assert [s.reason for s in _read(path).skipped] == ["合计行", "表下说明", "表下说明"]


def test_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    """Written twice, the workbook is the same to the byte."""
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    write_opening_ledger(first)
    write_opening_ledger(second)
    assert first.read_bytes() == second.read_bytes()
