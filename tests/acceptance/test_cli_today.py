"""Today's work: what waits for whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from rectiflow._workplace import Workplace
from rectiflow.storage import incoming

from .conftest import Cli


def sections(cli: Cli, by: str, now: str, *words: str) -> dict[str, list[str]]:
    """Return the headings with the running numbers under them."""
    found = json.loads(cli("today", "--json", *words, by=by, now=now).out)
    return {s["title"]: [(i["number"] or i["key"] or "")[-2:] for i in s["items"]] for s in found["sections"]}


def test_the_safety_section_sees_everything(cli: Cli) -> None:
    """Whoever keeps the ledger sees all that waits in the district, by what it waits for."""
    assert sections(cli, "安全股股长", "2024-09-03T09:00") == {
        "待交办": ["01", "06"],
        "待签收": ["02"],
        "待复查": ["05"],
    }


def test_a_school_sees_its_own(cli: Cli) -> None:
    """A head sees what waits at the school, and nothing of others."""
    assert sections(cli, "示例一镇初级中学校长", "2024-09-03T09:00") == {"待交办": ["06"], "待签收": ["02"]}
    assert sections(cli, "示例三镇第一小学校长", "2024-09-03T09:00") == {}


def test_a_section_sees_what_it_has_to_assign(cli: Cli) -> None:
    """The section in charge of a category sees what waits for it to assign."""
    assert sections(cli, "后勤办主任", "2024-09-03T09:00") == {"待交办": ["06"]}


def test_another_s_turn_is_marked(cli: Cli) -> None:
    """Of an office's step that is not mine the line says whose it is, as does the refusal; a school's goes without saying."""
    shown = cli("today").out
    assert "（轮到后勤办主任）食堂留" in shown
    assert shown.count("（轮到") == 1
    assert "轮到" not in cli("today", by="后勤办主任").out
    refused = cli("ticket", "do", "6", "交办", "整改责任人=校长", "整改时限=9月20日")
    assert "，由后勤办主任等办理" in refused.err.replace("\n", "")


def test_due_today_within_the_week_and_overdue(cli: Cli) -> None:
    """A date of today is due today, one within seven days with --week, one past is overdue."""
    assert "今日到期" not in sections(cli, "安全股股长", "2024-09-17T09:00")
    assert sections(cli, "安全股股长", "2024-09-17T09:00", "--week")["7 日内到期"] == ["02", "03", "04"]
    assert sections(cli, "安全股股长", "2024-09-20T09:00")["今日到期"] == ["02", "03", "04"]
    assert sections(cli, "安全股股长", "2024-09-21T09:00")["逾期未整改"] == ["02", "03", "04"]


def test_calls_decisions_and_drafts(cli: Cli) -> None:
    """After the ladder has run: calls with the number to call, decisions, and then the draft to sign."""
    late = "2024-10-08T09:05"
    assert cli("tick", "--no-send", now=late).code == 0
    mine = sections(cli, "安全股股长", late)
    assert mine["待打电话"] == ["02"]
    assert "03" in mine["待审批"]
    assert "签收时限 灭火器过期         13800000029" in cli("today", now=late).out
    leader = sections(cli, "区校安委会负责人", late)
    assert set(leader) == {"逾期未整改", "待审批"}
    assert set(sections(cli, "区教育局分管副局长", late)) == {"逾期未整改"}
    assert cli("request", "approve", "3", by="区校安委会负责人", now=late).code == 0
    assert sections(cli, "区校安委会负责人", late)["待签发"] == ["01"]  # the paper, by its own number


def test_nothing_waits(cli: Cli) -> None:
    """Who has nothing to do is told so, and the bare command in a pipe shows the same list."""
    answer = cli("today", by="示例三镇第一小学校长")
    assert answer.code == 0
    assert "没有等着办的。" in answer.out
    assert cli(by="示例三镇第一小学校长").out == answer.out


def test_restricted_hazards_stay_out(cli: Cli) -> None:
    """A restricted hazard is on nobody's list who may not see it."""
    week = sections(cli, "安全股干事", "2024-09-17T09:00", "--week")
    assert week["7 日内到期"] == ["02", "03"]


def test_letters_about_restricted_hazards_tell_nothing(cli: Cli, workplace: Path) -> None:
    """Who keeps the ledger and may not see the hazard learns that a letter waits: on the screen, as JSON, in a pipe."""
    place = Workplace.open(workplace / "rectiflow.toml")
    for key, status, words in (("aaaa1111", "unseen", "张三打了李四"), ("bbbb2222", "waiting", "同意销号，王五知情")):
        letter = incoming.Incoming(
            id=key, received_at=datetime(2024, 9, 3, 0, 30, tzinfo=UTC), channel="mail", sender="head@school.example",
            subject="李四的事", words=words, kind="reply", number="LZH-2024-000004", status=status, outcome=f"记下：{words}",
        )  # fmt: skip
        incoming.keep(place.flow.store.engine, place.flow.district, letter)
    place.flow.close()
    for asked in ("today", "today --json", ""):
        told = cli(*asked.split(), by="安全股干事").out
        assert told.count("属受限类别，无权查看") == 2, asked
        assert not any(secret in told for secret in ("张三", "李四", "王五", "head@school.example")), asked
        assert "张三打了李四" in cli(*asked.split(), by="安全股股长").out
