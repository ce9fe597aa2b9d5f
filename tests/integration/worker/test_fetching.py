"""Mails fetched from a mailbox: moved once they are on record, and whatever goes wrong on the way, nothing lost."""

from __future__ import annotations

import dataclasses
import shutil
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from rectiflow._answers import Mark, fetch_mail, fetching, look
from rectiflow._answers.listing import letters, original
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import InputUnusable, WorkplaceError
from rectiflow.engine.moments import at_hour
from support.imap import PASSWORD, USER, ImapServer, running_imap
from support.workplaces import MONDAY, sample_workplace

DONE = "Rectiflow"
Fetching = Callable[..., Workplace]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ImapServer]:
    """A server that encrypts from the first byte."""
    with running_imap(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workplace made once."""
    folder = tmp_path_factory.mktemp("stocked") / "place"
    sample_workplace(folder).flow.close()
    return folder


@pytest.fixture
def fetching_from(stocked: Path, tmp_path: Path) -> Iterator[Fetching]:
    """Give a workplace that reads from a server."""
    folder = Path(shutil.copytree(stocked, tmp_path / "place"))
    opened: list[Workplace] = []

    def make(server: ImapServer, **changes: object) -> Workplace:
        place = Workplace.open(folder / "rectiflow.toml", now=at_hour(MONDAY, 9))
        told = {
            "host": server.host, "port": server.port, "username": USER, "password": SecretStr(PASSWORD),
            "ca_file": server.ca_file, "security": server.security, **changes,
        }  # fmt: skip
        inbox = place.settings.inbox.model_copy(update=told)
        made = dataclasses.replace(place, settings=place.settings.model_copy(update={"inbox": inbox}))
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.flow.close()


def mail(number: int, *, subject: str = "问好") -> bytes:
    """Write a mail that a person has to look at."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "head@school.example", "office@bureau.example", f"{subject} {number}"
    made["Message-ID"] = f"<{number}@school.example>"
    made.set_content("请问消防栓找谁修？")
    return made.as_bytes()


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_taken_in_and_moved(fetching_from: Fetching, tmp_path: Path, security: str) -> None:
    """However it is encrypted; byte for byte, oldest first, and nothing the second time."""
    with running_imap(tmp_path, security=security) as server:
        for n in range(3):
            server.put(mail(n))
        place = fetching_from(server)
        found = fetch_mail(place).received
        assert [r.status for r in found] == ["waiting"] * 3
        assert (server.uids(), len(server.uids(DONE))) == ([], 3)
        assert [m.flags for m in server.folders[DONE]] == [set()] * 3
        assert [original(place.flow, letters(place.flow)[-1])] == [mail(0)]
        assert fetch_mail(place).received == ()
        assert server.said[-1] == "LOGOUT"


def test_a_mail_counts_as_of_when_it_came(fetching_from: Fetching, server: ImapServer) -> None:
    """By the server's word, not by when we asked, nor by what the mail says; a server ahead of us is not believed."""
    late = mail(1).replace(b"From:", b"Date: Thu, 01 Jan 2099 00:00:00 +0800\r\nFrom:")
    server.put(late, came=MONDAY - timedelta(days=2), hour="10:30:00")
    server.put(mail(2), came=MONDAY + timedelta(days=2))
    place = fetching_from(server)
    fetch_mail(place)
    came = [one.received_at for one in reversed(letters(place.flow))]
    assert came == [at_hour(MONDAY - timedelta(days=2), 10) + timedelta(minutes=30), at_hour(MONDAY, 9)]


def test_without_the_servers_own_move(fetching_from: Fetching, server: ImapServer) -> None:
    """Copied, then only that one is expunged; what a person marked as deleted stays, and is not taken in."""
    server.capabilities = ("UIDPLUS",)
    marked, new = server.put(mail(1), flags={"\\Deleted"}), server.put(mail(2))
    place = fetching_from(server)
    assert len(fetch_mail(place).received) == 1
    assert (server.uids(), len(server.uids(DONE))) == ([marked], 1)
    server.capabilities = ()
    last = server.put(mail(3))
    assert len(fetch_mail(place).received) == 1
    assert server.uids() == [marked, last]  # marked, and left: an EXPUNGE would take the other along
    assert fetch_mail(place).received == ()
    assert new not in server.uids()
    assert "EXPUNGE" not in server.said


def test_a_look_has_an_end(fetching_from: Fetching, server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at a time; it stops between two mails when the worker is to stop."""
    monkeypatch.setattr(fetching, "BATCH", 3)
    for n in range(5):
        server.put(mail(n))
    place = fetching_from(server)
    assert fetch_mail(place, going=lambda: False).received == ()
    assert [len(fetch_mail(place).received) for _ in range(3)] == [3, 2, 0]
    assert server.uids() == []


def test_a_mail_that_cannot_be_moved(fetching_from: Fetching, server: ImapServer) -> None:
    """The mailbox is full: it stays, is known the next time, and does not keep new ones waiting."""
    server.refuse["UID MOVE"] = "NO [OVERQUOTA] Quota exceeded"
    server.put(mail(1))
    place = fetching_from(server)
    (first,) = fetch_mail(place).received
    server.put(mail(2))
    again, second = fetch_mail(place).received
    assert (first.again, again.again, second.again, again.id) == (False, True, False, first.id)
    server.refuse.clear()
    assert len(fetch_mail(place).received) == 2
    assert (server.uids(), len(letters(place.flow))) == ([], 2)


def test_one_that_fails_does_not_stop_the_others(
    fetching_from: Fetching, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays for the next time, whatever went wrong; when none could be taken in, the reason is told."""
    from rectiflow._answers import Received, receiving

    wrong: dict[bytes, Exception] = {b"<1@": InputUnusable("佐证材料写不了：磁盘已满。"), b"<2@": OSError("broken")}

    def receive(place: Workplace, raw: bytes, *, size: int | None = None, came: datetime | None = None) -> Received:
        for sign, exc in wrong.items():
            if sign in raw:
                raise exc
        return receiving.receive_mail(place, raw, size=size, came=came)

    monkeypatch.setattr(fetching, "receive_mail", receive)
    one, two = server.put(mail(1)), server.put(mail(2))
    server.put(mail(3))
    place = fetching_from(server)
    assert len(fetch_mail(place).received) == 1
    assert server.uids() == [one, two]
    with pytest.raises(InputUnusable, match="磁盘已满"):
        fetch_mail(place).check()
    wrong.clear()
    assert len(fetch_mail(place).received) == 2
    assert server.uids() == []


def test_another_worker_was_quicker(fetching_from: Fetching, server: ImapServer) -> None:
    """A mail that is gone between two commands is nobody's loss."""
    server.put(mail(1))
    server.put(mail(2))

    def gone(command: str) -> None:
        if command == "UID FETCH" and server.said.count(command) == 2:
            del server.folders["INBOX"][0]

    server.before = gone
    (found,) = fetch_mail(fetching_from(server)).received
    assert found.status == "waiting"
    assert len(server.uids(DONE)) == 1


def test_a_mail_that_is_too_large(fetching_from: Fetching, server: ImapServer) -> None:
    """Only its header is fetched; a row says why, and the mail is moved like every other."""
    server.put(mail(1), size=45 * 2**20)
    place = fetching_from(server)
    (found,) = fetch_mail(place).received
    assert (found.kind, found.status) == ("unreadable", "waiting")
    assert found.outcome == "没有打开：邮件有 45 MB，最多 40 MB，请压缩照片或分几封发送。"
    (row,) = letters(place.flow)
    assert (row.sender, row.subject, row.words) == ("head@school.example", "问好 1", "")
    assert (server.uids(), len(server.uids(DONE))) == ([], 1)


def test_killed_between_taking_in_and_moving(fetching_from: Fetching, server: ImapServer) -> None:
    """The connection breaks at the move: told, on record once, and moved the next time."""
    server.put(mail(1))

    def breaks(command: str) -> None:
        if command == "UID MOVE":
            raise ConnectionError

    server.before = breaks
    place = fetching_from(server)
    with pytest.raises(WorkplaceError, match="连接中断"):
        fetch_mail(place)
    assert (len(server.uids()), len(letters(place.flow))) == (1, 1)
    server.before = lambda _command: None
    (found,) = fetch_mail(place).received
    assert found.again
    assert (server.uids(), len(letters(place.flow))) == ([], 1)


def test_old_mail_is_left_alone(fetching_from: Fetching, server: ImapServer) -> None:
    """A mailbox in use for years: what came lately is taken in, and late answers to us; the rest stays, and is told."""
    old = [server.put(mail(n), came=MONDAY - timedelta(days=days)) for n, days in enumerate((9, 30, 4000))]
    marked = server.put(mail(7), came=MONDAY - timedelta(days=30), flags={"\\Deleted"})
    server.put(mail(3), came=MONDAY - timedelta(days=8))
    server.put(mail(4))
    server.put(
        mail(5).replace(b"office@bureau.example", b"Office+token@bureau.example"), came=MONDAY - timedelta(days=99)
    )
    place = fetching_from(server, address="office@bureau.example")
    seen = look(place)
    assert (seen.wanted, seen.left, len(server.uids()), DONE in server.folders) == (3, 3, 7, False)
    fetched = fetch_mail(place)
    assert (len(fetched.received), fetched.left, server.uids()) == (3, 3, [*old, marked])
    assert fetch_mail(fetching_from(server, since_days=4100)).wanted == 3
    server.put(mail(6), came=MONDAY - timedelta(days=9999))
    whole = fetch_mail(fetching_from(server, since_days=0))
    assert (len(whole.received), whole.left, server.uids()) == (1, 0, [marked])


@pytest.mark.parametrize("stuck", ["failing", "unmoved"])
def test_old_ones_keep_no_new_one_waiting(
    fetching_from: Fetching, server: ImapServer, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    """Many that cannot be taken in, or not be moved: the next visit goes on behind them, and in the end begins anew."""
    monkeypatch.setattr(fetching, "MOST_TRIED", 4)
    for n in range(10):
        server.put(mail(n))
    place = fetching_from(server)
    if stuck == "unmoved":
        server.refuse["UID MOVE"] = "NO [OVERQUOTA] Quota exceeded"
        assert len(fetch_mail(place, whole=True).received) == 10
    else:

        def fails(*_words: object, **_more: object) -> None:
            raise InputUnusable("佐证材料写不了：磁盘已满。")

        monkeypatch.setattr(fetching, "receive_mail", fails)
    mark, reached, count = Mark(), list[int](), list[int]()
    for _ in range(4):
        visit = fetch_mail(place, mark=mark)
        reached.append(mark.uid)
        count.append(len(visit.received) + len(visit.failed))
    assert (reached, count) == ([4, 8, 10, 4], [4, 4, 2, 4])
    assert len(fetch_mail(place, whole=True).received) == (10 if stuck == "unmoved" else 0)


def test_one_that_breaks_the_connection(fetching_from: Fetching, server: ImapServer) -> None:
    """A server that breaks down over one mail: the next visit goes on behind it, and comes back to it in the end."""
    for n in range(3):
        server.put(mail(n))

    def breaks(command: str) -> None:
        if command == "UID MOVE" and server.uids()[0] == 1 and server.said.count("UID MOVE") in (1, 4):
            raise ConnectionError

    server.before = breaks
    place, mark = fetching_from(server), Mark()
    with pytest.raises(WorkplaceError, match="连接中断"):
        fetch_mail(place, mark=mark)
    assert len(fetch_mail(place, mark=mark).received) == 2
    assert server.uids() == [1]
    with pytest.raises(WorkplaceError, match="连接中断"):
        fetch_mail(place, mark=mark)
    assert [r.again for r in fetch_mail(place, mark=mark).received] == [True]
    assert server.uids() == []


def test_a_mailbox_made_anew(fetching_from: Fetching, server: ImapServer) -> None:
    """Where the numbers begin again, nothing lies behind where the last visit ended: it begins at the beginning."""
    server.put(mail(1))
    mark = Mark()
    mark.uid = 999
    assert len(fetch_mail(fetching_from(server), mark=mark).received) == 1
    assert mark.uid == 1


def test_a_certificate_that_has_expired(fetching_from: Fetching, tmp_path: Path) -> None:
    """Told as that, with what to do; the mail lies there until there is a new one."""
    with running_imap(tmp_path, valid_until=datetime(2024, 1, 1, tzinfo=UTC)) as server:
        server.put(mail(1))
        with pytest.raises(
            WorkplaceError, match="证书已过期，请联系邮件管理员更换证书，并核对本机日期；邮件都还在邮箱里"
        ):
            fetch_mail(fetching_from(server))
        assert (len(server.uids()), server.said) == (1, [])
    with running_imap(tmp_path) as renewed:
        renewed.folders.update(server.folders)
        assert len(fetch_mail(fetching_from(renewed)).received) == 1


@pytest.mark.parametrize("host", ["imap.bureau.example", "10.1.2.3", "localhost.bureau.example"])
def test_no_password_over_an_open_line(fetching_from: Fetching, server: ImapServer, host: str) -> None:
    """Without encryption only to this machine itself; it is said before anything is connected to."""
    with pytest.raises(WorkplaceError, match=r"没有加密，不能发送口令：请把 .* 改为 tls 或 starttls"):
        fetch_mail(fetching_from(server, host=host, security="none"))


REFUSED = [
    ("LOGIN", "NO [ALERT] Unsafe login", "拒绝登录（[ALERT] Unsafe login）"),
    ("LOGIN", f"NO no such word: {PASSWORD}", "拒绝登录（no such word: ***）"),
    ("SELECT", "NO Unsafe Login. Please contact your provider", "打不开文件夹“INBOX”"),
    ("CREATE", "NO [CANNOT] Invalid mailbox name", "建不了文件夹“Rectiflow”"),
    ("UID SEARCH", "NO [SERVERBUG] Internal error", "不能收信（[SERVERBUG] Internal error）"),
    ("UID FETCH", "BAD what", "不能收信"),
]


@pytest.mark.parametrize(("command", "answer", "told"), REFUSED)
def test_what_the_server_refuses(
    fetching_from: Fetching, server: ImapServer, command: str, answer: str, told: str
) -> None:
    """Each with what it means and what to do; the password is in no error, nor in its causes."""
    server.put(mail(1))
    server.refuse[command] = answer
    place = fetching_from(server)
    with pytest.raises(WorkplaceError) as found:
        fetch_mail(place)
    assert told in str(found.value)
    assert PASSWORD not in "".join(traceback.format_exception(found.value))
    assert len(server.uids()) == 1
    server.refuse.clear()
    assert len(fetch_mail(place).received) == 1


def test_wrong_settings(fetching_from: Fetching, server: ImapServer, tmp_path: Path) -> None:
    """A wrong password, one beyond ASCII, none; certificates; a server that is not there: each in words of its own."""
    other = tmp_path / "other.pem"
    other.write_text("no certificate")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"password": SecretStr("falsch")}, "拒绝登录（[AUTHENTICATIONFAILED] Authentication failed.）"),
        ({"password": SecretStr("错的口令")}, "拒绝登录"),
        ({"password": None}, "没有用户名或口令"),
        ({"username": ""}, "没有用户名或口令"),
        ({"ca_file": None}, "证书不可信（由不认识的机构签发）"),
        ({"ca_file": other}, "没有能用的证书"),
        ({"ca_file": tmp_path / "none.pem"}, "证书文件"),
        ({"host": "localhost.invalid"}, "连接不上"),
        ({"done_folder": "INBOX"}, "done_folder"),
    ]
    for changes, told in wrong:
        with pytest.raises(WorkplaceError, match=told.replace("[", r"\[")):
            fetch_mail(fetching_from(server, **changes))
    server.password = "对的口令"
    server.put(mail(1))
    assert len(fetch_mail(fetching_from(server, password=SecretStr("对的口令"))).received) == 1


def test_a_server_that_does_not_answer(
    fetching_from: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up after a while; no upgrade to TLS is no reason to go on without."""
    monkeypatch.setattr(fetching, "GREETING", 0.2)
    with (
        running_imap(tmp_path, security="tls") as server,
        pytest.raises(WorkplaceError, match=r"没有及时应答.*security，加密的端口写 tls"),
    ):
        fetch_mail(fetching_from(server, security="none"))
    with running_imap(tmp_path, security="none") as server:
        with pytest.raises(WorkplaceError, match="加密连接失败（对方的端口不是加密端口）"):
            fetch_mail(fetching_from(server, security="tls"))
        with pytest.raises(WorkplaceError, match="TLS not supported"):
            fetch_mail(fetching_from(server, security="starttls"))
        assert "LOGIN" not in server.said
