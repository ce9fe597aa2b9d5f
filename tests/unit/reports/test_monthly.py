from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from rectiflow.reports import monthly_tables
from rectiflow.reports.blocks import Chart, Heading, Paragraph, Table
from rectiflow.reports.case import Case
from rectiflow.reports.definitions import DEFINITIONS
from rectiflow.reports.errors import PeriodUnknown
from rectiflow.reports.figures import Figures
from rectiflow.reports.monthly import MonthlyReport, monthly_report
from rectiflow.reports.monthly_tables import HIDDEN
from rectiflow.reports.period import Period
from rectiflow.reports.word_page import TEXT_WIDTH_MM
from support.cases import a_case, a_month, passed

NOVEMBER = Period.parse("2024-11")
CUTOFF = datetime(2024, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai


def a_report(cases: list[Case], **changes: Any) -> MonthlyReport:
    """Write the report of November 2024."""
    usual: dict[str, Any] = {
        "period": NOVEMBER,
        "cutoff": CUTOFF,
        "made_at": datetime(2024, 12, 2, 1, tzinfo=UTC),
        "district_name": "示例区",
        "issuer": "示例区教育局安全股",
    }
    return monthly_report(cases, **(usual | changes))


def texts(report: MonthlyReport) -> list[str]:
    """Return all texts of a report."""
    found = [report.title, report.subtitle, *report.closing]
    for block in report.blocks:
        match block:
            case Heading(text=text) | Paragraph(text=text):
                found.append(text)
            case Table():
                found += [block.caption, *block.notes, *(column.title for column in block.columns)]
                found += [text for row in block.rows for text in row]
            case Chart():
                found += [block.caption, block.alt]
    return found


def tables(report: MonthlyReport) -> dict[str, Table]:
    """Return the tables of a report by their captions, without number and unit."""
    found = [block for block in report.blocks if isinstance(block, Table)]
    return {table.caption.partition("　")[2].partition("（单位")[0]: table for table in found}


def test_contents() -> None:
    """The five parts stand in their order, tables are numbered, and the chart is there."""
    report = a_report(a_month())
    heads = [block.text for block in report.blocks if isinstance(block, Heading) and block.level == 1]
    assert heads == ["一、总体情况", "二、各单位整改情况", "三、分类别整改情况", "四、逾期与复查逾期", "五、挂牌督办"]
    captions = [block.caption for block in report.blocks if isinstance(block, Table)]
    assert [caption.partition("　")[0] for caption in captions] == [f"表{number}" for number in range(1, 9)]
    assert [block.caption for block in report.blocks if isinstance(block, Chart)] == [
        "图1　分类别应整改、已整改和逾期隐患（单位：项）"
    ]
    assert (report.title, report.subtitle) == ("示例区校园安全隐患排查整改情况月报", "（2024年11月）")


def test_the_figures_in_words() -> None:
    """The paragraphs say the figures, and leave out what is not."""
    cases = [
        passed(a_case(number="1"), date(2024, 11, 15)),
        a_case(number="2"),
        a_case(number="3", outcome="merged", closed_on=date(2024, 11, 7)),
    ]
    words = [block.text for block in a_report(cases).blocks if isinstance(block, Paragraph)]
    assert words[0] == (
        "2024年11月，示例区新增校园安全隐患3项，上期结转0项，重复并入1项，应整改2项。已整改1项，整改率50.0%。"
        "截至2024年11月30日，未整改1项，其中逾期1项。"
    )
    assert words[1] == (
        "本期按原定时限到期2项，按期整改1项，按期整改率50.0%（按现行时限为50.0%）。"
        "平均整改时长10.0天（中位10.0天），平均复查用时3.0天。"
        "一次复查合格率100.0%；新增隐患中单位自查发现0项，自查发现率0.0%。"
    )
    assert words[2] == "当年1—11月累计应整改2项，已整改1项，整改率50.0%，按期整改率50.0%。"


def test_a_month_without_hazards() -> None:
    """A month without a hazard has a report too: sentences instead of lists, dashes for rates, no chart."""
    report = a_report([])
    words = [block.text for block in report.blocks if isinstance(block, Paragraph)]
    assert words[0] == "2024年11月，示例区无新增隐患，期初无结转隐患。"
    assert "截至2024年11月30日，没有逾期未整改的隐患。" in words
    assert "本期没有挂牌督办的隐患和重大隐患。" in words
    assert not [block for block in report.blocks if isinstance(block, Chart)]
    assert tables(report)["各单位整改情况"].rows == (("", "合计", "0", "0", "—", "0", "—", "0", "0", "0", "—"),)
    assert report.problems == ()


def test_everything_done() -> None:
    """A month in which all was put right says so."""
    report = a_report([passed(a_case(), date(2024, 11, 15))])
    assert "截至2024年11月30日，应整改的隐患已全部办结。" in "".join(texts(report))


def test_made_late_says_so() -> None:
    """A report made late says it in the first sentence, with the time, and in its subtitle."""
    report = a_report(a_month(), late=True, version=2, made_at=datetime(2024, 12, 9, 1, 30, tzinfo=UTC))
    assert report.subtitle == "（2024年11月，补报，第2版）"
    first = next(block for block in report.blocks if isinstance(block, Paragraph))
    assert first.text == "本期月报未按时生成，本报告系补报，生成时间为2024年12月9日9时30分。"
    assert "补报" not in "".join(texts(a_report(a_month())))


def test_cutoff_and_self_check_are_printed() -> None:
    """The report says up to when its figures hold and that its totals agree with the rows."""
    report = a_report(a_month())
    assert report.closing == (
        "数据截至2024年11月30日24时，生成时间2024年12月2日9时。",
        "数据核对：表2、表3、表4合计与56项应整改隐患明细一致，各名单项数与表内数字一致。",
    )
    assert report.figures.base == 56


def test_disagreement_is_printed() -> None:
    """Rows that do not add up do not stop the report; it says what is wrong."""
    report = a_report([a_case(), a_case()])
    assert report.problems == ("隐患编号LZH-2024-000001在明细中出现2次",)
    expected = "数据核对：发现1处不一致，请核实后再用：隐患编号LZH-2024-000001在明细中出现2次。"
    assert report.closing[1] == expected


def test_lists() -> None:
    """The overdue, the waiting too long and the undated are listed with their dates and days."""
    shown = tables(
        a_report(
            [
                a_case(number="A", due_on=date(2024, 11, 28)),
                a_case(number="B", due_on=date(2024, 11, 20)),
                a_case(number="C", applied_on=date(2024, 11, 18), verify_due_on=date(2024, 11, 25), verify_late=True),
                a_case(number="D", due_on=None, state="待交办"),
                a_case(number="E", due_on=date(2024, 11, 30)),
            ]
        )
    )
    said = "教学楼二楼疏散通道堆放课桌椅"
    unit = "示例镇第一小学"
    assert shown["逾期未整改隐患"].rows == (
        ("1", "B", unit, said, "2024-11-20", "10"),
        ("2", "A", unit, said, "2024-11-28", "2"),
    )
    assert shown["复查逾期隐患"].rows == (("1", "C", unit, said, "2024-11-18", "2024-11-25", "5"),)
    assert shown["未定时限隐患"].rows == (("1", "D", unit, said, "2024-11-04", "待交办"),)


def test_watched_hazards() -> None:
    """Listed and major hazards are shown with their level, the highest first."""
    due = date(2024, 12, 20)
    cases = [
        a_case(number="A", severity="major", due_on=due),
        a_case(number="B", listed="town", due_on=due),
        a_case(number="C", listed="district", due_on=due),
    ]
    rows = tables(a_report(cases))["挂牌督办和重大隐患"].rows
    assert [(row[1], row[4], row[5]) for row in rows] == [
        ("C", "一般", "区级"),
        ("B", "一般", "镇级"),
        ("A", "重大", "—"),
    ]


def test_restricted_hazards_are_counted_but_not_described() -> None:
    """Nothing of a restricted hazard's description is anywhere in the report."""
    secret = "某某家长与学校争执"
    cases = [
        a_case(number="A", restricted=True, description=secret),
        a_case(number="B", restricted=True, description=secret, listed="district", due_on=None),
        a_case(number="C", restricted=True, description=secret, applied_on=date(2024, 11, 6), verify_late=True),
    ]
    report = a_report(cases)
    assert report.figures.base == 3
    assert secret[:4] not in "".join(texts(report))
    assert texts(report).count(HIDDEN) == 4


def test_every_figure_has_its_definition_under_a_table() -> None:
    """Each definition is printed under at least one table."""
    printed = {note for table in tables(a_report(a_month())).values() for note in table.notes}
    assert set(DEFINITIONS.values()) <= printed


def test_tables_fit_the_page() -> None:
    """Every table is as wide as the text, every row as long as its header."""
    for table in tables(a_report(a_month())).values():
        assert sum(column.width_mm for column in table.columns) == TEXT_WIDTH_MM, table.caption
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_referred_is_told_beside_the_table() -> None:
    """What was handed to another authority is a line of its own."""
    report = a_report([a_case(number="A"), a_case(number="B", referred=True)])
    note = tables(report)["各镇中心学校（园区教办）整改情况"].notes[-1]
    assert note == "另有移送其他部门的隐患1项，已反馈0项，不计入本表。"


def test_order_of_rows_changes_nothing() -> None:
    """The same hazards in another order make the same report."""
    cases = a_month()
    assert a_report(cases) == a_report(list(reversed(cases)))


def test_running_month_and_closing_day() -> None:
    """A cut-off within the month is the last day that counts; a closing day is told."""
    running = a_report(a_month(), cutoff=datetime(2024, 11, 15, 10, tzinfo=UTC))
    assert running.closing[0].startswith("数据截至2024年11月15日18时，")
    assert running.figures.due < a_report(a_month()).figures.due
    closed = a_report(a_month(), period=Period.parse("2024-11", closing_day=25))
    assert "2024年11月（2024年10月26日至2024年11月25日），示例区" in "".join(texts(closed))


def test_a_later_cutoff_is_the_periods_end() -> None:
    """A late report whose rows were taken later still shows the month as it ended."""
    case = passed(a_case(), date(2024, 11, 29), after=5)
    later = a_report([case], cutoff=datetime(2024, 12, 20, tzinfo=UTC))
    assert later.figures == Figures(new=1, waiting=1, due=1, due_waiting=1, due_now=1)


def test_refusals() -> None:
    """A cut-off before the month, and a time without a zone, are refused."""
    with pytest.raises(PeriodUnknown, match="早于报告期"):
        a_report([], cutoff=datetime(2024, 10, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="without a zone"):
        a_report([], cutoff=datetime(2024, 11, 30))  # noqa: DTZ001 - that is the point


def test_other_periods_are_written_the_same_way() -> None:
    """A year is its own year to date."""
    year = a_report(a_month(), period=Period.parse("2024"), cutoff=datetime(2024, 12, 31, tzinfo=UTC))
    assert year.figures == year.year_to_date
    assert year.subtitle == "（2024年）"


def test_lists_are_checked_against_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that holds other than what the table counts is told."""

    def one_too_many(*_: object) -> list[Case]:
        return [a_case()]

    monkeypatch.setattr(monthly_tables, "undated_cases", one_too_many)
    assert a_report([a_case()]).problems == ("未定时限名单1项，表中0项",)
