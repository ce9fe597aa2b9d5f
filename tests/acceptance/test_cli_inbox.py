"""What came in, on the command line: taken in, listed, shown, and by whom."""

from __future__ import annotations

import io
import json
import shutil
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from support.imap import PASSWORD, USER, running_imap
from support.workplaces import MONDAY

from .conftest import Cli

HEAD = "示例一镇第一小学校长"
HEAD_OFFICE = "安全股股长"
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


def test_nothing_is_taken_in_where_something_is_wrong(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is missing is told before the good ones are taken in; an empty pipe is no mail."""
    (tmp_path / "good.eml").write_bytes(MAIL)
    refused = cli("inbox", "receive", str(tmp_path / "good.eml"), str(tmp_path / "missing.eml"), str(tmp_path))
    assert refused.code != 0
    assert "missing.eml 读不了：" in refused.err
    assert f"{tmp_path} 读不了：" in refused.err.replace("\n", "")
    for piped in (b"", b"\r\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped)))
        empty = cli("inbox", "receive")
        assert empty.code == 2
        assert "标准输入是空的" in empty.err
    assert "没有来信" in cli("inbox", "list", "--all").out


def test_what_a_gateway_hands_over_and_nobody_can_read(cli: Cli, workplace: Path) -> None:
    """It is taken in, so that it is not sent for ever, and waits; what is wrong in the settings is a failure."""
    settings = workplace / "rectiflow.toml"
    body = workplace / "回调.json"
    body.write_bytes(b'[{"mobile":"13800000032","smsContent":null},{"mobile":"13800000032","smsContent":"1"}]')
    words = ("inbox", "callback", "gateway", "replies", str(body))
    told = '\n[channels.sms]\nkind = "gateway"\n'
    settings.write_text(settings.read_text(encoding="utf-8") + told, encoding="utf-8")
    assert cli(*words).code != 0
    rules = '[channels.sms.replies]\nphone = "mobile"\ntext = "smsContent"\n'
    settings.write_text(settings.read_text(encoding="utf-8") + rules, encoding="utf-8")
    done = cli(*words)
    assert (done.code, done.err) == (0, "")
    key = next(line.split()[0] for line in cli("inbox", "list").out.splitlines() if "打不开" in line)
    shown = cli("inbox", "show", key)
    assert "第 1 条缺少 smsContent" in shown.out.replace("\n", "").replace(" " * 10, "")
    assert '"smsContent": null' in shown.out
    assert cli("inbox", "done", key, "--note", "已电话核实").code == 0


def _no_workplace(folder: Path) -> None:
    (folder / "rectiflow.toml").unlink()


def _broken_settings(folder: Path) -> None:
    (folder / "rectiflow.toml").write_text("[mail\n", encoding="utf-8")


def _unknown_setting(folder: Path) -> None:
    with (folder / "rectiflow.toml").open("a", encoding="utf-8") as file:
        file.write('\n[nothing]\nof = "ours"\n')


def _no_database(folder: Path) -> None:
    (folder / "rectiflow.db").unlink()


def _no_server(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:  # given back below: nobody listens there
        at = f"postgresql+psycopg://nobody@127.0.0.1:{held.getsockname()[1]}/none"
    (folder / "rectiflow.toml").write_text(f'db = "{at}"\ndistrict = "420704"\n', encoding="utf-8")


@pytest.mark.parametrize("broken", [_no_workplace, _broken_settings, _unknown_setting, _no_database, _no_server])
def test_a_mail_server_keeps_what_cannot_be_taken_in_now(
    cli: Cli, workplace: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Path], None]
) -> None:
    """Whatever stands between the pipe and the database, the exit code says: later (EX_TEMPFAIL); once mended, it is in."""
    monkeypatch.chdir(workplace)
    whole = Path(shutil.copytree(workplace, workplace.with_name("whole")))
    broken(workplace)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MAIL)))
    refused = cli("inbox", "receive", now=None, by=None)
    assert refused.code == 75
    assert refused.err.strip()
    assert "Traceback" not in refused.err
    monkeypatch.chdir(whole)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MAIL)))
    assert "收下 1 封" in cli("inbox", "receive").out


def test_long_words_and_long_lists_fit(cli: Cli, tmp_path: Path) -> None:
    """No line is longer than the screen; the count is of all there are, the subject tells letters about no hazard apart."""
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL.replace(b"hello", ("请问什么时候来复查，" * 40 + "\x9b31m\x1b[31m").encode()))
    key = cli("inbox", "receive", str(file)).out.split()[0]
    took(cli, "一", "二")
    listed, shown = cli("inbox", "list", "--limit", "2").out, cli("inbox", "show", key).out
    assert "共 3 封，列出最新的 2 封" in listed
    assert "主题：你好" in cli("inbox", "list").out
    assert "a@b.example“你好”：没有有效的回执码" in cli("today").out
    lines = (line for text in (listed, shown, cli("inbox", "list").out) for line in text.splitlines())
    assert max(map(cell_len, lines)) <= 80
    assert shown.count("请问什么时候来复查") == 40
    assert "\x9b" not in shown
    assert "\x1b" not in shown


def test_who_may_look_and_take_in_short_messages(cli: Cli) -> None:
    """The Safety Section; a school reads no letters, and answers for nobody by a number it types."""
    for words in (("inbox", "list"), ("inbox", "show", "a"), ("inbox", "sms", "13911112222", "1")):
        refused = cli(*words, by=HEAD)
        assert refused.code != 0, words
        assert "请由安全股办理" in refused.err
    assert cli("inbox", "sms", "13911112222", "1").code == 0


def took(cli: Cli, *texts: str) -> list[str]:
    """Take short messages in; return their ids in the order they came."""
    return [cli("inbox", "sms", "13911112222", text).out.split()[0] for text in texts]


def test_several_are_finished_at_once_or_none(cli: Cli) -> None:
    """A settled one, an unknown one and a note too long are told together; then nothing is changed."""
    first, second, third = took(cli, "一", "二", "三")
    assert cli("inbox", "done", first, "--note", "电话核实").code == 0
    refused = cli("inbox", "done", first, second, "zz", "--note", "长" * 501)
    assert refused.code == 1
    assert f"来信 {first} 已经办完（2024-09-03 09:00 收到；" in refused.err
    assert f"{HEAD_OFFICE} 2024-09-03 09:00 已处理：电话核实）" in refused.err
    assert "没有编号为“zz”的来信，编号见 rectiflow inbox list --all" in refused.err
    assert "精简到 500 字" in refused.err
    assert second in cli("inbox", "list").out
    bare = cli("inbox", "done", second, third, second)
    assert bare.code == 2
    assert f"{second}、{third} 待处理，请写明怎么处理的" in bare.err.replace("\n", "").replace(" │", "").replace(
        "│ ", ""
    )
    assert "inbox done" in cli("inbox", "list").out
    assert f"rectiflow inbox done {second} --note" in cli("inbox", "show", second).out
    assert "已办结 2 封" in cli("inbox", "done", second, third, second, "--note", "已电话核实").out
    assert "没有要处理的来信" in cli("inbox", "list").out


def test_the_newest_stands_first_also_within_a_minute(cli: Cli) -> None:
    """The order is that of coming in, whatever the ids."""
    came = took(cli, *"甲乙丙丁戊己")
    listed = [
        line.split()[0] for line in cli("inbox", "list").out.splitlines() if line[0] != " " and "2024" not in line
    ]
    assert listed[:6] == came[::-1]


def test_what_is_no_short_message_is_refused(cli: Cli) -> None:
    """Neither a word for a number nor nothing for an answer is taken in."""
    for words in (("abc", "1"), ("13911112222", " "), ("1", "签收"), ("1380000", "签收")):
        assert cli("inbox", "sms", *words).code == 2
    assert "没有来信" in cli("inbox", "list", "--all").out


def test_a_letter_that_asks_to_send_back_says_how(cli: Cli) -> None:
    """It is not done by a letter; who reads it sees with which command, while the hazard can be sent back."""
    head = "示例一镇初级中学校长"
    cli("person", "reach", head, "--phone", "13911112222")
    cli("outbox", "send", "--anyway")
    key = cli("inbox", "sms", "13911112222", "退回 2，不是我校的").out.split()[0]
    told = "".join(cli("inbox", "show", key).out.split())
    assert f"rectiflowticketdoLZH-2024-000002退回理由=…建议承办单位=…--for{head}--via短信" in told
    assert f"rectiflowinboxdone{key}" in told
    command = (
        "ticket",
        "do",
        "2",
        "退回",
        "理由=不属于本校",
        "建议承办单位=示例一镇第一小学",
        "--for",
        head,
        "--via",
        "短信",
    )
    assert cli(*command).code == 0
    assert "ticketdo" not in "".join(cli("inbox", "show", key).out.split())


def test_words_of_a_school_wait_until_somebody_has_looked(cli: Cli) -> None:
    """A remark by short message is on the hazard and on the keeper's day; looked at, it is gone from there."""
    reached = ("--phone", "13911112222", "--prefer", "短信")
    assert cli("person", "reach", "示例一镇初级中学校长", *reached).code == 0
    assert cli("outbox", "send").code == 0
    (key,) = took(cli, "配件周五到货")
    assert "学校来信未看（1）" in cli("today").out
    assert "示例一镇初级中学校长：配件周五到货" in cli("today").out
    number = next(n for n in ("2", "3") if "配件周五到货" in cli("ticket", "show", n).out)
    assert "示例一镇初级中学校长（短信）：配件周五到货" in cli("ticket", "show", number).out
    assert "配件周五到货" in cli("inbox", "show", key, "--json").out  # a program has not looked
    assert "学校来信未看（1）" in cli("today").out
    assert "inbox done" not in cli("inbox", "list").out  # there is nothing to do but to look
    seen = cli("inbox", "show", key).out
    assert "配件周五到货" in seen
    assert "inbox done" not in seen
    assert "学校来信未看" not in cli("today").out
    assert "看过" in cli("inbox", "list", "--all").out
    assert "已经办完" in cli("inbox", "done", key).err


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
