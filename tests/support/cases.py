"""Hazards for the tests of reports: one of them, and a whole month of a district."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from rectiflow.reports.case import Case

_PLAIN = Case(
    number="LZH-2024-000001",
    unit_id="u1",
    unit="示例镇第一小学",
    town="示例镇中心学校",
    category_id="fire",
    category="消防安全",
    severity="general",
    workflow="hazard",
    source="bureau",
    state="整改中",
    description="教学楼二楼疏散通道堆放课桌椅",
    restricted=False,
    found_on=date(2024, 11, 4),
    entered_on=date(2024, 11, 4),
    served_on=date(2024, 11, 5),
    original_due_on=date(2024, 11, 20),
    due_on=date(2024, 11, 20),
    applied_on=None,
    passed_on=None,
    closed_on=None,
    outcome=None,
    verify_due_on=None,
    verify_late=False,
    fails=0,
    first_pass=None,
    on_the_spot=False,
    self_found=False,
    stock=False,
    on_behalf=0,
    late_entries=0,
    listed=None,
    referred=False,
    extended=0,
    funds=None,
    reopened=False,
)

UNITS = [
    *(("示例镇中心学校", f"示例镇第{number}小学") for number in "一二三四"),
    *(("示例镇中心学校", unit) for unit in ("示例镇初级中学", "示例镇中心幼儿园")),
    *(("湖东镇中心学校", unit) for unit in ("湖东镇中心小学", "湖东镇初级中学", "湖东镇幼儿园（南园）")),
    ("湖东镇中心学校", "湖东镇滨湖村小学教学点"),
    *(("园区教办", unit) for unit in ("园区实验学校", "园区第一幼儿园")),
    ("局直属", "区高级中学"),
]
CATEGORIES = [
    ("fire", "消防安全", "教学楼二楼疏散通道堆放课桌椅，应急照明灯损坏3盏"),
    ("chemicals", "危险化学品", "化学实验室危化品柜未落实双人双锁，领用登记不全"),
    ("buildings", "校舍和在建工程", "综合楼外墙瓷砖空鼓，有脱落风险"),
    ("bus", "校车安全", "校车灭火器过期，逃生锤缺失1把"),
    ("drowning", "防溺水", "校门外水塘无警示牌和防护栏"),
    ("gathering", "大型集会（研学）", "运动会疏散方案未报备"),
    ("food", "食品安全", "食堂留样不足48小时，索证索票不全"),
    ("surroundings", "校园周边", "校门口50米内有烟酒零售点"),
    ("security", "校园安防", "一键报警装置未联网，视频监控有盲区"),
    ("disputes", "矛盾纠纷", "家长与学校就人身伤害赔偿争执"),
]


def a_case(**changes: Any) -> Case:
    """Return an open general hazard of November 2024 with these fields changed."""
    return replace(_PLAIN, **changes)


def passed(case: Case, applied: date, after: int = 3) -> Case:
    """Return the case applied for on `applied`, passed `after` days later and closed."""
    done = applied + timedelta(days=after)
    outcome: dict[str, Any] = {"passed_on": done, "closed_on": done, "outcome": "rectified", "state": "已销号"}
    return replace(case, applied_on=applied, first_pass=case.fails == 0, **outcome)


def a_month(count: int = 72) -> list[Case]:
    """Return a district's hazards of autumn 2024 as they stood at the end of November: some of every kind."""
    return [_lived(place, _registered(place)) for place in range(count)]


def _registered(place: int) -> Case:
    town, unit = UNITS[place * 5 % len(UNITS)]
    key, title, description = CATEGORIES[place * 3 % len(CATEGORIES)]
    found = date(2024, 10, 8) + timedelta(days=place * 5 % 52)
    due = found + timedelta(days=12 + place % 4 * 5)
    return a_case(
        number=f"LZH-2024-{place + 1:06}",
        unit_id=unit,
        unit=unit,
        town=town,
        category_id=key,
        category=title,
        description=description,
        restricted=key == "disputes",
        found_on=found,
        entered_on=found + timedelta(days=3 * (place % 9 == 0)),
        served_on=found + timedelta(days=1),
        original_due_on=due,
        due_on=due,
        self_found=place % 4 == 1,
        stock=place % 11 == 3,
        on_behalf=int(place % 6 == 0),
        late_entries=int(place % 9 == 0),
    )


def _lived(place: int, case: Case) -> Case:
    """Let the hazard live on to the end of November."""
    end = date(2024, 11, 30)
    spot: dict[str, Any] = {"on_the_spot": True, "served_on": None, "original_due_on": None, "due_on": None}
    match place % 12:
        case 0 | 4:
            return passed(replace(case, **spot), case.found_on, 0)
        case 1:
            return replace(case, state="待交办", served_on=None, original_due_on=None, due_on=None)
        case 2:
            return replace(case, due_on=end + timedelta(days=20), extended=1)
        case 3:
            waiting = case.found_on + timedelta(days=9)
            late = waiting + timedelta(days=7) < end
            dates: dict[str, Any] = {"applied_on": min(waiting, end), "verify_due_on": waiting + timedelta(days=7)}
            return replace(case, state="待复查", verify_late=late, **dates)
        case 5:
            return _special(place, case)
        case 6:
            return case
        case 7:
            return passed(replace(case, fails=1, funds=Decimal("0.35")), case.found_on + timedelta(days=18), 2)
        case _:
            return passed(replace(case, funds=Decimal("1.2")), case.found_on + timedelta(days=6 + place % 5))


def _special(place: int, case: Case) -> Case:
    closed: dict[str, Any] = {"closed_on": case.entered_on + timedelta(days=2), "due_on": None, "original_due_on": None}
    long_dated: dict[str, Any] = {"due_on": date(2025, 1, 31), "original_due_on": date(2025, 1, 31)}
    match place // 12:
        case 0:
            return replace(case, severity="major", state="待验收", listed="district", **long_dated)
        case 1:
            return replace(case, state="核查不属实", outcome="unfounded", **closed)
        case 2:
            return replace(case, state="重复并入", outcome="merged", **closed)
        case 3:
            return replace(case, referred=True, state="已移送")
        case 4:
            return replace(case, listed="town", state="整改中", **long_dated)
        case _:
            return passed(replace(case, severity="major"), case.found_on + timedelta(days=5))
