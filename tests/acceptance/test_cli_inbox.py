"""What came in, on the command line: taken in, listed, shown, and by whom."""

from __future__ import annotations

from pathlib import Path

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
