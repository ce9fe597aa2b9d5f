"""Numbers as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.commands._numbers import MOST_NUMBERS, is_number, read_item, read_number, read_numbers
from rectiflow.engine.directory import Holding, Person, Post, Unit
from rectiflow.engine.errors import Ambiguous, InputUnusable, NotFound
from rectiflow.engine.stimulus import Hand, Void
from rectiflow.testing import memory_flow

OFFICE: dict[str, Any] = {
    "units": [Unit(id="u", name="安全股", kind="section")],
    "posts": [Post(id="p", unit="u", title="股长", roles=frozenset({"safety_section", "lead_section"}))],
    "persons": [Person(id="r", name="股长")],
    "holdings": [Holding(post="p", person="r")],
}


@pytest.fixture(scope="module")
def flow() -> Iterator[Rectiflow]:
    """A database with the hazards TEST-2024-000001 to 000004."""
    made = memory_flow(**OFFICE)
    for _ in range(4):
        made.report("hazard", by="r", source="self", found_on=made.today(), category="other", description="x")
    yield made
    made.close()


def running(numbers: list[str]) -> list[int]:
    """Return the running parts."""
    assert all(n.startswith("TEST-2024-") for n in numbers)
    return [int(n[-6:]) for n in numbers]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["3"], [3]),
        (["1-3"], [1, 2, 3]),
        (["2~3"], [2, 3]),
        (["１～２"], [1, 2]),
        (["2至4"], [2, 3, 4]),
        (["1,3，4"], [1, 3, 4]),
        (["3", "1-3"], [3, 1, 2]),
        (["000002"], [2]),
        (["TEST-2024-000002"], [2]),
        (["test-2024-2"], [2]),
        (["TEST-2024-000002~4"], [2, 3, 4]),
        (["TEST-2024-000002~TEST-2024-000003"], [2, 3]),
    ],
)
def test_read(flow: Rectiflow, words: list[str], found: list[int]) -> None:
    """Short and full numbers, ranges and lists, full-width and half-width; each hazard once, in order."""
    assert running(read_numbers(flow, words)) == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["4-2"], "前大后小"),
        (["12x"], "不是编号"),
        (["1-9999"], f"一次最多 {MOST_NUMBERS} 条"),
        ([f"1-{MOST_NUMBERS}", f"{MOST_NUMBERS + 1}"], f"写了 {MOST_NUMBERS + 1} 条"),
        (["TEST-2023-000001~TEST-2024-000002"], "两头不是同一年"),
    ],
)
def test_what_is_no_number(flow: Rectiflow, words: list[str], said: str) -> None:
    """What cannot be read is named."""
    with pytest.raises(InputUnusable, match=said):
        read_numbers(flow, words)


def test_all_missing_at_once(flow: Rectiflow) -> None:
    """Numbers for which there is no hazard are all named together."""
    with pytest.raises(NotFound, match="没有编号为 5、6、TEST-2020-000001 的隐患"):
        read_numbers(flow, ["4-6", "TEST-2020-1"])


def test_a_short_number_of_several_years(flow: Rectiflow) -> None:
    """The only open one is meant; where several are open, or none, all are named with where they stand."""
    clock = SetClock(datetime(2024, 12, 30, tzinfo=UTC))
    made = two_years(clock)
    assert read_numbers(made, ["1"]) == ["TEST-2024-000001"]
    with pytest.raises(Ambiguous) as raised:
        read_numbers(made, ["2", "3"])
    said = str(raised.value)
    assert "“2”不止一条：TEST-2025-000002（待交办）、TEST-2024-000002（待交办），请写全编号" in said
    assert "“3”不止一条：TEST-2025-000003（已作废）、TEST-2024-000003（已作废）" in said
    assert read_numbers(made, ["4"]) == ["TEST-2025-000004"]
    made.close()


def test_short_numbers_in_one_breath_are_of_one_year() -> None:
    """Of 1-2 the first is open in 2024 only, so both are of 2024; a full number beside them changes nothing."""
    made = two_years(SetClock(datetime(2024, 12, 30, tzinfo=UTC)))
    assert read_numbers(made, ["1-2"]) == ["TEST-2024-000001", "TEST-2024-000002"]
    assert read_numbers(made, ["2,4", "TEST-2024-000001"]) == [
        "TEST-2025-000002",
        "TEST-2025-000004",
        "TEST-2024-000001",
    ]
    made.close()


def two_years(clock: SetClock) -> Rectiflow:
    """Return hazards 1 to 3 of 2024 and 1 to 4 of 2025; 1 of 2025 and both 3 are voided."""
    made = memory_flow(**OFFICE, clock=clock)
    data: dict[str, Any] = {"source": "self", "found_on": date(2024, 9, 2), "category": "other", "description": "x"}
    numbers = [made.report("hazard", by="r", **data).number for _ in range(3)]
    clock.set(datetime(2025, 1, 5, tzinfo=UTC))
    numbers += [made.report("hazard", by="r", **data).number for _ in range(4)]
    for number in (numbers[2], numbers[3], numbers[5]):
        made.handle(number, Void(hand=Hand(actor="r"), reason="重复"))
    return made


def test_one_only(flow: Rectiflow) -> None:
    """Where one hazard is wanted, a range is refused."""
    assert read_number(flow, "2") == "TEST-2024-000002"
    with pytest.raises(InputUnusable, match="是 2 条隐患，这里只能写一条"):
        read_number(flow, "1-2")


@pytest.mark.parametrize(("word", "ordinal"), [("2", None), ("2/1", 1), ("TEST-2024-000002／3", 3)])
def test_item(flow: Rectiflow, word: str, ordinal: int | None) -> None:
    """A request or paper is named by its hazard, with its ordinal behind a slash where there are several."""
    assert read_item(flow, word) == ("TEST-2024-000002", ordinal)


@pytest.mark.parametrize(
    ("word", "number"), [("12", True), ("１２", True), ("LZH-2024-1", True), ("交办", False), ("a1", False)]
)
def test_is_number(word: str, number: bool) -> None:
    """Digits and what begins like a full number are meant as numbers."""
    assert is_number(word) is number
