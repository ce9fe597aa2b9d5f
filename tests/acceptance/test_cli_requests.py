"""Requests and papers at the command line: asked for, decided, signed with a number."""

from __future__ import annotations

import json

import pytest

from .conftest import Cli

CHAIR = "区校安委会负责人"
LATE = "2024-10-08T09:05"
SCHOOL_HEAD = "示例一镇初级中学校长"


@pytest.fixture
def listed(cli: Cli) -> Cli:
    """The command line after the ladder has proposed to list what is overdue (3 among them)."""
    assert cli("tick", "--no-send", now=LATE).code == 0
    return cli


def test_an_extension_on_paper(cli: Cli) -> None:
    """A request that came on paper is entered for the head, decided by who issued, and moves the date."""
    asked = cli(
        *("request", "new", "3", "延期", "理由=等待配件", "申请延期至=9月30日", "临时管控措施=专人看守"),
        *("--for", "示例一镇初级中学", "--via", "纸质", "--note", "书面申请已收"),
    )
    assert asked.code == 0
    assert "第 1 件 延期：待审批" in asked.out
    waiting = json.loads(cli("request", "list", "--json").out)
    assert [(r["number"][-6:], r["title"], r["asked_by"], r["mine"]) for r in waiting] == [
        ("000003", "延期", SCHOOL_HEAD, True)
    ]
    approved = cli("request", "approve", "3")
    assert approved.code == 0
    assert "整改时限 2024-09-20 改为 2024-09-30" in approved.out
    assert "原定 2024-09-20" in cli("ticket", "show", "3").out
    assert "没有待审批的申请" in cli("request", "approve", "3").err


def test_a_request_misses_everything_at_once(cli: Cli) -> None:
    """Who may not ask and what is missing are said together."""
    refused = cli("request", "new", "3", "延期")
    assert refused.code == 1
    for said in ("不是这条隐患的单位主要负责人", "缺“理由”", "缺“申请延期至”", "缺“临时管控措施”"):
        assert said in refused.err


def test_reject_needs_a_reason(cli: Cli) -> None:
    """A rejection without a reason is refused; with one it is told to who asked."""
    words = ("request", "new", "3", "整改资金", "整改资金=2.5")
    assert cli(*words, by=SCHOOL_HEAD).code == 0
    decider = "区教育局分管副局长"
    assert "不批准须写明理由" in cli("request", "reject", "3", by=decider).err
    done = cli("request", "reject", "3", "--reason", "先用维修经费", by=decider)
    assert done.code == 0
    assert SCHOOL_HEAD in done.out
    shown = cli("request", "list", "--all").out
    assert "不批准" in shown
    assert "先用维修经费" in shown


def test_listing_is_approved_and_its_notice_signed(listed: Cli) -> None:
    """The district's leader approves the listing, reads the draft, and signs it; the number is taken then."""
    waiting = json.loads(listed("request", "list", "--mine", "--json", by=CHAIR, now=LATE).out)
    assert {r["number"][-6:] for r in waiting} >= {"000003"}
    assert "不是这条隐患的区校安委会负责人" in listed("request", "approve", "3", now=LATE).err
    trial = listed("request", "approve", "3", "--dry-run", by=CHAIR, now=LATE)
    assert "第 1 件 挂牌督办通知书：拟稿" in trial.out
    assert listed("request", "approve", "3", by=CHAIR, now=LATE).code == 0
    draft = listed("notice", "show", "3", by=CHAIR, now=LATE).out
    assert "（拟稿，未签发）" in draft
    assert "示例一镇初级中学：" in draft
    assert "已超过整改时限18天" in draft
    signed = listed("notice", "sign-off", "3/1", by=CHAIR, now=LATE)
    assert signed.code == 0
    assert "挂牌督办通知书〔2024〕1号" in signed.out
    papers = json.loads(listed("notice", "list", "--json", now=LATE).out)
    assert [(p["number"], p["status"], p["signed_by"]) for p in papers] == [
        ("挂牌督办通知书〔2024〕1号", "signed", CHAIR)
    ]
    assert listed("notice", "list", "--status", "拟稿", now=LATE).out == "没有文书。\n"
    assert listed("ticket", "list", "--listed", now=LATE).out.count("LZH-") == 1


def test_only_a_named_leader_signs(listed: Cli) -> None:
    """The Safety Section cannot sign a listing's notice, and a signed one is not signed again."""
    assert listed("request", "approve", "3", by=CHAIR, now=LATE).code == 0
    assert "由 区校安委会负责人 签发" in listed("notice", "sign-off", "3", now=LATE).err
    assert listed("notice", "sign-off", "3", by=CHAIR, now=LATE).code == 0
    assert "没有待签发的文书" in listed("notice", "sign-off", "3", by=CHAIR, now=LATE).err
    assert "已于 2024-10-08 签发，不能再签发" in listed("notice", "sign-off", "3/1", by=CHAIR, now=LATE).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("request", "approve", "3/9"), "没有第 9 件申请"),
        (("request", "approve", "3/x"), "应写成 编号/序号"),
        (("request", "new", "3", "升级"), "没有“升级”这种申请，可申请：延期"),
        (("request", "new", "3", "挂牌督办"), "须写明级别：村级、镇级、区级"),
        (("notice", "show", "3"), "没有文书"),
        (("notice", "sign-off", "3/2"), "没有第 2 件文书"),
    ],
)
def test_what_cannot_be_found_is_named(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """A request or paper that is not there is refused with what there is."""
    answer = cli(*words)
    assert answer.code == 1
    assert said in answer.err


def test_a_level_that_is_none(cli: Cli) -> None:
    """A level is one of three; anything else is wrong usage."""
    answer = cli("request", "new", "3", "挂牌督办", "--level", "市级")
    assert answer.code == 2
    assert "村级、镇级、区级" in answer.err
