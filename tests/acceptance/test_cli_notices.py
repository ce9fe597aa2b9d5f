"""Papers through the command line: one notice over six hazards from its draft to the last item, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from support.pictures import PNG

from .conftest import Cli

SCHOOL = "示例二镇第一小学"
PRINCIPAL, OFFICER = f"{SCHOOL}校长", f"{SCHOOL}安全副校长"
LEADER, HEAD, DEPUTY = "区教育局分管副局长", "安全股股长", "安全股副股长"
FOUND = ("卷帘门无法升降", "通道堆放床架", "应急照明不亮", "危化品柜单锁", "留样盒无标签", "防撞桩损坏")
NUMBER = "整改通知书〔2024〕1号"
N = "LZH-2024-0000"
REPLIED, JUDGED = "2024-09-10T09:00", "2024-09-11T09:00"
DEMAND = ("整改时限=9月20日", f"整改责任人={OFFICER}")
DONE = ("整改措施=逐项整改到位", "完成日期=今天")


def paper(cli: Cli, key: str = "W1", now: str = JUDGED) -> dict[str, Any]:
    """Return a paper as it is on record."""
    return dict(json.loads(cli("notice", "show", key, "--json", now=now).out)["paper"])


def standing(cli: Cli, now: str = JUDGED) -> dict[str, Any]:
    """Return papers, hazards and messages as they are on record."""
    hazards = json.loads(cli("ticket", "list", "--all", "--limit", "0", "--json", now=now).out)["lines"]
    return {
        "papers": json.loads(cli("notice", "list", "--limit", "0", "--json", now=now).out),
        "hazards": hazards,
        "messages": json.loads(cli("outbox", "list", "--limit", "0", "--json", now=now).out),
    }


def stored() -> list[str]:
    """Return every row of the workplace's database: papers, hazards, history, messages, and the numbers taken."""
    with closing(sqlite3.connect("rectiflow.db")) as connection:
        return list(connection.iterdump())


def told(cli: Cli, before: Sequence[dict[str, Any]], now: str = JUDGED) -> dict[str, list[str]]:
    """Return who has been told since, by occasion; a person counts once for each message, a text beside it does not."""
    messages = json.loads(cli("outbox", "list", "--limit", "0", "--json", now=now).out)
    known = {m["key"] for m in before}
    new: dict[str, list[str]] = {}
    for m in sorted(messages, key=lambda m: str(m["recipient"])):
        if m["key"] not in known and m["channel"] != "sms":
            new.setdefault(m["occasion"], []).append(m["recipient"])
    return new


def refused(cli: Cli, words: Sequence[str], *reasons: str, by: str = HEAD, now: str = JUDGED, code: int = 1) -> None:
    """Have a command refused with every reason, and nothing changed by it."""
    before = stored()
    answer = cli(*words, by=by, now=now)
    assert answer.code == code, answer.text
    said = answer.err.replace("\n", "")
    assert [r for r in reasons if r not in said] == [], answer.err
    assert stored() == before


@pytest.fixture
def found(cli: Cli) -> Cli:
    """The command line after a visit that found six hazards, 7 to 12."""
    findings = [word for text in FOUND for word in ("--finding", f"{text}；类别=消防安全")]
    made = cli("inspection", "new", SCHOOL, "--inspector", DEPUTY, *findings)
    assert made.code == 0, made.err
    return cli


@pytest.fixture
def served(found: Cli) -> Cli:
    """The command line after the notice over them was drafted, signed and served."""
    for words, by in (
        (("draft", "7-12", *DEMAND), HEAD),
        (("sign-off", "W1"), LEADER),
        (("serve", "W1", "--via", "当面"), HEAD),
    ):
        assert found("notice", *words, by=by).code == 0
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a photograph of each of the six items, and a second one of the third."""
    folder = tmp_path / "照片"
    folder.mkdir()
    for name in ("1.png", "2.png", "3.png", "3-1.png", "4.png", "5.png", "第6项 整改后.png"):
        (folder / name).write_bytes(PNG + name.encode())
    return folder


# from the draft to the last item -----------------------------------------------------------------------------------


def test_a_notice_is_issued(found: Cli, tmp_path: Path) -> None:
    """Drafted, signed, printed and served: the number comes with the signature, each person hears of it once."""
    before = standing(found)["messages"]
    assert found("notice", "draft", "7-12", *DEMAND).code == 0
    drafted = paper(found)
    assert (drafted["status"], drafted["number"], drafted["signers"]) == ("draft", None, [LEADER])
    assert (drafted["items"], drafted["inspection"]) == ([f"{N}{k:02}" for k in range(7, 13)], "LZH-J2024-0001")
    assert found("notice", "sign-off", "W1", by=LEADER).code == 0
    signed = paper(found)
    assert (signed["status"], signed["number"], signed["signed_by"]) == ("signed", NUMBER, LEADER)
    word, page = tmp_path / "通知.docx", tmp_path / "通知.html"
    assert found("notice", "print", "W1", "--out", str(word), "--out", str(page)).code == 0
    texts = [p.text for p in Document(str(word)).paragraphs]
    assert NUMBER in "".join(texts)
    assert NUMBER in page.read_text("utf-8")
    assert all(text in page.read_text("utf-8") for text in FOUND)
    refused(found, ("notice", "print", "W1", "--out", str(tmp_path / "通知.pdf")), "请写成 .docx 或 .html")
    served = found("notice", "serve", NUMBER, "--via", "当面")
    assert (served.code, served.out.count("待交办 → 待签收")) == (0, 6)
    assert paper(found)["served_on"] == "2024-09-03"
    assert told(found, before) == {"文书办理": sorted((LEADER, HEAD)), "整改通知书送达": [OFFICER, PRINCIPAL]}


def test_a_notice_is_answered_item_by_item(served: Cli, photos: Path, workplace: Path) -> None:
    """Received, answered with photographs by item, five pass and one does not; the opinion is signed, the five closed."""
    assert served("notice", "receipt", "W1", "--for", SCHOOL, "--via", "电话", "--note", "校长来电").code == 0
    assert paper(served)["acknowledged_on"] == "2024-09-03"
    before = standing(served)["messages"]
    reply = ("notice", "reply", "W1", *DONE, "4.整改措施=换了单锁", "--photos", str(photos))
    trial = served(*reply, "--dry-run", by=OFFICER, now=REPLIED)
    assert (trial.code, trial.out.count("整改中 → 待复查"), paper(served)["answered"]) == (0, 6, 0)
    assert served(*reply, by=OFFICER, now=REPLIED).code == 0
    assert paper(served)["answered"] == 6
    third, fourth = (served("ticket", "show", k, "--json", now=JUDGED).out for k in ("9", "10"))
    assert ("3.png" in third, "3-1.png" in third, "4.png" in third) == (True, True, False)
    assert ("换了单锁" in fourth, "逐项整改到位" in fourth) == (True, False)
    assert told(served, before) == {"文书办理": sorted((HEAD, DEPUTY, "安全股干事"))}
    before = standing(served)["messages"]
    judged = ("合格=其余", "不合格=4", "4.理由=仍为单锁", "4.整改时限=9月30日")
    answer = served("notice", "verify", "W1", *judged, "--via", "当面", by=DEPUTY, now=JUDGED)
    assert (answer.code, answer.out.count("待复查 → 复查合格待销号")) == (0, 5)
    assert told(served, before) == {"复查结果": sorted((HEAD, "安全股干事", PRINCIPAL, OFFICER))}
    lines = {h["number"][-2:]: h for h in standing(served)["hazards"] if h["number"] >= f"{N}07"}
    assert {k: h["state"] for k, h in lines.items()} == {
        k: "rectifying" if k == "10" else "verified" for k in ("07", "08", "09", "10", "11", "12")
    }
    assert (lines["10"]["due_on"], lines["09"]["due_on"]) == ("2024-09-30", "2024-09-20")
    opinion = paper(served, "W2")
    assert (opinion["kind"], opinion["status"], opinion["corrects"]) == (
        "verification_opinion",
        "draft",
        "LZH-W2024-0001",
    )
    assert served("notice", "sign-off", "W2", by=DEPUTY, now=JUDGED).code == 0
    assert served("notice", "print", "W2", now=JUDGED).code == 0
    page = (workplace / "文书" / "LZH-W2024-0002.html").read_text("utf-8")
    assert (workplace / "文书" / "LZH-W2024-0002.docx").is_file()
    assert "复查意见书〔2024〕1号" in page
    assert "仍为单锁" in page
    refused(served, ("notice", "close", "W1", "3-4"), f"第 4 项（{N}10）当前环节“整改中”")
    before = standing(served)["messages"]
    closed = served("notice", "close", "W1", now=JUDGED)
    assert (closed.code, closed.out.count("复查合格待销号 → 已销号")) == (0, 5)
    assert told(served, before) == {"隐患销号": [OFFICER, PRINCIPAL]}
    refused(served, ("notice", "close", "W1"), "没有一项可以办这一步")
    after = paper(served)
    assert (after["answered"], after["passed"], after["closed"]) == (5, 5, 5)
    assert served("audit", "verify", now=JUDGED).code == 0


def test_an_item_that_was_recalled_is_free_for_another_notice(served: Cli, photos: Path, workplace: Path) -> None:
    """The wrong school: recalled, corrected, on a notice of its own; the first notice says so and goes on without it."""
    assert served("notice", "receipt", "W1", by=PRINCIPAL).code == 0
    recalled = served("ticket", "do", "7", "撤回交办", "理由=单位写错", "--yes")
    assert (recalled.code, "更正通知" in recalled.out) == (0, True)
    other = "示例二镇初级中学"
    assert served("ticket", "amend", "7", f"责任单位={other}", "--reason", "单位写错").code == 0
    assert served("notice", "draft", "7", "整改责任人=校长", "整改时限=9月25日").code == 0
    correction, notice = paper(served, "W2"), paper(served, "W3")
    assert (correction["kind"], correction["corrects"], correction["unit"]) == (
        "correction_notice",
        "LZH-W2024-0001",
        SCHOOL,
    )
    assert (notice["unit"], notice["items"]) == (other, [f"{N}07"])
    assert served("notice", "sign-off", "W2", by=LEADER).code == 0
    assert served("notice", "print", "W2").code == 0
    page = (workplace / "文书" / "LZH-W2024-0002.html").read_text("utf-8")
    assert "撤回交办，不再由你单位整改" in page
    reply = ("notice", "reply", "W1", *DONE, "--for", SCHOOL, "--via", "微信", "--note", "校长发来")
    refused(served, (*reply, "1", "--photos", str(photos)), "照片里有第 2、3、4、5、6 项的", now=REPLIED)
    (photos / "1.png").unlink()
    assert served(*reply, "--photos", str(photos), now=REPLIED).code == 0
    assert (paper(served)["answered"], "已撤下" in served("notice", "show", "W1", now=REPLIED).out) == (5, True)
    refused(served, ("notice", "verify", "W1", "合格=1"), f"第 1 项（{N}07）已从这件文书撤下", by=DEPUTY)


def test_an_opinion_says_what_was_found_then(served: Cli, photos: Path, workplace: Path) -> None:
    """Signed after the next answer and re-inspection, it still states its own verdict, reason and measures."""
    assert served("notice", "receipt", "W1", by=PRINCIPAL).code == 0
    assert served("notice", "reply", "W1", *DONE, "--photos", str(photos), by=OFFICER, now=REPLIED).code == 0
    judged = ("合格=其余", "不合格=4", "4.理由=仍为单锁", "4.整改时限=9月30日")
    assert served("notice", "verify", "W1", *judged, by=DEPUTY, now=JUDGED).code == 0
    later = "2024-09-13T09:00"
    again = ("notice", "reply", "W1", "4", "整改措施=换成双锁", "完成日期=今天", "--evidence", str(photos / "4.png"))
    assert served(*again, by=OFFICER, now=later).code == 0
    assert served("notice", "verify", "W1", "合格=4", by="安全股干事", now=later).code == 0
    pages: dict[str, str] = {}
    for key, signer in (("W2", DEPUTY), ("W3", "安全股干事")):
        assert served("notice", "sign-off", key, by=signer, now=later).code == 0
        assert served("notice", "print", key, now=later).code == 0
        pages[key] = (workplace / "文书" / f"LZH-W2024-000{key[1]}.html").read_text("utf-8")
    first, second = pages["W2"], pages["W3"]
    assert ("仍为单锁" in first, "换成双锁" in first, "逐项整改到位" in first, DEPUTY in first) == (
        True,
        False,
        True,
        True,
    )
    assert ("换成双锁" in second, "仍为单锁" in second) == (True, False)


# refused -----------------------------------------------------------------------------------------------------------


def test_drafts_that_cannot_be(found: Cli) -> None:
    """Two units, what is missing, closed hazards, a date to come: all reasons in one answer, and no draft."""
    two = ("一件文书只发给一个单位", f"{N}07缺“整改责任人”", f"{N}01缺“整改责任人”")
    refused(found, ("notice", "draft", "1", "7", "整改时限=9月20日"), *two)
    assert found("ticket", "do", "7", "8", "不予认定", "理由=核查不属实").code == 0
    closed = (f"{N}07已办结（核查不属实）", f"{N}08已办结（核查不属实）")
    refused(found, ("notice", "draft", "7-9", *DEMAND), *closed)
    refused(found, ("notice", "draft", "9", *DEMAND, "--on", "9月20日"), "发生日期 2024-09-20 晚于今天 2024-09-11")
    refused(found, ("notice", "draft", "9", *DEMAND, "--kind", "喜报"), "没有“喜报”这种文书")
    refused(found, ("notice", "draft", "99", *DEMAND), "99")
    stray = ("隐患描述=全改了", "责任单位=梁子湖高中", "整改责任人=没有这人", "整改时限=9月1日")
    reasons = ("不能同时改“隐患描述”", "不能同时改“责任单位”", "没有人员“没有这人”", "整改时限 2024-09-01 早于办理日期")
    refused(found, ("notice", "draft", "9", *stray), *reasons)
    refused(found, ("notice", "draft", "9", *DEMAND), "不能“整改通知书拟稿”", by=PRINCIPAL)


def test_signatures_that_cannot_be(found: Cli) -> None:
    """Not by who may not, not twice, not before the draft nor after today; nothing is served before it is signed."""
    assert found("notice", "draft", "7-9", *DEMAND).code == 0
    refused(found, ("notice", "serve", "W1"), "没有写怎么送的", code=2)
    refused(found, ("notice", "serve", "W1", "--via", "当面"), "还是拟稿，请先签发")
    refused(found, ("notice", "sign-off", "W1"), "安全股股长不是文书签发人，由 区教育局分管副局长 签发")
    refused(found, ("notice", "sign-off", "W1", "--on", "9月20日"), "晚于今天", by=LEADER)
    refused(found, ("notice", "sign-off", "W1", "--on", "9月1日"), "签发日期 2024-09-01 早于拟稿日期", by=LEADER)
    assert found("notice", "sign-off", "W1", by=LEADER).code == 0
    refused(found, ("notice", "sign-off", "W1"), "签发", by=LEADER)
    refused(found, ("notice", "receipt", "W1"), "请先记送达", by=PRINCIPAL)


def test_replies_that_cannot_be(served: Cli, photos: Path) -> None:
    """No such item, no pictures, too large, nothing said, too early: refused whole, and so is a verdict before it."""
    reply, verify = ("notice", "reply", "W1"), ("notice", "verify", "W1", "合格=全部")
    refused(served, verify, f"第 1 项（{N}07）当前环节“待签收”", f"第 6 项（{N}12）", by=DEPUTY)
    assert served("notice", "receipt", "W1", by=PRINCIPAL).code == 0
    refused(served, verify, f"第 1 项（{N}07）当前环节“整改中”", f"第 6 项（{N}12）", by=DEPUTY)
    refused(served, (*reply, "7", *DONE), "没有第 7 项，只有 1 至 6 项", by=OFFICER)
    refused(served, (*reply, "1-6", "整改日=今天"), "没有“整改日”这一项", "缺“整改措施”", "缺“佐证材料”", by=OFFICER)
    late = ("整改措施=改了", "完成日期=9月20日", "--photos", str(photos))
    refused(served, (*reply, *late), "完成日期 2024-09-20 晚于办理日期 2024-09-11", by=OFFICER)
    refused(served, (*reply, *DONE, "--photos", str(photos)), "不能“整改报告”", by=DEPUTY)
    with (photos / "2.png").open("r+b") as file:
        file.truncate(80 * 2**20)
    (photos / "5.jpg").write_text("不是图片", "utf-8")
    (photos / "9.png").write_bytes(PNG)
    (photos / "全景.png").write_bytes(PNG)
    wrong = ("2.png 有 80 MB，最多 20 MB", "5.jpg 不是图片", "9.png 指第 9 项", "全景.png 的文件名没有以项号开头")
    refused(served, (*reply, *DONE, "--photos", str(photos)), *wrong, by=OFFICER)
    refused(served, (*reply, *DONE, "--photos", str(photos / "没有")), "没有文件夹", by=OFFICER)


def test_verdicts_that_cannot_be(served: Cli, photos: Path) -> None:
    """Without reason and date, both ways at once, by who answered, of an item that is not there: nothing is judged."""
    assert served("notice", "receipt", "W1", by=PRINCIPAL).code == 0
    assert served("notice", "reply", "W1", *DONE, "--photos", str(photos), by=OFFICER, now=REPLIED).code == 0
    verify = ("notice", "verify", "W1")
    refused(served, (*verify, "合格=其余", "不合格=4"), f"第 4 项（{N}10）缺“理由”", "缺“整改时限”", by=DEPUTY)
    refused(served, (*verify, "合格=1-4", "不合格=4", "4.理由=差"), "既写了合格又写了不合格", by=DEPUTY)
    refused(served, (*verify, "合格=1-8"), "没有第 7-8 项", by=DEPUTY)
    refused(served, (*verify, "合格=全部", "--on", "9月20日"), "晚于今天", by=DEPUTY)
    refused(served, (*verify, "合格=全部"), "不能“", by=OFFICER)
    refused(served, verify, "没有写哪几项合格", by=DEPUTY, code=2)


def test_nobody_is_told_of_a_paper_that_was_made_void(found: Cli) -> None:
    """What waits to be sent about it is cancelled; what is told of the next draft is not."""
    for _ in range(2):
        assert found("notice", "draft", "7-8", *DEMAND).code == 0
        key = standing(found)["papers"][0]["id"]
        waiting = json.loads(found("outbox", "list", "--status", "待汇总", "--json").out)
        assert [m["recipient"] for m in waiting if m["occasion"] == "文书办理"] == [LEADER]
        assert found("notice", "void", key, "--reason", "写错").code == 0
    waiting = json.loads(found("outbox", "list", "--status", "待汇总", "--json").out)
    assert not [m for m in waiting if m["occasion"] == "文书办理"]


def test_a_number_is_used_once(found: Cli) -> None:
    """A signed notice made void keeps its number; the next takes another; a served one is not made void."""
    for _ in range(2):
        assert found("notice", "draft", "7-8", *DEMAND).code == 0
        key = standing(found)["papers"][0]["id"]
        assert found("notice", "sign-off", key, by=LEADER).code == 0
        if key.endswith("1"):
            refused(found, ("notice", "void", "W1"), "作废须写明理由")
            assert found("notice", "void", "W1", "--reason", "发错单位").code == 0
    papers = {p["id"][-1]: (p["status"], p["number"]) for p in standing(found)["papers"]}
    assert papers == {"1": ("void", NUMBER), "2": ("signed", "整改通知书〔2024〕2号")}
    assert found("notice", "serve", "W2", "--via", "纸质").code == 0
    refused(found, ("notice", "void", "W2", "--reason", "重发"), f"第 1 项（{N}07）已按此文书交办", f"第 2 项（{N}08）")
    refused(found, ("notice", "serve", "W1", "--via", "纸质"), "作废")


def test_what_was_served_is_corrected_by_a_paper(served: Cli) -> None:
    """An amendment drafts a correction notice of its own number; the notice stays as it was signed."""
    said = json.loads(served("notice", "show", "W1", "--json").out)["text"]["items"]
    amended = served("ticket", "amend", "8", "隐患描述=三层通道堆放床架", "--reason", "写错楼层")
    assert (amended.code, "更正通知：拟稿" in amended.out) == (0, True)
    drafted = paper(served, "W2")
    assert (drafted["kind"], drafted["corrects"], drafted["items"]) == (
        "correction_notice",
        "LZH-W2024-0001",
        [f"{N}08"],
    )
    refused(served, ("notice", "sign-off", "W2"), "安全股股长不是文书签发人，由 区教育局分管副局长 签发")
    assert served("notice", "sign-off", "W2", by=LEADER).code == 0
    assert paper(served, "W2")["number"] == "更正通知〔2024〕1号"
    [item] = json.loads(served("notice", "show", "W2", "--json").out)["text"]["items"]
    assert (item["before"], item["after"], item["field"]) == (FOUND[1], "三层通道堆放床架", "隐患描述")
    assert json.loads(served("notice", "show", "W1", "--json").out)["text"]["items"] == said


def test_what_is_wrong_with_paper_and_day_is_said_at_once(cli: Cli) -> None:
    """A day to come and what the hazards miss stand in one answer."""
    answer = cli("notice", "draft", "1", "整改时限=9月20日", "--on", "9月20日")
    assert answer.code == 1
    assert "缺“整改责任人”" in answer.err
    assert "晚于今天" in answer.err
