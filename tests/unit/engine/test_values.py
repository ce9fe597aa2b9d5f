"""What people write becomes what is kept, and what is kept is written for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from rectiflow.engine.values import TEXT_LIMIT, coerce, persistent, read_date, show, take
from rectiflow.engine.workflow import Field, FieldType
from support.district import RECTIFIER, directory, workflows

TODAY = date(2024, 9, 2)
HAZARD = workflows()["hazard"]


def kept(kind: FieldType, raw: object) -> Any:
    """Return what is kept of a value for a field of a type."""
    return coerce(HAZARD, Field(id="x", title="某项", type=kind), raw, directory(), TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-31", date(2024, 12, 31)),
        ("2024年12月31日", date(2024, 12, 31)),
        (" 2024.12.5 ", date(2024, 12, 5)),
        ("2024/1/2", date(2024, 1, 2)),
        ("12月31日", date(2024, 12, 31)),
        ("2月29日", date(2024, 2, 29)),
        ("9.1", date(2024, 9, 1)),
    ],
)
def test_dates_as_people_write_them(text: str, expected: date) -> None:
    """With a year, or in the year that lies nearest."""
    assert read_date(text, TODAY) == expected


@pytest.mark.parametrize(
    ("today", "expected"), [(date(2024, 12, 20), date(2025, 1, 5)), (date(2025, 1, 3), date(2025, 1, 5))]
)
def test_a_date_without_a_year_is_the_nearest(today: date, expected: date) -> None:
    """At the end of the year January is the next one."""
    assert read_date("1月5日", today) == expected


@pytest.mark.parametrize(
    ("text", "today", "field", "expected"),
    [
        ("8月31日", date(2025, 1, 10), "due_on", "2025-08-31"),  # the nearest lies in the past, and no deadline does
        ("12月31日", date(2025, 1, 10), "due_on", "2024-12-31"),  # a slip or this December: refused later, not guessed
        ("7月1日", date(2025, 1, 10), "found_on", "2024-07-01"),  # the nearest lies ahead, and nothing is found there
        ("7月1日", date(2025, 1, 10), "new_due_on", "2025-07-01"),
        ("9月1日", date(2024, 10, 18), "due_on", "2024-09-01"),  # a slip of last month, not a deadline of next autumn
        ("6月30日", date(2024, 10, 18), "due_on", "2025-06-30"),
        ("1月5日", date(2024, 12, 20), "found_on", "2025-01-05"),  # as above: refused later as lying ahead
        ("2025-07-01", date(2025, 1, 10), "found_on", "2025-07-01"),
    ],
)
def test_a_date_without_a_year_lies_on_the_side_that_makes_sense(
    text: str, today: date, field: str, expected: str
) -> None:
    """Deadlines lie ahead, what happened lies behind; farther off than nine months a slip is likelier."""
    fields = HAZARD.fields
    assert coerce(HAZARD, fields[field], text, directory(), today) == expected


@pytest.mark.parametrize("text", ["", "明天", "2024-13-01", "2024年2月30日", "31/12/2024", "12"])
def test_what_is_no_date(text: str) -> None:
    """It is refused in Chinese."""
    with pytest.raises(ValueError, match="“"):
        read_date(text, TODAY)


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("text", " 清走 ", "清走"),
        ("date", date(2024, 9, 3), "2024-09-03"),
        ("date", datetime(2024, 9, 3, 8, tzinfo=UTC), "2024-09-03"),
        ("decimal", "3.50", "3.5"),
        ("decimal", 100, "100"),
        ("decimal", "1e3", "1000"),
        ("integer", " 7 ", 7),
        ("boolean", "是", True),
        ("boolean", True, True),
        ("boolean", "no", False),
        ("datetime", "2024-09-03T08:00:00+08:00", "2024-09-03T08:00:00+08:00"),
        ("list", "甲；乙;丙\n", ["甲", "乙", "丙"]),
        ("list", ["甲", " ", "乙"], ["甲", "乙"]),
        ("unit", "一镇一小", "town1_school2"),
        ("person", "示例一镇第一小学安全副校长", RECTIFIER),
    ],
)
def test_values_that_fit(kind: FieldType, raw: object, expected: object) -> None:
    """Each type keeps plain JSON."""
    assert kept(kind, raw) == expected


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", "字" * (TEXT_LIMIT + 1)),
        ("decimal", "三万"),
        ("decimal", "NaN"),
        ("decimal", "Infinity"),
        ("integer", "3.5"),
        ("boolean", "也许"),
        ("datetime", "2024-09-03T08:00:00"),
        ("datetime", "昨天"),
        ("date", "昨天"),
    ],
)
def test_values_that_do_not_fit(kind: FieldType, raw: object) -> None:
    """Whatever cannot be read is a mistake, not a guess."""
    with pytest.raises(ValueError, match=r"."):
        kept(kind, raw)


def test_every_fault_of_a_sheet_is_named() -> None:
    """Unknown fields, values that do not fit, units that do not exist: one reason each, the rest is taken."""
    data = {
        "colour": "red",
        "funds": "多",
        "source": "飞鸽",
        "category": "无",
        "responsible_unit": "三中",
        "place": "教学楼",
        "measures": " ",
    }
    taken, reasons = take(HAZARD, data, directory(), TODAY)
    assert taken == {"place": "教学楼", "measures": None}
    assert [(r.code, r.subject) for r in reasons] == [
        ("field_unknown", "colour"),
        *(("field_invalid", name) for name in ("funds", "source", "category", "responsible_unit")),
    ]


def test_choices_and_entries_are_known_by_id_and_title() -> None:
    """The bureau's own words and aliases are understood."""
    taken, reasons = take(HAZARD, {"source": "自查", "category": "私拉乱接"}, directory(), TODAY)
    assert (taken, reasons) == ({"source": "self", "category": "fire_private_wire"}, [])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("place", None, "—"),
        ("place", "教学楼", "教学楼"),
        ("source", "self", "自查"),
        ("category", "fire_ebike", "违规给电动自行车充电"),
        ("category", "gone", "gone"),
        ("responsible_unit", "town1_school2", "示例一镇第一小学"),
        ("responsible_person", "gone", "gone"),
        ("no_such_field", 3, "3"),
        ("evidence", ["a", "b"], "a；b"),
    ],
)
def test_kept_values_are_written_for_people(name: str, value: object, expected: str) -> None:
    """Ids become names; what is gone stays as it was kept."""
    assert show(HAZARD, name, value, directory()) == expected
    assert show(workflows()["major_hazard"], "guaranteed_funds", value=False, directory=directory()) == "否"


def test_reasons_and_proposals_do_not_stay_on_record() -> None:
    """They belong to their event."""
    given = {
        "reason": "x",
        "note": "y",
        "new_due_on": "2024-10-01",
        "second_inspector": "z",
        "suggested_unit": "u",
        "place": "p",
    }
    assert persistent(given) == {"place": "p"}


@pytest.mark.parametrize(("text", "said"), [("2100-12-31", "2100-12-31 在十年以后"), ("2034-10-01", "在十年以后")])
def test_a_deadline_beyond_ten_years_is_a_slip(text: str, said: str) -> None:
    """A date by which something is to be done lies within ten years."""
    workflow = workflows()["hazard"]
    taken, reasons = take(workflow, {"due_on": text}, directory(), date(2024, 9, 2))
    assert taken == {}
    assert said in reasons[0].message
    assert take(workflow, {"due_on": "2034-08-01"}, directory(), date(2024, 9, 2))[1] == []


@pytest.mark.parametrize("raw", ["0", "-5", "3651"])
def test_a_length_in_a_field_says_its_own_bounds(raw: str) -> None:
    """What speaks against the days of a clock is said with the bounds of days."""
    _, reasons = take(workflows()["hard_to_rectify"], {"monitor_every": raw}, directory(), date(2024, 9, 2))
    assert "应在 1 到 3650 天之间" in reasons[0].message
