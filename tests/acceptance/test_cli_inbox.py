"""What came in, on the command line: taken in, listed, shown, and by whom."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from support.imap import PASSWORD, USER, running_imap
from support.workplaces import MONDAY

from .conftest import Cli

HEAD = "示例一镇第一小学校长"
MAIL = (
    b"From: Somebody <a@b.example>\r\nTo: safety@bureau.example\r\nSubject: =?utf-8?B?5L2g5aW9AA==?=\r\n"
    b"Message-ID: <1@b.example>\r\n\r\nhello\r\n"
)


def test_a_mail_on_its_way(cli: Cli, tmp_path: Path) -> None:
    """Kept, listed, shown, saved as it was, and finished."""
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)
    assert "没有有效的回执码" in cli("inbox", "receive", str(file)).out
    listed = cli("inbox", "list")
    key = listed.out.split()[0]
    shown = cli("inbox", "show", key, "--save", str(tmp_path / "saved.eml"))
    assert "hello" in shown.out
    assert (tmp_path / "saved.eml").read_bytes() == MAIL
    assert cli("inbox", "done", key, "--note", "已电话联系").code == 0
    assert key not in cli("inbox", "list").out


def test_who_may_look_and_take_in_short_messages(cli: Cli) -> None:
    """The Safety Section; a school reads no letters, and answers for nobody by a number it types."""
    for words in (("inbox", "list"), ("inbox", "show", "a"), ("inbox", "sms", "13911112222", "1")):
        refused = cli(*words, by=HEAD)
        assert refused.code != 0, words
        assert "请由安全股办理" in refused.err
    assert cli("inbox", "sms", "13911112222", "1").code == 0


def test_fetching_at_the_command_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at first, then taken in to the end; what is older is told, with the setting that takes it in too."""
    with running_imap(tmp_path) as server:
        for n in range(60):
            server.put(MAIL.replace(b"<1@", f"<{n}@".encode()))
        server.put(MAIL, came=MONDAY - timedelta(days=60))
        told = {
            "HOST": server.host, "PORT": str(server.port), "USERNAME": USER, "PASSWORD": PASSWORD,
            "CA_FILE": str(server.ca_file),
        }  # fmt: skip
        for name, value in told.items():
            monkeypatch.setenv(f"RECTIFLOW_INBOX__{name}", value)
        seen = cli("inbox", "fetch", "--dry-run")
        assert "有 60 封要收。\n另有 1 封是 7 天以前的，没有收。" in seen.out
        assert json.loads(cli("inbox", "fetch", "--dry-run", "--json").out) == {"wanted": 60, "left": 1}
        assert len(server.uids()) == 61
        fetched = cli("inbox", "fetch")
        assert "收下 60 封。" in fetched.out
        assert "since_days" in fetched.out
        assert len(server.uids()) == 1
        assert json.loads(cli("inbox", "fetch", "--json").out) == []
        assert max(len(line) + sum(ord(c) > 255 for c in line) for line in seen.out.splitlines()) <= 80
    assert cli("inbox", "fetch").code == 1
