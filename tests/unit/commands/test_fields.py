"""Words behind a command: taken apart, put to fields, dates and means."""

from __future__ import annotations

from datetime import date

import pytest
import typer

from rectiflow._library import load_library
from rectiflow.commands._fields import (
    by_field,
    near_fields,
    read_day,
    read_level,
    read_order,
    read_pairs,
    read_via,
    resolve_action,
    resolve_request,
)
from rectiflow.engine.workflow import Workflow

TODAY = date(2024, 9, 10)


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The built-in workflow of general hazards."""
    return load_library().latest["hazard"]


def test_order() -> None:
    """Numbers, the action and the fields may be told apart wherever they stand."""
    order = read_order(["12-15", "17", "交办", "整改时限=12月31日", "理由：分两次：先清后查"])
    assert order.numbers == ("12-15", "17")
    assert order.action == "交办"
    assert order.pairs == [("整改时限", "12月31日"), ("理由", "分两次：先清后查")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["交办"], "没有写隐患编号"),
        (["12"], "没有写要办的操作"),
        ([], "没有写隐患编号（如 123 或 12-15）；没有写要办的操作"),
        (["12", "交办", "马上", "快"], "“马上”看不懂，应写成 项目=内容；“快”看不懂"),
    ],
)
def test_order_misses_something(words: list[str], said: str) -> None:
    """Everything that is wrong with the words is said together."""
    with pytest.raises(typer.BadParameter, match=said):
        read_order(words)


def test_pairs() -> None:
    """Three signs separate name and value; the first one counts."""
    assert read_pairs(["a=b=c", "甲＝乙", "丙：丁=戊", "空="]) == [
        ("a", "b=c"),
        ("甲", "乙"),
        ("丙", "丁=戊"),
        ("空", ""),
    ]
    with pytest.raises(typer.BadParameter, match="“x”、“=y”应写成 项目=内容"):
        read_pairs(["x", "=y"])


def test_by_field(workflow: Workflow) -> None:
    """Titles, beginnings of titles and ids lead to the same field; unknown names stay for the refusal."""
    pairs = [("隐患描述", "x"), ("due_on", "昨天"), ("整改责", "甲"), ("不认识", "1")]
    said = by_field(workflow, pairs, TODAY)
    assert said == {"description": "x", "due_on": "2024-09-09", "responsible_person": "甲", "不认识": "1"}


def test_by_field_twice(workflow: Workflow) -> None:
    """A field that takes one value is written once, under whatever name."""
    with pytest.raises(typer.BadParameter, match="“整改时限”写了两次"):
        by_field(workflow, [("整改时限", "1"), ("due_on", "2")], TODAY)


def test_near_fields(workflow: Workflow) -> None:
    """A misspelt name gets the nearest titles, one far off all of them, known names nothing."""
    assert near_fields(workflow, ["整改措使"]).startswith("是不是：整改措施")
    assert "可写的项目：来源、排查日期" in near_fields(workflow, ["qwerty"])
    assert near_fields(workflow, ["due_on"]) == ""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("今天", date(2024, 9, 10)),
        ("前天", date(2024, 9, 8)),
        ("9月1日", date(2024, 9, 1)),
        ("12.31", date(2023, 12, 31)),  # what has happened lies behind
        ("2023年12月5日", date(2023, 12, 5)),
        (None, None),
    ],
)
def test_read_day(text: str | None, day: date | None) -> None:
    """Days are read as people write them; the nearest year is meant, with --on one that is past."""
    assert read_day(text, TODAY) == day


def test_read_day_names_the_option() -> None:
    """What is no day is wrong usage of the option."""
    with pytest.raises(typer.BadParameter) as caught:
        read_day("下周", TODAY, "--due-by")
    assert caught.value.param_hint == "--due-by"


@pytest.mark.parametrize(
    ("text", "via"), [("电话", "phone"), ("phone", "phone"), ("当", "in-person"), ("wec", "wechat")]
)
def test_read_via(text: str, via: str) -> None:
    """A means may be said in Chinese, by its id, or by a beginning of either."""
    assert read_via(text) == via


def test_words_that_are_none() -> None:
    """A means or level that does not exist is answered with those that do."""
    with pytest.raises(typer.BadParameter, match="没有“传真”，可写：本人"):
        read_via("传真")
    with pytest.raises(typer.BadParameter, match="村级、镇级、区级"):
        read_level("国家级")
    assert read_level("区级") == read_level("区") == read_level("district") == "district"


def test_resolve_action(workflow: Workflow) -> None:
    """A beginning is enough where it is the only one; what is possible here goes before the rest."""
    assert resolve_action(workflow, "reported", "交办") == "assign"
    assert resolve_action(workflow, "rectifying", "申请") == "submit"
    assert resolve_action(workflow, "reported", "sub") == "submit"
    assert resolve_action(workflow, "reported", "起飞") == "起飞"
    with pytest.raises(typer.BadParameter, match="“复查”不止一个操作：复查合格、复查不合格"):
        resolve_action(workflow, "reported", "复查")


def test_resolve_request(workflow: Workflow) -> None:
    """Requests are found by title, id or a beginning."""
    assert resolve_request(workflow, "挂牌") == "listing"
    assert resolve_request(workflow, "ext") == "extension"
    assert resolve_request(workflow, "升级") == "升级"
