"""Trying a channel out: one message at once, and what the other side says."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from .conftest import Cli


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
    assert "sms 通道（aliyun）：没有发出，没有填写 access_key_id；" in tried.out
    config.write_text(told.split("[mail]")[0], "utf-8")
    nothing = cli("outbox", "test")
    assert nothing.code == 1
    assert "没有配置这样的通道" in nothing.out


def test_only_the_safety_section_tries_channels(cli: Cli) -> None:
    """And whom nobody knows is nobody's recipient."""
    assert "请由安全股办理" in cli("outbox", "test", by="示例一镇初级中学校长").err
    assert cli("outbox", "test", "查无此人").code == 1


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
