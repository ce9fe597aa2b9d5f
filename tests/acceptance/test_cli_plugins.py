"""Channels of other packages at the command line: one at fault keeps no other from working."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.plugins import FAULTY, install

from .conftest import Cli

UNWILLING = """
from rectiflow.notifiers import Rendered


class Unwilling:
    name = "sms"

    def accepts(self, contact):
        {accepts}

    def compose(self, message, contact, *, templates, at):
        return Rendered(channel="sms", to="1", subject=None, body=b"", message_id="1")

    async def open(self):
        raise OSError("no line")

    async def send(self, rendered):
        raise AssertionError

    async def close(self):
        pass


def channel(given, about):
    return Unwilling()
"""


@pytest.fixture
def posted(workplace: Path) -> Path:
    """The workplace with its mails written to a server that is not there, and short messages by the kind of a package."""
    file = workplace / "rectiflow.toml"
    first = file.read_text("utf-8").partition("\n[")[0]
    mail = '[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\nsender = "a@b.example"\nsender_name = "教育局"\n'
    file.write_text(f'{first}\n{mail}[channels.sms]\nkind = "KIND"\n', "utf-8")
    return file


def _kind(file: Path, kind: str) -> None:
    file.write_text(file.read_text("utf-8").replace("KIND", kind), "utf-8")


def test_a_factory_that_fails(cli: Cli, posted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The doctor says so among all else, the mails are tried, and the log has where it failed."""
    install(monkeypatch, tmp_path / "site", "boom", FAULTY)
    _kind(posted, "boom")
    told = "短信通道（boom）没有配置好：程序包出错：RuntimeError：boom。"
    looked = cli("doctor")
    shown = "".join(looked.out.split())
    assert told in shown
    assert "停滞的隐患" in shown
    assert "邮件，已配置" in shown
    assert looked.err.count(told) == 1
    assert 'raise RuntimeError("boom")' in (posted.parent / "rectiflow-error.log").read_text("utf-8")
    sent = cli("tick")
    assert "程序出错" not in sent.text
    assert "连接不上邮件服务器127.0.0.1:9" in "".join(cli("incident", "list").out.split())
    tried = cli("outbox", "test", "--channel", "短信")
    assert "短信通道（boom）：没有发出，程序包出错：RuntimeError：boom" in tried.out


@pytest.mark.parametrize(
    ("accepts", "wrong"),
    [('raise KeyError("who")', "KeyError：'who'"), ("return True", "OSError：no line")],
    ids=["accepts", "opens"],
)
def test_a_channel_that_fails_at_work(
    cli: Cli, posted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, accepts: str, wrong: str
) -> None:
    """Where it is asked whom it reaches, or opened: its messages wait, and the mails are tried all the same."""
    install(monkeypatch, tmp_path / "site", "unwilling", UNWILLING.format(accepts=accepts))
    _kind(posted, "unwilling")
    sent = cli("outbox", "send", "--anyway")
    assert sent.out.startswith("发出 0 条")
    assert "程序出错" not in sent.text
    waiting = cli("outbox", "list", "--limit", "0").out
    assert "连接不上邮件服务器" in waiting
    assert wrong in waiting
    assert cli("outbox", "test", "--channel", "短信").out.startswith(f"短信：没有发出，程序包出错：{wrong}")


def test_a_name_that_no_message_knows(cli: Cli, posted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A channel under its own name would never be used: it is refused where it stands."""
    source = UNWILLING.format(accepts="return True").replace('"sms"', '"fax"')
    install(monkeypatch, tmp_path / "site", "fax", source)
    _kind(posted, "fax")
    where = "fax 须写在 [channels.sms] 或 [channels.chat]，通道的 name 须是 sms 或 chat"
    assert f"短信通道（fax）：没有发出，{where}" in cli("outbox", "test").out
    posted.write_text(posted.read_text("utf-8").replace("[channels.sms]", "[channels.fax]"), "utf-8")
    assert f"[channels.fax]：没有发出，{where}" in cli("outbox", "test").out
    assert where.replace(" ", "") in "".join(cli("doctor").out.split())
