"""Trying a channel out: one message at once, and what the other side says."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from rectiflow._workplace import Workplace
from support.answers import returned

from .conftest import TUESDAY, Cli


def test_a_trial_by_each_channel(cli: Cli, workplace: Path) -> None:
    """To oneself by default; nothing of it stays in the outbox."""
    before = cli("outbox", "list", "--json", "--limit", "0").out
    tried = cli("outbox", "test", "示例一镇初级中学校长", "--json")
    assert tried.code == 0
    assert [(t["channel"], t["good"]) for t in json.loads(tried.out)] == [("mail", True), ("sms", True)]
    (mail,) = (workplace / "outgoing" / "mail").glob("*.eml")
    assert message_from_bytes(mail.read_bytes(), policy=default)["Subject"] == "通道测试，不用办理"
    assert "不用办理" in (workplace / "outgoing" / "sms.log").read_text("utf-8")
    assert cli("outbox", "list", "--json", "--limit", "0").out == before
    alone = cli("outbox", "test", "--channel", "短信")
    assert alone.out.startswith("短信：发出 → ")


def test_a_channel_that_does_not_work_is_told(cli: Cli, workplace: Path) -> None:
    """With its server, port and reason, and exit code 1; settings that cannot work too."""
    config = workplace / "rectiflow.toml"
    told = (
        'db = "sqlite:///rectiflow.db"\ndistrict = "420702"\n[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
    )
    config.write_text(
        f'{told}sender = "a@b.example"\nsender_name = "某区教育局"\n[channels.sms]\nkind = "aliyun"\n', "utf-8"
    )
    tried = cli("outbox", "test")
    assert tried.code == 1
    assert "邮件：没有发出，连接不上邮件服务器 127.0.0.1:9" in tried.out
    assert "重发" not in tried.out  # nothing of a trial is kept
    assert tried.err.splitlines() == ["正在试邮件……"]
    assert "短信通道（阿里云）：没有发出，没有填写 access_key_id；" in tried.out
    config.write_text(told.split("[mail]")[0], "utf-8")
    nothing = cli("outbox", "test")
    assert nothing.code == 1
    assert "没有配置这样的通道" in nothing.out


def test_only_the_safety_section_tries_channels(cli: Cli) -> None:
    """And whom nobody knows is nobody's recipient."""
    assert "请由安全股办理" in cli("outbox", "test", by="示例一镇初级中学校长").err
    assert cli("outbox", "test", "查无此人").code == 1


def listed(cli: Cli, status: str) -> list[str]:
    """Return the short ids of messages of a status."""
    return [m["id"] for m in json.loads(cli("outbox", "list", "--status", status, "--json", "--limit", "0").out)]


def _no(_prompt: str) -> str:
    return "n"


NIGHT = "2024-09-02T23:00"


def test_chosen_messages_go_at_once(cli: Cli) -> None:
    """At night, one that waits for the digest too, and no others; what was sent is not sent again."""
    waiting, held = listed(cli, "待发"), listed(cli, "待汇总")
    chosen = (waiting[0], held[0])
    sent = cli("outbox", "send", *chosen, now=NIGHT)
    assert (sent.code, sent.out.splitlines()[0]) == (0, "发出 2 条，稍后重试 0 条，等待 0 条，未送达 0 条。")
    assert sorted(listed(cli, "已发")) == sorted(chosen)
    assert sorted(listed(cli, "待发")) == sorted(waiting[1:])
    assert sorted(listed(cli, "待汇总")) == sorted(held[1:])
    again = cli("outbox", "send", chosen[0], now=NIGHT)
    assert (again.code, again.out.startswith("没有发送：")) == (1, True)
    assert cli("outbox", "send", waiting[1], "000000", now=NIGHT).code == 1
    assert waiting[1] in listed(cli, "待发")


def test_what_is_held_back_is_counted(cli: Cli, workplace: Path) -> None:
    """Beyond the day's measure it waits for the digest: who sends is told how many."""
    file = workplace / "rectiflow.toml"
    file.write_text(file.read_text("utf-8").replace("# per_day = 30", "per_day = 1"), "utf-8")
    told = cli("outbox", "send", "--anyway").out.splitlines()[0]
    found = json.loads(cli("outbox", "list", "--status", "待汇总", "--json", "--limit", "0").out)
    held = len([m for m in found if "达到上限" in m["detail"]])
    assert held
    assert f"，未送达 0 条，并入下一次汇总 {held} 条" in told


def test_a_rehearsal_says_where_its_mails_are(cli: Cli, workplace: Path) -> None:
    """After sending, and of a mail that was looked at."""
    sent = cli("outbox", "send").out.splitlines()
    assert f"  邮件：{workplace / 'outgoing' / 'mail'}" in sent
    assert f"  短信：{workplace / 'outgoing' / 'sms.log'}" in sent
    assert "没有真的发出去" not in cli("outbox", "send").out
    found = json.loads(cli("outbox", "list", "--status", "已发", "--json").out)
    mail = next(m for m in found if m["channel"] == "mail")
    told = cli("outbox", "show", mail["id"]).out
    assert told.startswith(f"{mail['id']}  （{mail['key']}）\n")
    assert str(workplace / "outgoing" / "mail" / mail["detail"]) in told.replace("\n", "").replace(" ", "")


def test_what_is_hurried_leaves_the_digest_alone(cli: Cli) -> None:
    """And says how many wait for it."""
    held = listed(cli, "待汇总")
    answer = cli("outbox", "send", "--anyway", now=NIGHT)
    assert f"另有 {len(held)} 条等着汇总" in answer.out
    assert listed(cli, "待汇总") == held


def test_who_cancelled_a_message_stands_with_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal asks first and names whom it concerns; the old reason is gone, of what is queued again too."""
    cli("outbox", "send", now=NIGHT)
    one, two = listed(cli, "待发")[:2]
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", _no)
    asked = cli("outbox", "cancel", one, now=NIGHT)
    assert " → " in asked.out
    assert asked.out.splitlines()[-1] == "没有取消。"
    assert one in listed(cli, "待发")
    assert cli("outbox", "cancel", one, "--yes", now=NIGHT).out.endswith("已取消 1 条。\n")
    cancelled = json.loads(cli("outbox", "list", "--status", "已取消", "--json").out)
    (gone,) = [m for m in cancelled if m["id"] == one]
    assert gone["detail"] == "安全股股长 2024-09-02 23:00 取消"
    assert cli("outbox", "retry", two, now=NIGHT).code == 0
    (again,) = [m for m in json.loads(cli("outbox", "list", "--json").out) if m["id"] == two]
    assert (again["status"], again["detail"]) == ("waiting", "")


def test_what_was_named_and_left_is_told_alike(cli: Cli) -> None:
    """A message that was sent is neither sent, queued nor cancelled again: exit code 1, also beside one that is."""
    sent, *waiting = listed(cli, "待发")
    cli("outbox", "send", sent, now=NIGHT)
    for verb, said in (("send", "没有发送："), ("retry", "没有重新排队："), ("cancel", "没有取消：")):
        alone = cli("outbox", verb, sent, now=NIGHT)
        assert (alone.code, alone.out.splitlines()[-1].startswith(said)) == (1, True)
        both = cli("outbox", verb, sent, waiting.pop(), now=NIGHT)
        assert (both.code, both.out.splitlines()[-1].startswith(f"另有 1 条{said}")) == (1, True)
    nothing = cli("outbox", "retry", now=NIGHT)
    assert (nothing.code, nothing.out) == (0, "没有未送达或退回的消息，不用重发。\n")


def test_a_channel_that_is_down_is_no_success(cli: Cli, workplace: Path) -> None:
    """Nothing could be sent: why, and exit code 1; the doctor says it too, with what waits."""
    config = workplace / "rectiflow.toml"
    text = config.read_text("utf-8").replace('host = ""\nport = 587', 'host = "127.0.0.1"\nport = 9')
    text = text.replace('sender = ""', 'sender = "a@b.example"').replace("files = true", "files = false")
    config.write_text(text, "utf-8")
    configured = cli("doctor", "--json")
    (found,) = [f for f in json.loads(configured.out) if f["subject"] == "发送通道" and f["state"] == "正常"]
    assert found["detail"] == "邮件，已配置（没有试发；试发：rectiflow outbox test）"
    answer = cli("outbox", "send")
    assert answer.code == 1
    assert "邮件发不出去：连接不上邮件服务器 127.0.0.1:9" in answer.err
    assert "  通道不通\n" in cli("incident", "list").out
    (found,) = [
        f for f in json.loads(cli("doctor", "--json").out) if f["subject"] == "发送通道" and f["state"] == "有问题"
    ]
    assert found["detail"].startswith("邮件发不出去：连接不上邮件服务器 127.0.0.1:9")
    assert f"待发消息共 {len(listed(cli, '待发'))} 条" in found["detail"]


def test_lists_hold_what_they_are_about(cli: Cli, workplace: Path) -> None:
    """No recipient of a message and no word of an incident is cut off at 80 columns."""
    messages = json.loads(cli("outbox", "list", "--json", "--limit", "0").out)
    listed = cli("outbox", "list", "--limit", "0").out.replace("\n", "").replace(" ", "")
    assert all(f"→{m['recipient']}" in listed for m in messages)
    assert any(len(m["recipient"]) > 12 for m in messages)
    (workplace / "rectiflow.toml").write_text(
        'db = "sqlite:///rectiflow.db"\ndistrict = "420702"\n[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
        'sender = "a@b.example"\nsender_name = "某区教育局"\n',
        "utf-8",
    )
    cli("outbox", "send", "--anyway")
    incidents = json.loads(cli("incident", "list", "--json").out)
    lines = cli("incident", "list").out.splitlines()
    assert incidents
    assert all(i["message"] in "".join(line.strip() for line in lines).replace("（ ", "（") for i in incidents)
    assert len(lines) <= 4 * len(incidents) + 1  # beside a heading two or three lines of 78 columns each, not ten of 18


def test_two_mails_that_come_back_are_sent_again(cli: Cli, workplace: Path, tmp_path: Path) -> None:
    """From the bounces to the corrected address and out again: each step says what the next one is."""
    head = "示例一镇初级中学校长"
    with (workplace / "rectiflow.toml").open("a", encoding="utf-8") as file:
        file.write('\n[inbox]\naddress = "safety@bureau.example"\n')
    cli("outbox", "send", "--anyway")
    address = "town1-school1-head@example.com"
    sent = [message_from_bytes(p.read_bytes(), policy=default) for p in (workplace / "outgoing/mail").glob("*.eml")]
    mails = [m for m in sent if address in str(m["To"])][:2]
    place = Workplace.open(workplace / "rectiflow.toml", now=datetime.fromisoformat(f"{TUESDAY}+08:00"))
    bounces = [tmp_path / f"{n}.eml" for n in range(len(mails))]
    for bounce, mail in zip(bounces, mails, strict=True):
        bounce.write_bytes(returned(place, str(mail["Message-ID"]), address))
    place.flow.close()
    assert "已停发" in cli("inbox", "receive", *map(str, bounces)).out.replace("\n        ", "")
    assert "outbox retry" in "".join(cli("incident", "list").out.split("\n  "))
    keys = listed(cli, "退回")
    assert len(keys) == 2
    shown = cli("outbox", "show", keys[0]).out
    assert "退回，试过 1 次" in shown
    assert "550 5.1.1 refused" in shown
    said = cli("person", "reach", head, "--email", "new-head@school.example").out
    assert "有 2 条没有送到的消息可以重发：rectiflow outbox retry" in said.replace("\n", "")
    assert "已重新排队 1 条" in cli("outbox", "retry", keys[0]).out
    assert "已重新排队 1 条" in cli("outbox", "retry").out
    assert "没有未送达或退回的消息" in cli("outbox", "retry").out
    assert "发出 2 条" in cli("outbox", "send", "--anyway").out
    sent = [message_from_bytes(p.read_bytes(), policy=default) for p in (workplace / "outgoing/mail").glob("*.eml")]
    assert len([m for m in sent if "new-head@school.example" in str(m["To"])]) == 2


def test_only_what_can_be_cancelled_is_asked_about(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter and leaving keep the message, in words that are no status; of what was sent nothing is asked."""
    sent, waiting, *_ = listed(cli, "待发")
    cli("outbox", "send", sent, now=NIGHT)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", _gone)
    told = cli("outbox", "cancel", sent, now=NIGHT)
    assert (told.code, told.err) == (1, "")
    assert told.out.startswith(f"{sent}  已发  ")
    left = cli("outbox", "cancel", waiting, now=NIGHT)
    assert (left.code, left.err.strip()) == (1, "没有办，什么也没有改。")
    monkeypatch.setattr("builtins.input", _enter)
    assert cli("outbox", "cancel", waiting, now=NIGHT).out.splitlines()[-1] == "没有取消。"
    assert waiting in listed(cli, "待发")


def _gone(_prompt: str) -> str:
    raise EOFError


def _enter(_prompt: str) -> str:
    return ""


def test_whose_messages_go_to_a_group(cli: Cli, workplace: Path) -> None:
    """People are named as anywhere else; whom nobody knows the doctor names; a trial leaves out who is not meant."""
    file = workplace / "rectiflow.toml"
    first = file.read_text("utf-8").partition("\n[")[0]
    (workplace / "hook").write_text("http://127.0.0.1:9/send?key=k", "utf-8")
    robot = '[channels.chat]\nkind = "wecom"\nwebhook_file = "hook"\ngroup = "群"\npersons = ["安全股股长"'
    mail = '[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\nsender = "a@b.example"\nsender_name = "教育局"\n'
    file.write_text(f"{first}\n{mail}{robot}]\n", "utf-8")
    assert "群消息：没有发出，连接不上" in cli("outbox", "test").out
    head = "示例一镇第一小学校长"
    assert "群消息" not in cli("outbox", "test", head).out
    assert (
        f"群消息：没有发出，{head}不在 [channels.chat] 的 persons 里"
        in cli("outbox", "test", head, "--channel", "群").out
    )
    file.write_text(f'{first}\n{robot}, "查无此人", "示例一镇"]\n', "utf-8")
    told = "".join(cli("doctor").out.split())
    assert "群通道（企业微信）没有配置好：persons里的“查无此人”：没有" in told
    assert "persons里的“示例一镇”：" in told
