"""Guards: what a condition may say, what it sees, and what comes of it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rectiflow.engine.guards import MAX_LENGTH, Fault, Guard

KNOWN = {"funds", "severity", "place", "evidence", "due_on", "today", "failures"}


def faults(text: str) -> list[Fault]:
    """Return what is wrong with a condition over the known names."""
    return list(Guard(text).faults(KNOWN))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("funds <= 10.0", {"funds": 10.0}),
        ("funds <= 10", {"funds": Decimal("9.99")}),
        ("funds == null", {}),
        ("funds != null && funds > 1", {"funds": 2}),
        ("funds == null || funds > 1", {"funds": None}),
        ('severity == "major"', {"severity": "major"}),
        ('severity in ["general", "major"]', {"severity": "major"}),
        ('place.contains("实验室")', {"place": "化学实验室二楼"}),
        ("size(evidence) >= 2", {"evidence": ("a", "b")}),
        ('evidence.exists(_e, _e.endsWith(".jpg"))', {"evidence": ["a.txt", "b.jpg"]}),
        ("due_on < today", {"due_on": date(2024, 12, 30), "today": "2024-12-31"}),
        ('today == "2024-12-31T08:00:00+00:00"', {"today": datetime(2024, 12, 31, 8, tzinfo=UTC)}),
        ("failures > 2 ? funds > 5 : true", {"failures": 1}),
        ("!(failures > 2)", {"failures": 2}),
        ("funds > 1 &&\n  failures == 0", {"funds": 2, "failures": 0}),
    ],
)
def test_holds(text: str, values: dict[str, object]) -> None:
    """A condition that holds lets pass."""
    assert faults(text) == []
    assert Guard(text).refusal(values) is None


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("funds > 10", {"funds": 5}, "不满足条件“资金 ＞ 10”"),
        ('severity != "major"', {"severity": "major"}, "不满足条件“等级 ≠ 重大隐患”"),
        ('place == "操场"', {}, "不满足条件“place ＝ “操场””"),
        ("funds + 1", {"funds": 5}, "条件“资金 + 1”的结果不是“是”或“否”，请修改流程定义"),
        ("funds", {"funds": 1}, "条件“资金”的结果不是“是”或“否”，请修改流程定义"),
        ("funds", {}, "条件“资金”的结果不是“是”或“否”，请修改流程定义"),
        ('"true"', {}, "条件““true””的结果不是“是”或“否”，请修改流程定义"),
        ("funds > 10", {}, "条件“资金 ＞ 10”无法判断：还没有填写资金"),
        (
            "funds > place",
            {"funds": 1, "place": "x"},
            "条件“资金 ＞ place”无法判断：两边的类型不同，或者这个运算不适用",
        ),
        ("10 / failures > 1", {"failures": 0}, "条件“10 / failures ＞ 1”无法判断：除数为零"),
        (
            "funds > 1",
            {"funds": "一万"},
            "条件“资金 ＞ 1”无法判断：计算出错（could not convert string to float: '一万'）",
        ),
        ("evidence[3] == place", {"evidence": [], "place": ""}, None),
        ("place.matches('[')", {"place": "x"}, None),
        ("funds > 1", {"funds": object()}, None),
        ("nowhere > 1", {"nowhere": 0}, None),
        ("_x > 1", {"_x": 2}, None),
        ("now() > 1", {}, None),
        ("funds >", {"funds": 1}, None),
        ("!funds == true || in true", {}, None),
    ],
)
def test_refuses(text: str, values: dict[str, object], reason: str | None) -> None:
    """False, no boolean and every error refuse, and say why."""
    guard = Guard(
        text, numbers=frozenset({"funds"}), titles={"funds": "资金", "severity": "等级"}, words={"major": "重大隐患"}
    )
    said = guard.refusal(values)
    assert said is not None
    assert said == reason or (reason is None and said)


def test_decimals_kept_as_text_are_numbers() -> None:
    """Decimal fields are kept as text; a guard that knows them compares numbers."""
    guard = Guard("funds > 9", numbers=frozenset({"funds"}))
    assert guard.refusal({"funds": "10.5"}) is None
    assert Guard("funds > 9").refusal({"funds": "10.5"}) is not None


def test_sees_only_what_it_names() -> None:
    """Nothing but the named variables is handed over, so unusable values elsewhere do no harm."""
    guard = Guard("funds > 1")
    assert guard.names == {"funds"}
    assert guard.refusal({"funds": 2, "place": object()}) is None


def test_names_leave_out_macro_locals() -> None:
    """Locals of macros begin with an underscore and are no names of fields."""
    assert Guard("evidence.all(_e, _e != place)").names == {"evidence", "place"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fund > 1", [("G802", 0, "fund")]),
        ("funds > 1 && plase == severty", [("G802", 13, "plase"), ("G802", 22, "severty")]),
        ("'fund' == place && fund > 1", [("G802", 19, "fund")]),
        ("evidence.all(e, e == place)", [("G802", 13, "e")]),
        ("_x == 1", [("G802", 0, "")]),
        ("funds > limit()", [("G803", 8, "")]),
        ("place.upper() == place", [("G803", 6, "")]),
        ("type(funds) == int", [("G802", 15, "int"), ("G803", 0, "")]),
        ("funds >", [("G801", 7, "")]),
        ("funds > > 1", [("G801", 8, "")]),
        ("资金 > 1", [("G801", 0, "")]),
        ("funds > 1 && return", [("G801", 13, "")]),
        ("", [("G801", 0, "")]),
        ("funds > 1" + " " * MAX_LENGTH, [("G803", 0, "")]),
        ("[1].map(_a, [2].map(_b, [3].map(_c, 1))) == []", [("G803", 0, "")]),
        ("((((" * 60 + "1" + "))))" * 60, [("G801", 96, "")]),
    ],
)
def test_faults(text: str, expected: list[tuple[str, int, str]]) -> None:
    """What is wrong is found before anybody uses it, with its place in the condition."""
    assert [(f.code, f.offset, f.name) for f in faults(text)] == expected
    assert all(any("\u4e00" <= c <= "\u9fff" for c in f.message) for f in faults(text))


def test_names_of_what_does_not_compile() -> None:
    """Asking for the names of something that is no condition is an error."""
    with pytest.raises(ValueError, match="parse"):
        _ = Guard("funds >").names


def test_describe() -> None:
    """A condition reads with titles, and signs as people write them."""
    guard = Guard(
        'funds >= 10 && !(severity in ["major", "x"]) || ok == true',
        titles={"funds": "整改资金", "severity": "隐患等级"},
        words={"major": "重大隐患"},
    )
    assert guard.describe() == "整改资金 ≥ 10 且 不是(隐患等级 属于 [重大隐患, “x”]) 或 ok ＝ 是"


def test_equal_by_what_they_say() -> None:
    """Guards are values."""
    assert Guard("funds > 1") == Guard("funds > 1")
    assert Guard("funds > 1") != Guard("funds > 2")


def test_threads_share_a_guard() -> None:
    """Many threads may ask the same condition."""
    guard, wrong = Guard('failures > 100 && severity == "major"'), list[int]()

    def ask() -> None:
        for n in range(500):
            if (guard.refusal({"failures": n, "severity": "major"}) is None) != (n > 100):
                wrong.append(n)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
