"""Telephone calls: who is to be called about what, and one command that records what came of it."""

from __future__ import annotations

import json

import pytest

from .conftest import Cli

LATE = "2024-09-05T09:05"  # hazard 2 was to be signed for by the 3rd


@pytest.fixture
def calls(cli: Cli) -> Cli:
    """The command line after the reminders of some days went out."""
    assert cli("tick", "--no-send", now=LATE).code == 0
    return cli


def waiting(cli: Cli, now: str = LATE) -> list[str]:
    """Return the hazards with a call to make."""
    return [n[-2:] for c in json.loads(cli("call", "list", "--json", now=now).out) for n in c["numbers"]]


def test_the_list_says_whom_to_call_and_what_to_say(calls: Cli) -> None:
    """The number is whole for who calls, and the words to say stand below it."""
    told = calls("call", "list", now=LATE)
    assert told.code == 0
    assert "13800000029" in told.out
    assert "这里是梁子湖区教育局安全股" in told.out.replace("\n", "").replace(" ", "")
    assert "没有待打的电话" in calls("call", "list", by="示例三镇第一小学校长", now=LATE).out


def test_an_answer_is_entered_with_the_call(calls: Cli) -> None:
    """The school signs for it on the telephone: one command, whose statement and by whom entered is said."""
    trial = calls("call", "done", "2", "签收", "--note", "校长说已收到", "--dry-run", now=LATE)
    assert trial.code == 0
    assert waiting(calls) == ["02"]
    assert calls("call", "done", "2", "签收", "--note", "校长说已收到", now=LATE).code == 0
    assert waiting(calls) == []
    history = calls("ticket", "history", "2", now=LATE).out
    assert "签收" in history
    assert "电话" in history
    assert "校长说已收到" in history
    assert "签收 [代录]  示例一镇初级中学校长" in history


def test_a_call_without_answer_is_recorded_and_comes_again(calls: Cli) -> None:
    """Nobody picked up: the task is done for today, the ladder opens it again on the next workday."""
    assert "请写明通话情况" in calls("call", "done", "2", now=LATE).err
    assert calls("call", "done", "2", "--no-answer", now=LATE).code == 0
    assert waiting(calls) == []
    assert "电话催办（未接通）" in calls("ticket", "history", "2", now=LATE).out
    tomorrow = "2024-09-06T09:05"
    assert calls("tick", "--no-send", now=tomorrow).code == 0
    assert waiting(calls, tomorrow) == ["02"]


def test_calls_that_are_none(calls: Cli) -> None:
    """No call waits for it; not one's own; nothing is written then."""
    none = calls("call", "done", "1", "--note", "打过了", now=LATE)
    assert none.code == 1
    assert "没有待打的电话" in none.err
    assert calls("call", "done", "2", "--note", "打过了", by="示例一镇初级中学校长", now=LATE).code == 1
    assert calls("call", "done", "2", "签收", "--no-answer", now=LATE).code == 2
    refused = calls("call", "done", "2", "合格", "--note", "说改好了", now=LATE)
    assert refused.code == 1
    assert waiting(calls) == ["02"]


def test_a_call_waits_again_when_its_answer_is_taken_back(calls: Cli) -> None:
    """Undoing the signature that ended the call brings the call back."""
    assert calls("call", "done", "2", "签收", "--note", "听错了", now=LATE).code == 0
    assert waiting(calls) == []
    assert calls("ticket", "undo", "2", now=LATE).code == 0
    assert waiting(calls) == ["02"]


@pytest.fixture
def two(calls: Cli) -> Cli:
    """A second hazard of the same person that was not signed for either."""
    found = (
        "来源=局检查",
        "排查日期=9月2日",
        "类别=消防安全",
        "隐患描述=疏散指示标志不亮",
        "责任单位=示例一镇初级中学",
    )
    assert calls("ticket", "new", *found).code == 0
    person = "整改责任人=示例一镇初级中学安全副校长"
    assert calls("ticket", "do", "7", "交办", person, "整改时限=9月20日").code == 0
    assert calls("tick", "--no-send", now=LATE).code == 0
    return calls


def test_one_call_for_all_that_is_late_with_a_person(two: Cli) -> None:
    """One conversation: one entry that names both hazards, and it is done for both."""
    found = json.loads(two("call", "list", "--json", now=LATE).out)
    assert [[n[-2:] for n in c["numbers"]] for c in found] == [["02", "07"]]
    assert two("today", now=LATE).out.count("签收时限（2 条）") == 1
    told = two("call", "list", now=LATE).out.replace("\n", "").replace(" ", "")
    assert "有2条隐患签收时限已到，请抓紧办理：LZH-2024-000002（灭火器过期）；LZH-2024-000007" in told
    assert two("call", "done", "7", "--no-answer", now=LATE).code == 0
    assert waiting(two) == []
    for number in ("2", "7"):
        assert "电话催办（未接通）" in two("ticket", "history", number, now=LATE).out


def test_an_answer_for_both_or_for_neither(two: Cli) -> None:
    """The school signs for both in one call; what cannot be entered for one is entered for none."""
    refused = two("call", "done", "2,7", "申请复查", "--note", "都改好了", now=LATE)
    assert refused.code == 1
    assert waiting(two) == ["02", "07"]
    assert two("call", "done", "2,7", "签收", "--note", "都收到了", now=LATE).code == 0
    assert waiting(two) == []
    for number in ("2", "7"):
        assert "签收 [代录]" in two("ticket", "history", number, now=LATE).out


def test_what_was_answered_for_one_ends_the_call(two: Cli) -> None:
    """He signs for one; the conversation is on record with the other, which stays unsigned."""
    assert two("call", "done", "2", "签收", "--note", "另一条要看看", now=LATE).code == 0
    assert waiting(two) == []
    history = two("ticket", "history", "7", now=LATE).out
    assert "电话催办" in history
    assert "签收 [代录]" not in history
