"""The life of a hazard by mail, through Exim and Dovecot: told, answered, handed in, confirmed; mails that come back.

`pytest tests/peers/test_mail_conversation.py --capture=no` shows the conversation.
"""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import trustme
from imap_tools import MailBox, MailMessage

from rectiflow._answers import Received, fetch_mail, fetching, look
from rectiflow._answers.listing import letters, original
from rectiflow._clock import SetClock
from rectiflow._desk import waiting_calls
from rectiflow._incidents import incidents
from rectiflow._persons import reach, set_reach
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from rectiflow.engine.moments import at_hour
from support.mta import Post, running_post
from support.pictures import PNG
from support.workplaces import MONDAY, assigned, sample_workplace

BUREAU, SCHOOL = "safety@bureau.example", "town1-school2-head@example.com"
PASSWORD = 'Mei-Fa#7 "x\\y'
NOW = "2024-09-02T09:00"
WAIT = 20  #: seconds for a mail to arrive

TOML = """\
db = "sqlite:///rectiflow.db"
district = "420702"
contact = "0711-1234567"
[mail]
host = "{host}"
port = {smtp_port}
security = "none"
sender = "{bureau}"
sender_name = "梁子湖区教育局安全股"
[outgoing]
digest = ""
[inbox]
address = "{bureau}"
host = "{host}"
port = {imap_port}
username = "safety"
ca_file = "{ca_file}"
done_folder = "已收"
"""


@pytest.fixture(scope="module")
def servers(stocked: Path) -> Iterator[Post]:
    """The servers, with a mailbox for the bureau and one for everybody in it and in the schools."""
    known = Workplace.open(stocked / "rectiflow.toml").flow
    names = [(p.email or "").partition("@")[0] for p in known.directory().persons.values()]
    known.close()
    passwords = {"safety": PASSWORD, **dict.fromkeys(filter(None, names), "school")}
    with running_post(passwords, domains=("bureau.example", "example.com")) as made:
        yield made


@pytest.fixture
def post(servers: Post) -> Post:
    """The servers, with empty mailboxes."""
    for one in (servers.folder / "mail").iterdir():
        shutil.rmtree(one)
    return servers


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workplace with people, made once."""
    folder = tmp_path_factory.mktemp("stocked") / "place"
    sample_workplace(folder).flow.close()
    return folder


@pytest.fixture
def place(post: Post, stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """A workplace that sends through Exim and reads from Dovecot."""
    monkeypatch.setenv("RECTIFLOW_INBOX__PASSWORD", PASSWORD)
    made = opened(Path(shutil.copytree(stocked, tmp_path / "place")), settings_for(post))
    yield made
    made.flow.close()


def settings_for(post: Post) -> str:
    """Write what a bureau would into its settings."""
    return TOML.format(
        host=post.host, smtp_port=post.smtp_port, imap_port=post.imap_port, ca_file=post.ca_file, bureau=BUREAU
    )


def opened(folder: Path, text: str) -> Workplace:
    """Open the workplace with these settings, at nine on a Monday."""
    file = folder / "rectiflow.toml"
    file.write_text(text, "utf-8")
    return Workplace(folder, read_settings(file), SetClock(at_hour(MONDAY, 9)), rehearsal=True)


def rectiflow(place: Workplace, *words: str) -> str:
    """Call the command line as the head of the Safety Section, in a process of its own, and return what it wrote."""
    command = [sys.executable, "-m", "rectiflow", "--now", NOW, "--as", "安全股股长", *words]
    done = subprocess.run(
        command, cwd=place.folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tell(f"$ rectiflow {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def looking(post: Post, name: str, folder: str) -> Generator[MailBox]:
    """Open a mailbox as a mail program does."""
    with MailBox(post.host, post.imap_port, ssl_context=post.context) as box:
        box.login(name, post.passwords[name])
        if not box.folder.exists(folder):
            box.folder.create(folder)
        box.folder.set(folder)
        yield box


def mailbox(post: Post, name: str, *, folder: str = "INBOX") -> list[MailMessage]:
    """Read every mail of a mailbox."""
    with looking(post, name, folder) as box:
        return list(box.fetch(mark_seen=False))


def lying(post: Post) -> tuple[int, int]:
    """Return how many mails lie in our mailbox, and how many in the folder for what was taken in."""
    counts: list[int] = []
    for folder in ("INBOX", "已收"):
        with looking(post, "safety", folder) as box:
            counts.append(len(box.uids()))
    return counts[0], counts[1]


def arrived(post: Post, name: str, subject: str, count: int = 1) -> MailMessage:
    """Return the last mail with these words in its subject, once there are so many of them; shown in the transcript."""
    deadline = time.monotonic() + WAIT
    while len(found := [m for m in mailbox(post, name) if subject in m.subject]) < count:
        assert time.monotonic() < deadline, post.log
        time.sleep(0.1)
    show(found[-1].from_, found[-1].to[0], found[-1].subject, found[-1].text or found[-1].html)
    return found[-1]


def answered(post: Post, mail: MailMessage, text: str, *files: tuple[str, bytes], sender: str = SCHOOL) -> bytes:
    """Answer a mail as a mail program does: to its Reply-To, with its text below; return what was sent."""
    reply = EmailMessage(policy=SMTP)
    to = mail.reply_to[0]
    reply["From"], reply["To"], reply["Subject"] = f"第一小学校长 <{sender}>", to, f"回复：{mail.subject}"
    reply["Message-ID"] = f"<{random.randbytes(8).hex()}@example.com>"
    reply["In-Reply-To"] = mail.obj["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    reply.set_content(f"{text}\n\n在 2024年9月2日，安全股 <{BUREAU}> 写道：\n{quoted}\n")
    for name, content in files:
        reply.add_attachment(content, maintype="image", subtype="png", filename=name)
    post.hand_in(reply.as_bytes(), sender, to)
    show(sender, to, str(reply["Subject"]), text + "".join(f"\n[附件 {name}，{len(c)} 字节]" for name, c in files))
    return reply.as_bytes()


def wait_for(post: Post, count: int) -> None:
    """Wait until so many mails lie in our mailbox."""
    deadline = time.monotonic() + WAIT
    while lying(post)[0] < count:
        assert time.monotonic() < deadline, post.log
        time.sleep(0.1)


def fetched(place: Workplace, post: Post, count: int) -> list[Received]:
    """Fetch once so many mails lie in our mailbox."""
    wait_for(post, count)
    return list(fetch_mail(place).received)


def show(sender: str, to: str, subject: str, text: str) -> None:
    """Write a mail into the transcript: who to whom, its subject, its first lines."""
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n") if line.strip()]
    tell("\n".join([f"✉ {sender} → {to}", f"  主题：{subject}", *(f"  │ {line}" for line in lines[:6])]) + "\n")


def tell(text: str) -> None:
    """Write into the transcript."""
    sys.stdout.write(f"\n{text}")


def test_a_hazard_by_mail(place: Workplace, post: Post) -> None:
    """Told, signed for, handed in with a photograph, as an answer to the receipt; each confirmed, and nothing left over."""
    flow = place.flow
    (number,) = assigned(place, 1)
    place.deliver()
    first = arrived(post, "town1-school2-head", "")
    assert first.obj["Return-Path"].startswith("<safety+")
    assert first.reply_to[0].startswith("safety+")

    answered(post, first, "签收")
    wait_for(post, 1)
    assert "签收已办理" in rectiflow(place, "inbox", "fetch")
    assert flow.ticket(number).state == "rectifying"
    place.deliver()
    receipt = arrived(post, "town1-school2-head", f"来信收到 {number}")
    assert "签收已办理" in receipt.text

    answered(post, receipt, "申请复查\n已清走杂物，通道畅通。", ("整改后.png", PNG))
    (done,) = fetched(place, post, 1)
    tell(f"  → {done.outcome}\n")
    assert done.outcome == "申请复查已办理"
    assert flow.ticket(number).state == "pending_verification"
    place.deliver()
    assert "申请复查已办理" in arrived(post, "town1-school2-head", f"来信收到 {number}", 2).text

    assert [(e.kind, e.via) for e in flow.history(number)[2:]] == [("acted", "mail"), ("acted", "mail")]
    assert "整改后.png" in rectiflow(place, "ticket", "show", number)
    assert lying(post) == (0, 2)
    assert not [b for *_, breaks in flow.audit() for b in breaks]


def test_an_address_that_nobody_has(place: Workplace, post: Post) -> None:
    """Dovecot knows nobody of that name, Exim writes the bounce to our return path; the second one gives the address up."""
    flow = place.flow
    person = flow.directory().holders("safety_officer", "town1_school2", flow.today())[0]
    set_reach(flow, person, email="moved-away@example.com", phone="")
    first, second = assigned(place, 2)
    place.deliver()
    found = fetched(place, post, 2)
    for mail in mailbox(post, "safety", folder="已收"):
        show(mail.from_, mail.to[0], mail.subject, mail.text)
        assert mail.obj["Return-Path"] == "<>"
    for one in found:
        tell(f"  → {one.outcome}\n")
    assert [(r.kind, r.status) for r in found] == [("bounce", "done")] * 2
    assert {r.number for r in found} == {first, second}
    assert "退回第 1 次" in found[0].outcome
    assert "User doesn't exist" in found[0].outcome
    assert "已停发" in found[1].outcome
    assert [r.person for r in reach(flow)] == [person]
    assert [i.number for i in incidents(flow) if i.subject == "address:mail:moved-away@example.com"] == [None]
    assert all(waiting_calls(flow, number) for number in (first, second))
    assert lying(post) == (0, 2)


def test_a_mail_counts_as_of_when_the_server_took_it_in(place: Workplace, post: Post) -> None:
    """Dovecot's own date of it, which lies two days back, whatever the mail says."""
    took = at_hour(MONDAY, 10) - timedelta(days=2)
    late = (
        b"From: a@example.com\r\nDate: Thu, 01 Jan 2099 00:00:00 +0800\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"
    )
    with looking(post, "safety", "INBOX") as box:
        box.append(late, "INBOX", dt=took)
    fetched(place, post, 1)
    assert [one.received_at for one in letters(place.flow)] == [took]


def test_what_the_server_will_not(place: Workplace, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password, a strange certificate, another's name, the wrong way to encrypt, nobody there: told, nothing lost."""
    (number,) = assigned(place, 1)
    place.deliver()
    answered(post, arrived(post, "town1-school2-head", ""), "签收")
    wait_for(post, 1)
    text = settings_for(post)
    stranger = place.folder / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    monkeypatch.setenv("RECTIFLOW_INBOX__PASSWORD", "wrong-secret")
    refused(place, text, "拒绝登录", "Authentication failed")
    monkeypatch.setenv("RECTIFLOW_INBOX__PASSWORD", "错的口令")
    refused(place, text, "拒绝登录")
    monkeypatch.setenv("RECTIFLOW_INBOX__PASSWORD", PASSWORD)
    refused(place, text.replace(str(post.ca_file), str(stranger)), "证书不可信")
    refused(place, text.replace(f'ca_file = "{post.ca_file}"\n', ""), "证书不可信")
    refused(place, text.replace(str(post.ca_file), "none.pem"), "证书文件", "none.pem")
    refused(place, text.replace(f"port = {post.imap_port}", f"port = {post.smtp_port}"), "加密连接失败")
    refused(place, text.replace(f"port = {post.imap_port}", "port = 9"), "连接不上")
    refused(place, text + 'folder = "没有的"\n', "打不开文件夹“没有的”")
    refused(place, text.replace("已收", "INBOX"), "done_folder")
    monkeypatch.setattr(fetching, "TIMEOUT", 0.3)
    refused(place, f'{text}security = "none"\n', "没有及时应答")  # it waits for the other side's first word
    monkeypatch.setattr(fetching, "TIMEOUT", 60)
    (done,) = fetch_mail(opened(place.folder, text)).received
    assert (done.status, done.number) == ("done", number)


def refused(place: Workplace, text: str, *words: str) -> None:
    """Fetch with these settings, and read why it did not work."""
    other = opened(place.folder, text)
    with pytest.raises(WorkplaceError) as told:
        fetch_mail(other)
    other.flow.close()
    said = str(told.value)
    tell(f"  ✗ {said}\n")
    assert all(w in said for w in words), said
    assert not [s for s in (PASSWORD, "wrong-secret", "错的口令") if s in said]


def test_a_mail_that_is_too_large(place: Workplace, post: Post) -> None:
    """45 MB are not fetched: the header is kept, a row says so for a person to see, and the mail lies in the other folder."""
    (number,) = assigned(place, 1)
    place.deliver()
    first = arrived(post, "town1-school2-head", "")
    small = answered(post, first, "申请复查", ("整改后.png", PNG))
    fetched(place, post, 1)
    picture = base64.encodebytes(PNG)
    large = small.replace(picture.strip().replace(b"\n", b"\r\n"), base64.encodebytes(random.randbytes(35_000_000)))
    large = large.replace(b"Message-ID: <", b"Message-ID: <large.")
    assert len(large) > 45 * 2**20
    post.hand_in(large, SCHOOL, first.reply_to[0])
    (found,) = fetched(place, post, 1)
    tell(f"  → {found.outcome}\n")
    assert (found.kind, found.status) == ("unreadable", "waiting")
    assert "最多 40 MB" in found.outcome
    row = next(r for r in letters(place.flow, status="waiting") if r.id == found.id)
    assert len(original(place.flow, row)) < 10_000
    place.deliver()
    arrived(post, "town1-school2-head", "来信收到", 2)
    assert sum("邮件没有打开：邮件有 4" in m.text for m in mailbox(post, "town1-school2-head")) == 1
    assert lying(post) == (0, 2)
    assert place.flow.ticket(number).state == "assigned"


def test_killed_before_a_mail_is_moved(place: Workplace, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken in once: the next look finds it on record, and only moves it."""
    (number,) = assigned(place, 1)
    place.deliver()
    answered(post, arrived(post, "town1-school2-head", ""), "签收")

    class Killed(BaseException):
        pass

    def dies(*_words: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_move", dies)
        with pytest.raises(Killed):
            fetched(place, post, 1)
    assert lying(post) == (1, 0)
    (found,) = fetch_mail(place).received
    assert (found.again, found.outcome) == (True, "签收已办理")
    assert [e.via for e in place.flow.history(number)].count("mail") == 1
    assert lying(post) == (0, 1)


def test_another_clients_mails_stay(place: Workplace, post: Post) -> None:
    """What a person has marked as deleted in the mailbox is neither taken in nor thrown away; what is read stays unread."""
    assigned(place, 1)
    place.deliver()
    first = arrived(post, "town1-school2-head", "")
    for text in ("签收", "配件已订，周五到货。"):
        answered(post, first, text)
    wait_for(post, 2)
    with looking(post, "safety", "INBOX") as box:
        box.client.uid("STORE", box.uids()[0], "+FLAGS", r"(\Deleted)")
    assert len(fetch_mail(place).received) == 1
    assert lying(post) == (1, 1)
    assert "\\Seen" not in mailbox(post, "safety", folder="已收")[0].flags


def test_a_mailbox_in_use_for_years(place: Workplace, post: Post) -> None:
    """Old mails stay where they are, and are counted; an old answer to us is taken in like a new one."""
    (number,) = assigned(place, 1)
    place.deliver()
    reply = answered(post, arrived(post, "town1-school2-head", ""), "签收")
    wait_for(post, 1)
    with looking(post, "safety", "INBOX") as box:
        box.delete(box.uids())
        for subject in ("开会通知", "工资条"):
            old = EmailMessage(policy=SMTP)
            old["From"], old["To"], old["Subject"] = SCHOOL, BUREAU, subject
            old.set_content("早就看过了。")
            box.append(old.as_bytes(), "INBOX", dt=at_hour(MONDAY, 9) - timedelta(days=400))
        box.append(reply, "INBOX", dt=at_hour(MONDAY, 9) - timedelta(days=20))
    seen = look(place)
    assert (seen.wanted, seen.left, lying(post)[0]) == (1, 2, 3)
    fetched_now = fetch_mail(place)
    assert ([r.number for r in fetched_now.received], fetched_now.left) == ([number], 2)
    assert lying(post) == (2, 1)
