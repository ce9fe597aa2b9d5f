"""The last action taken back at the command line: one's own, within the hour, while nobody has been told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import HEAD, Cli

DEPUTY = "安全股副股长"
OFFICER = "梧桐湖园区示例学校安全副校长"
ASSIGN = ("ticket", "do", "1", "交办", f"整改责任人={OFFICER}", "整改时限=9月20日")
DONE, SOON, LAST, LATE = (f"2024-09-03T{clock}" for clock in ("09:00", "09:10", "10:00", "10:01"))


def sheet(cli: Cli, number: str = "1") -> dict[str, Any]:
    """Return a hazard as it is on record, as seen at one moment."""
    return dict(json.loads(cli("ticket", "show", number, "--json", now="2024-09-03T11:00").out))


def waiting(cli: Cli, number: str = "1") -> dict[str, int]:
    """Count the messages about a hazard by where they stand."""
    counts: dict[str, int] = {}
    for m in json.loads(cli("outbox", "list", "--ticket", number, "--limit", "0", "--json").out):
        counts[m["status"]] = counts.get(m["status"], 0) + 1
    return counts


def refused(cli: Cli, *reasons: str, number: str = "1", by: str = HEAD, now: str = SOON) -> None:
    """Have an undo refused with every reason, and nothing changed by it."""
    before = (sheet(cli, number), waiting(cli, number))
    answer = cli("ticket", "undo", number, by=by, now=now)
    assert answer.code == 1, answer.text
    assert [r for r in reasons if r not in answer.err.replace("\n", "")] == [], answer.err
    assert (sheet(cli, number), waiting(cli, number)) == before


@pytest.fixture
def assigned(cli: Cli) -> Cli:
    """The command line after hazard 1 was assigned at nine."""
    assert cli(*ASSIGN, now=DONE).code == 0
    return cli


def test_an_own_action_is_taken_back(cli: Cli) -> None:
    """It stands as before, its messages are cancelled, both lines stay on record; then it can be done anew."""
    before = sheet(cli)
    assert cli(*ASSIGN, now=DONE).code == 0
    assert set(waiting(cli)) == {"waiting"}
    assigned = sheet(cli)
    trial = cli("ticket", "undo", "1", "--dry-run", now=LAST)
    assert (trial.code, "撤销：待签收 → 待交办" in trial.out, "试算" in trial.out) == (0, True, True)
    assert sheet(cli) == assigned
    done = cli("ticket", "undo", "1", now=LAST)
    assert (done.code, "撤销：待签收 → 待交办" in done.out) == (0, True)
    after = sheet(cli)
    assert (after["line"]["state"], after["line"]["due_on"]) == ("reported", None)
    assert after["fields"] == before["fields"]
    assert after["line"]["turn"] == before["line"]["turn"]
    assert [e["title"] for e in after["events"]] == ["上报", "交办", "撤销"]
    assert set(waiting(cli)) == {"cancelled"}
    assert cli("audit", "verify").code == 0
    assert cli(*ASSIGN, now=LATE).code == 0
    assert sheet(cli)["line"]["state"] == "assigned"


def test_messages_say_why_they_are_cancelled(assigned: Cli) -> None:
    """Who took it back, when, and what it was; and nothing is promised of words that will never be written."""
    assert assigned("ticket", "undo", "1", now=SOON).code == 0
    gone = json.loads(assigned("outbox", "list", "--ticket", "1", "--status", "已取消", "--json").out)
    assert gone
    assert {m["detail"] for m in gone} == {f"{HEAD} 2024-09-03 09:10 撤销了交办"}
    shown = assigned("outbox", "show", gone[0]["id"]).out
    assert "撤销了交办" in shown
    assert "还没有成文" not in shown


def test_an_amendment_is_taken_back(cli: Cli) -> None:
    """A correction is an action like any other: the old text is back."""
    before = sheet(cli, "2")["fields"]
    assert cli("ticket", "amend", "2", "隐患描述=灭火器失压", "--reason", "写错", now=DONE).code == 0
    assert sheet(cli, "2")["fields"] != before
    assert cli("ticket", "undo", "2", "--json", now=SOON).code == 0
    assert sheet(cli, "2")["fields"] == before


def test_after_an_hour_it_stands(assigned: Cli) -> None:
    """A minute more than the hour is too late."""
    refused(assigned, "已超过一小时，不能撤销", now=LATE)


def test_another_s_action_stands(assigned: Cli) -> None:
    """Who did not do it cannot take it back, a colleague as little as the school; and all reasons are said."""
    refused(assigned, "上一步是安全股股长办的，只能由本人撤销", by=DEPUTY)
    refused(assigned, "只能由本人撤销", "已超过一小时", by=DEPUTY, now=LATE)


def test_what_was_told_stands(assigned: Cli) -> None:
    """After a message about it has left, the way back is an action with a reason."""
    assert assigned("outbox", "send", now=DONE).code == 0
    refused(assigned, "条提醒消息发出，不能撤销；请用更正、撤回交办等操作，并说明理由")


def test_only_once_and_only_the_last(assigned: Cli) -> None:
    """An undo is not undone, nor is the action before it; what was done before an action of another is out of reach."""
    assert assigned("ticket", "undo", "1", now=SOON).code == 0
    refused(assigned, "不能撤销")
    assert assigned(*ASSIGN, now=SOON).code == 0
    assert assigned("ticket", "do", "1", "签收", by=OFFICER, now=SOON).code == 0
    refused(assigned, f"上一步是{OFFICER}办的，只能由本人撤销")
    assert sheet(assigned)["line"]["state"] == "rectifying"
    nothing = assigned("ticket", "undo", "6", now=SOON)
    assert (nothing.code, "没有可撤销的操作" in nothing.err) == (1, True)


def test_who_entered_it_takes_it_back(cli: Cli) -> None:
    """Entered for the school on the telephone, by mistake: the clerk may take it back."""
    words = ("签收", "--for", "示例一镇初级中学", "--via", "电话", "--note", "校长来电")
    assert cli("ticket", "do", "2", *words, now=DONE).code == 0
    assert sheet(cli, "2")["line"]["state"] == "rectifying"
    refused(cli, "只能由本人撤销", number="2", by=DEPUTY)
    assert cli("ticket", "undo", "2", now=SOON).code == 0
    assert sheet(cli, "2")["line"]["state"] == "assigned"
