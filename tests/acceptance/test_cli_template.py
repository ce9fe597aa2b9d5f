"""The words of messages: whose they are, whether they can be used, and how they will look."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from rectiflow.notifiers import OCCASIONS, builtin_templates, count_parts
from rectiflow.notifiers.preview import sms_parts

from .conftest import Cli

HEADMASTER = "示例一镇初级中学校长"


def write(workplace: Path, name: str, text: str) -> Path:
    """Put a template into the district's own folder."""
    file = workplace / "templates" / name
    file.write_text(text, "utf-8")
    return file


def shown(cli: Cli, *words: str, **more: Any) -> list[Any]:
    """Return previews as JSON."""
    answer = cli("template", "preview", *words, "--json", **more)
    assert answer.code == 0, answer.text
    found: list[Any] = json.loads(answer.out)
    return found


def test_the_list_says_whose_words_they_are(cli: Cli, workplace: Path) -> None:
    """Every occasion with its title; the district's own files and occasions are told from the built-in ones."""
    write(workplace, "assigned.sms.txt.j2", "隐患{{ number }}已交办。")
    write(workplace, "holiday.sms.txt.j2", "放假前请自查。")
    rows = {r["occasion"]: r for r in json.loads(cli("template", "list", "--json").out)}
    assert set(rows) == {*OCCASIONS, "holiday"}
    assert (rows["assigned"]["title"], rows["assigned"]["mail"], rows["assigned"]["sms"]) == ("交办", "内置", "本区")
    assert (rows["holiday"]["title"], rows["holiday"]["mail"]) == ("自定义", "")
    assert "交办" in cli("template", "list").out


def test_show_gives_the_files_as_they_stand(cli: Cli, workplace: Path) -> None:
    """The built-in mail with its subject line, the own short message with where it is; found by id or title."""
    own = write(workplace, "assigned.sms.txt.j2", "隐患{{ number }}已交办。")
    for name in ("assigned", "交办"):
        answer = cli("template", "show", name, "--source")
        assert "主题：隐患交办 {{ number }} {{ unit }}" in answer.out
        assert f"{own}（本区）\n隐患{{{{ number }}}}已交办。" in answer.out
    assert "template list" in cli("template", "show", "无此场合").err


def test_show_lists_what_a_message_can_say(cli: Cli) -> None:
    """Name, meaning and example of each field of the occasion; the files' text only when it is asked for."""
    answer = cli("template", "show", "交办")
    assert re.search(r"due_on +整改时限，如 2024年12月31日 +2024年9月6日", answer.out)
    assert "assigned.mail.txt.j2（内置）" in answer.out
    assert "{{" not in answer.out
    names = {f["name"] for f in json.loads(cli("template", "show", "每日汇总", "--json").out)["fields"]}
    assert {"count", "lines"} <= names
    assert not {"description", "due_on", "number"} & names
    restricted = {f["name"] for f in json.loads(cli("template", "show", "restricted", "--json").out)["fields"]}
    assert restricted == {"contact", "district_name", "number", "recipient", "standing_in_for"}


def test_a_page_is_not_overwritten_unasked(cli: Cli, tmp_path: Path) -> None:
    """A second page of the same name is refused, and made with --force."""
    page = tmp_path / "预览.html"
    assert cli("template", "preview", "交办", "--page", str(page)).code == 0
    page.write_text("改过", "utf-8")
    assert "加 --force" in cli("template", "preview", "交办", "--page", str(page)).err
    assert page.read_text("utf-8") == "改过"
    assert cli("template", "preview", "交办", "--page", str(page), "--force").code == 0
    assert "改过" not in page.read_text("utf-8")


def test_the_preview_says_how_to_answer_where_answers_are_read(cli: Cli, workplace: Path) -> None:
    """With an address for answers the mail says what to write back; without, nothing."""
    assert "可以直接回复本邮件" not in cli("template", "preview", "交办").out
    file = workplace / "rectiflow.toml"
    file.write_text(file.read_text("utf-8") + '\n[inbox]\naddress = "safety@bureau.example"\n', "utf-8")
    assert "收到后回复“签收”，即为签收" in cli("template", "preview", "交办").out
    assert "可以直接回复本邮件" not in cli("template", "preview", "限制类事项").out


def test_the_words_of_an_occasion_are_copied_to_be_changed(cli: Cli, workplace: Path) -> None:
    """As they are, so that nothing changes by that; what is there is not written over, and what is changed is used."""
    built_in = shown(cli, "交办")
    assert f"{HEADMASTER}不能改动消息模板，请由安全股办理" in cli("template", "copy", "交办", by=HEADMASTER).err
    answer = cli("template", "copy", "交办")
    assert answer.code == 0
    sms = workplace / "templates" / "assigned.sms.txt.j2"
    assert answer.out.splitlines()[:2] == [str(sms.with_name("assigned.mail.txt.j2")), str(sms)]
    assert cli("template", "check").code == 0
    assert shown(cli, "交办") == built_in
    sms.write_text(f"本区提醒：{sms.read_text('utf-8')}", "utf-8")
    assert "本区提醒：" in shown(cli, "交办")[0]["sms"]
    again = cli("template", "copy", "assigned")
    assert (again.code, "没有覆盖" in again.err, "本区提醒" in sms.read_text("utf-8")) == (1, True, True)
    assert cli("template", "copy", "交班").code == 1
    write(workplace, "holiday.sms.txt.j2", "放假前请自查。")
    assert "本区自己的场合" in cli("template", "copy", "holiday").err


def test_check_names_every_problem_with_its_line(cli: Cli, workplace: Path) -> None:
    """An unknown name, a broken tag and a missing file at once; until they are mended the exit code says so."""
    assert cli("template", "check").code == 0
    mail = write(workplace, "assigned.mail.txt.j2", "主题：交办 {{ nummer }}\n\n正文\n{% if %}\n")
    write(workplace, "holiday.sms.txt.j2", "放假前请自查。")
    answer = cli("template", "check")
    assert answer.code == 1
    for said in (f"{mail}:1: ", "是不是 number", f"{mail}:4: 语法错误", "holiday.mail.txt.j2", "3 处问题"):
        assert said in answer.text
    problems = json.loads(cli("template", "check", "--json").out)
    assert [p["line"] for p in problems if p["path"] == str(mail)] == [1, 4]
    assert cli("template", "preview", "交办").code == 1


def test_a_frame_within_the_words_holds_nothing_up(cli: Cli, workplace: Path) -> None:
    """What a template wrongly builds on is told by its own line; deadlines and sending go on."""
    mail = write(workplace, "assigned.mail.txt.j2", '主题：交办\n{% include "_frame.mail.txt.j2" %}\n')
    assert cli("tick").code == 0
    assert cli("outbox", "send").code == 0
    answer = cli("template", "check")
    assert (answer.code, f"{mail}:2: 不能引用 _frame.mail.txt.j2" in answer.text) == (1, True)


def test_a_template_with_a_wrong_name_is_told(cli: Cli, workplace: Path) -> None:
    """Where the ending was lost, `template check` and `doctor` say what it should be."""
    mail = write(workplace, "assigned.mail.txt", "主题：本区交办\n正文\n")
    said = f"{mail}: 文件名不对，没有用上，应为 assigned.mail.txt.j2"
    answer = cli("template", "check")
    assert (answer.code, said in answer.text) == (1, True)
    assert said in cli("doctor", "--json").out


def test_a_preview_without_a_hazard_is_a_sample(cli: Cli) -> None:
    """Subject, text and short message of the district's own year and prefix; anybody may look."""
    answer = cli("template", "preview", "逾期催办", by=None)
    assert answer.code == 0
    for said in (
        "示例内容，LZH-2024-000123",
        "主题：逾期催办",
        "（已逾期2天）",
        "整改时限：2024年9月1日",
        "短信（1 条，",
    ):
        assert said in answer.out


def test_a_sample_lists_what_such_a_message_lists(cli: Cli) -> None:
    """Where the words have a list there is something in it, with what is wrong."""
    found = {p["occasion"]: p["text"] for p in shown(cli, "--all")}
    listing = [o for o in OCCASIONS if "{{ lines }}" in (builtin_templates() / f"{o}.mail.txt.j2").read_text("utf-8")]
    assert len(listing) > 8
    for occasion in listing:
        assert occasion == "generic" or re.search(r"[。：]\n\n(· |1\. |\S+ \d+ 条)", found[occasion]), occasion
    for occasion in ("paper_result", "digest"):
        assert "疏散通道堆物" in found[occasion]


@pytest.mark.parametrize(("occasion", "state"), [("交办", "待签收"), ("申请复查", "待复查"), ("逾期催办", "整改中")])
def test_a_sample_stands_where_such_a_hazard_stands(cli: Cli, occasion: str, state: str) -> None:
    """What has just been assigned is not under way yet."""
    assert f"当前环节：{state}" in cli("template", "preview", occasion).out


def test_a_preview_of_a_message_that_was_written(cli: Cli) -> None:
    """With a hazard it says what its latest message of the occasion says, to whom that goes."""
    [found] = shown(cli, "交办", "--ticket", "2")
    assert found["source"] == "发件箱里最近一条的内容"
    assert found["number"] == "LZH-2024-000002"
    assert "灭火器过期" in found["text"]
    assert "2024年9月20日" in found["sms"]
    assert found["recipient"] in found["text"]
    assert found["parts"] == count_parts(found["sms"])


def test_a_preview_of_a_message_that_is_not_written_yet(cli: Cli) -> None:
    """Else it says what the hazard itself would put into it; to the person asked for."""
    [found] = shown(cli, "urge", "--ticket", "2", "--person", HEADMASTER)
    assert found["source"] == "按隐患现在的情况"
    assert "灭火器过期" in found["text"]
    assert found["text"].startswith(f"{HEADMASTER}，您好")


def test_who_stands_in_gets_it(cli: Cli) -> None:
    """The deputy of today is shown, with whom he stands in for."""
    absent = cli("person", "absent", HEADMASTER, "--from", "2024-09-03", "--to", "2024-09-10", "--deputy", "安全股干事")
    assert absent.code == 0, absent.text
    [found] = shown(cli, "urge", "--ticket", "2", "--person", HEADMASTER)
    assert found["recipient"] == "安全股干事"
    assert f"（代{HEADMASTER}）" in found["sms"]


@pytest.mark.parametrize("occasion", ["assigned", "urge"])
def test_a_restricted_hazard_says_its_number_alone(cli: Cli, occasion: str) -> None:
    """Who may see it previews what would go out; who may not is refused."""
    [found] = shown(cli, occasion, "--ticket", "4")
    assert "只发“限制类事项”的内容" in found["source"]
    assert "纠纷" not in found["text"] + found["sms"] + found["subject"]
    assert "LZH-2024-000004" in found["sms"]
    refused = cli("template", "preview", occasion, "--ticket", "4", by=HEADMASTER)
    assert refused.code == 1
    assert "受限类别" in refused.err


def test_all_occasions_on_one_page(cli: Cli, workplace: Path) -> None:
    """Each mail at both widths and its short message; nothing runs and nothing is fetched."""
    answer = cli("template", "preview", "--all", "--page", "all.html")
    assert answer.code == 0
    page = (workplace / "all.html").read_text("utf-8")
    assert page.count("<section ") == len(OCCASIONS)
    for width in (375, 1024):
        assert page.count(f'<iframe sandbox="allow-same-origin" width="{width}"') == len(OCCASIONS)
    mails = [unescape(m) for m in re.findall(r'srcdoc="([^"]*)"', page)]
    assert all(m.startswith("<!DOCTYPE html>") and m.rstrip().endswith("</html>") for m in mails)
    assert not re.search(r"<script|<link|src=|href=(?!\"#)|url\(", page)


def test_a_page_holds_data_and_no_marks(cli: Cli, workplace: Path) -> None:
    """What data say stays text on the page, also within the mail's frame."""
    write(workplace, "urge.sms.txt.j2", "</p><script>alert(1)</script>{{ number }}" + "长" * 70)
    assert cli("template", "preview", "urge", "--page", "one.html").code == 0
    page = (workplace / "one.html").read_text("utf-8")
    assert "<script" not in page
    assert page.count('class="bubble"') == 2
    assert "短信，2 条" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--all"),
        (("交办", "--all"), "两者选一"),
        (("无此场合",), "template list"),
        (("交办", "--ticket", "99"), "99"),
        (("交办", "--person", "无此人"), "无此人"),
        (("交办", "--page", "report.docx"), ".html"),
        (("交办", "--page", "no/such/folder.html"), "写不了"),
    ],
)
def test_what_cannot_be_shown_is_said(cli: Cli, words: tuple[str, ...], told: str) -> None:
    """Each with what to do, and no page is written."""
    answer = cli("template", "preview", *words)
    assert answer.code == 1
    assert told in answer.err


@pytest.mark.parametrize(("text", "parts"), [("字" * 70, 1), ("字" * 71, 2), ("字" * 135, 3)])
def test_parts_of_a_short_message(text: str, parts: int) -> None:
    """They are as many as are charged, and together the whole."""
    found = sms_parts(text)
    assert (len(found), "".join(found)) == (parts, text)


@pytest.mark.parametrize("occasion", ["assigned", "paper_served"])
def test_what_is_not_a_unit_s_own_is_told_by_telephone(cli: Cli, workplace: Path, occasion: str) -> None:
    """An answer by mail sends nothing back, so the mail does not ask for that: it names the office and its number."""
    file = workplace / "rectiflow.toml"
    kept = re.sub(r"(?m)^contact = .*\n", "", file.read_text("utf-8"))
    for contact, said in (
        ("0711-1234567", "请在签收前致电安全股（0711-1234567）并说明理由"),
        ("", "请在签收前告知安全股"),
    ):
        file.write_text(f'contact = "{contact}"\n{kept}', "utf-8")
        assert any(said in p["text"] for p in shown(cli, occasion))
