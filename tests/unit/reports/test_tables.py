from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from rectiflow.reports.figures import Figures, measure
from rectiflow.reports.period import Period
from rectiflow.reports.register import base_cases
from rectiflow.reports.tables import by_category, by_town, by_unit, reconcile
from support.cases import a_case, a_month

NOVEMBER = Period.parse("2024-11")


def test_groups() -> None:
    """Each unit, town and category has a line with the figures of its own hazards, the largest first."""
    cases = [
        a_case(number="1", unit_id="a", unit="甲校", town="东镇"),
        a_case(number="2", unit_id="b", unit="乙校", town="东镇", category_id="food", category="食品安全"),
        a_case(number="3", unit_id="b", unit="乙校", town="东镇"),
        a_case(number="4", unit_id="c", unit="丙校", town="局直属", entered_on=date(2024, 12, 3)),
    ]
    units = by_unit(cases, NOVEMBER)
    assert [(line.key, line.label, line.figures.base) for line in units.lines] == [("b", "乙校", 2), ("a", "甲校", 1)]
    assert [(line.label, line.figures.base) for line in by_town(cases, NOVEMBER).lines] == [("东镇", 3)]
    assert [line.label for line in by_category(cases, NOVEMBER).lines] == ["消防安全", "食品安全"]
    assert units.total == measure(cases, NOVEMBER)


def test_a_renamed_unit_is_one_line_under_its_new_name() -> None:
    """Lines go by the unit's id; the newest hazard says its name."""
    old, new = a_case(number="1", unit="旧名"), a_case(number="2", unit="新名", entered_on=date(2024, 11, 20))
    assert [line.label for line in by_unit([new, old], NOVEMBER).lines] == ["新名"]


def test_tables_of_a_month_reconcile() -> None:
    """The tables of a whole month agree with its rows."""
    cases = a_month()
    tables = [tabulate(cases, NOVEMBER) for tabulate in (by_unit, by_town, by_category)]
    assert reconcile(tables, cases) == []


def test_what_does_not_reconcile_is_named() -> None:
    """A lost row, a doubled number and a wrong total are each told, with the table and the figure."""
    cases = a_month()
    table = by_unit(cases, NOVEMBER)
    short = replace(table, lines=table.lines[1:])
    assert "各单位表：本期新增各行之和与合计不等" in reconcile([short], cases)
    twice = base_cases(cases, NOVEMBER)[0]
    doubled = reconcile([table], [*cases, twice])
    assert doubled[0] == f"隐患编号{twice.number}在明细中出现2次"
    base = table.total.base
    assert f"各单位表：应整改合计{base}项，明细{base + 1}项" in doubled
    wrong = replace(table, total=table.total + Figures(rectified=1))
    assert f"各单位表：已整改与未整改各项之和{base + 1}项，应整改{base}项" in reconcile([wrong], cases)
