"""The mail channel against real servers, well-behaved and not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from conftest import StartMailServer
from rectiflow.notifiers import (
    ChannelDown,
    Contact,
    NotYet,
    PermanentFailure,
    Rendered,
    SmtpChannel,
    TemplateSet,
    TemporaryFailure,
    Unanswered,
)
from rectiflow.notifiers.smtp_connection import SmtpConnection, trust_of
from rectiflow.notifiers.smtp_pool import SmtpPool
from support.channel_contract import handed_over
from support.smtp import LOOPBACK, PASSWORD, MailServer

from .conftest import START, MakeChannel, MakeMessage


class Letters:
    """Composes mails and sends them through one opened channel, as a batch does."""

    def __init__(self, templates: TemplateSet, make_message: MakeMessage, contact: Contact) -> None:
        self.templates, self.make_message, self.contact = templates, make_message, contact

    def compose(self, channel: SmtpChannel, to: str = "head@school.example", number: int = 1) -> Rendered:
        """Compose one mail."""
        contact = Contact(person="head", name=self.contact.name, email=to)
        message = self.make_message(id=number)
        return channel.compose(message, contact, templates=self.templates, at=START)

    def send(self, channel: SmtpChannel, *recipients: str) -> list[str]:
        """Send one mail to each and return the answers; a failure stands as its type and message."""

        async def run() -> list[str]:
            answers: list[str] = []
            await channel.open()
            for number, to in enumerate(recipients):
                try:
                    answers.append(await channel.send(self.compose(channel, to, number)))
                except (TemporaryFailure, PermanentFailure) as exc:
                    answers.append(f"{type(exc).__name__} {exc.code}: {exc}")
            await channel.close()
            return answers

        return asyncio.run(run())


@pytest.fixture
def letters(templates: TemplateSet, make_message: MakeMessage, contact: Contact) -> Letters:
    """Mails to send."""
    return Letters(templates, make_message, contact)


def test_starttls_login_and_one_connection(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """A batch goes encrypted, logged in, over one connection, and arrives byte for byte."""
    server = smtp_server()
    channel = make_channel(server)
    assert letters.send(channel, "a@s.example", "b@s.example", "c@s.example") == ["2.0.0 kept"] * 3
    assert server.connections == 1
    assert [m.recipients for m in server.mails] == [("a@s.example",), ("b@s.example",), ("c@s.example",)]
    assert all(m.encrypted and m.user == server.user and m.sender == "safety@edu.example" for m in server.mails)
    assert server.mails[0].content == letters.compose(channel, "a@s.example", 0).body
    assert server.mails[0].message["Subject"] == "隐患交办 LZH-2024-000123 太和镇中心小学"


def test_a_channel_serves_batch_after_batch(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """Each batch has its own event loop and its own connection."""
    server = smtp_server()
    channel = make_channel(server)
    for _ in range(3):
        assert letters.send(channel, "a@s.example") == ["2.0.0 kept"]
    assert server.connections == 3


def sent_at_once(channel: SmtpChannel, letters: Letters, count: int) -> None:
    """Send some mails at the same time."""

    async def run() -> None:
        await channel.open()
        await asyncio.gather(*(channel.send(letters.compose(channel, f"a{n}@s.example", n)) for n in range(count)))
        await channel.close()

    asyncio.run(run())


@pytest.mark.parametrize("connections", [1, 3])
def test_concurrent_sends_share_the_connections(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters, connections: int
) -> None:
    """Sends at the same time go over so many connections and no more, and every mail arrives once."""
    server = smtp_server()
    sent_at_once(make_channel(server, connections=connections), letters, 12)
    assert server.connections == connections
    assert sorted(m.recipients[0] for m in server.mails) == sorted(f"a{n}@s.example" for n in range(12))


def test_a_connection_is_made_anew_after_many_mails(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """Servers end a connection that carries too many; we end it first."""
    server = smtp_server()
    answers = letters.send(make_channel(server, per_connection=2), *(f"a{n}@s.example" for n in range(5)))
    assert answers == ["2.0.0 kept"] * 5
    assert server.connections == 3


def test_a_server_that_takes_fewer_connections(
    narrow_server: MailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """Who turns the third connection away with 421 gets all mails over two, and none fails."""
    channel = make_channel(narrow_server, security="none", username=None, password=None, ca_file=None, connections=6)
    sent_at_once(channel, letters, 12)
    assert len(narrow_server.mails) == 12


def test_a_mail_broken_off_leaves_a_usable_channel(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """A send that is cancelled half-way gives up its connection; the next mail takes a new one."""
    server = smtp_server()
    channel = make_channel(server, connections=1)

    async def run() -> str:
        await channel.open()
        sending = asyncio.create_task(channel.send(letters.compose(channel, "a@s.example", 1)))
        await asyncio.sleep(0.01)
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        answer = await channel.send(letters.compose(channel, "b@s.example", 2))
        await channel.close()
        return answer

    assert asyncio.run(run()) == "2.0.0 kept"


def test_bounces_come_back_to_a_path_of_their_own(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """The envelope sender may differ from mail to mail; the mail itself stays the same."""
    server = smtp_server()

    def path(rendered: Rendered) -> str:
        return f"bounce+{len(rendered.to)}@edu.example"

    channel = SmtpChannel(make_channel(server).settings, return_path=path)
    assert letters.send(channel, "a@s.example", "bb@s.example") == ["2.0.0 kept"] * 2
    assert [m.sender for m in server.mails] == ["bounce+11@edu.example", "bounce+12@edu.example"]
    assert {str(m.message["From"]) for m in server.mails} == {"梁子湖区教育局 <safety@edu.example>"}
    broken = SmtpChannel(make_channel(server).settings, return_path=lambda _: "bounce\r\n@edu.example")
    (answer,) = letters.send(broken, "a@s.example")
    assert answer.startswith("ChannelDown None: 退信地址“bounce @edu.example”不是有效邮箱")


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        (450, "TemporaryFailure", "拒收收件地址（450 4.2.1 mailbox busy"),
        (451, "TemporaryFailure", "属暂时情况；消息已保留，将自动重发。"),
        (452, "TemporaryFailure", "4.2.2 mailbox full"),
        (550, "PermanentFailure", "拒收收件地址（550 5.1.1 no such user）"),
        (552, "TemporaryFailure", "收件人的邮箱已满，请告知其清理"),
        (554, "PermanentFailure", "5.7.1 refused by policy"),
    ],
)
def test_a_refused_recipient_is_read_from_the_answer(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters, code: int, kind: str, told: str
) -> None:
    """4xx and a full mailbox are temporary, other 5xx permanent; the next mail goes over the same connection."""
    server = smtp_server(refuse={"bad@s.example": code})
    first, second = letters.send(make_channel(server), "bad@s.example", "good@s.example")
    assert first.startswith(f"{kind} {code}: 邮件服务器 {LOOPBACK}:{server.port} ")
    assert told in first
    assert second == "2.0.0 kept"
    assert server.connections == 1


@pytest.mark.parametrize(("code", "kind"), [(451, "TemporaryFailure"), (554, "PermanentFailure")])
def test_a_refused_text(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters, code: int, kind: str
) -> None:
    """A refusal after the text is told apart the same way."""
    server = smtp_server()
    server.refuse_data = code
    (answer,) = letters.send(make_channel(server), "head@school.example")
    assert answer.startswith(f"{kind} {code}: ")
    assert "拒收邮件（" in answer


def test_closing_after_the_text_is_an_explicit_refusal(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """421 to the text itself is about that mail, however often; it is not sent again at once."""
    server = smtp_server()
    server.refuse_data = 421
    answers = letters.send(make_channel(server), "a@s.example", "b@s.example")
    assert all(answer.startswith("TemporaryFailure 421: ") for answer in answers)
    assert server.connections == 2


def test_a_mail_that_is_kept_and_not_answered_for(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """The server has the mail and says nothing: it is not sent again at once, and the next goes on a new connection."""
    server = smtp_server()
    server.silent = True
    channel = make_channel(server, text_timeout=timedelta(milliseconds=300))

    async def run() -> str:
        await channel.open()
        with pytest.raises(Unanswered) as caught:
            await channel.send(letters.compose(channel, "a@s.example", 1))
        told = f"邮件服务器 {LOOPBACK}:{server.port} 没有及时答复，不知道这封邮件收没收到，再发可能重复；消息已保留"
        assert str(caught.value).startswith(told)
        server.silent = False
        answer = await channel.send(letters.compose(channel, "b@s.example", 2))
        await channel.close()
        return answer

    assert asyncio.run(run()) == "2.0.0 kept"
    assert [m.recipients[0] for m in server.mails] == ["a@s.example", "b@s.example"]
    assert server.connections == 2


def test_a_connection_that_breaks_after_the_text(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """The server may have it, as this one does: one copy, and the next mail goes."""
    server = smtp_server()
    server.hang_ups = 1
    first, second = letters.send(make_channel(server), "a@s.example", "b@s.example")
    assert re.match(rf"Unanswered None: 邮件服务器 {LOOPBACK}:\d+ 中断了连接（.+），不知道这封邮件收没收到", first)
    assert second == "2.0.0 kept"
    assert [m.recipients[0] for m in server.mails] == ["a@s.example", "b@s.example"]


def test_a_large_mail_has_the_time_its_size_takes(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """The time for the answer does not run while a slow line still carries the text."""
    server = smtp_server()
    channel = make_channel(server, text_timeout=timedelta(milliseconds=1))
    mail = letters.compose(channel)
    large = replace(mail, body=mail.body + b"photo\r\n.dot\r\n" * 30_000)
    assert handed_over(channel, large) == ["2.0.0 kept"]
    assert server.mails[0].content == large.body


def test_a_mail_that_finds_no_connection_free(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """Nothing of it was handed over, and no attempt was made; it is not begun when there is no time left for it."""
    server = smtp_server()
    server.silent = True
    channel = make_channel(server, text_timeout=timedelta(milliseconds=500))
    settings, mail = channel.settings, letters.compose(channel).body
    pool = SmtpPool(1, lambda: SmtpConnection(settings, lambda: trust_of(settings)), settings.place, patience=0.01)

    async def run() -> list[BaseException | str]:
        sending = (pool.send(settings.sender, "a@s.example", mail) for _ in range(2))
        ended = await asyncio.gather(*sending, return_exceptions=True)
        await pool.close()
        return ended

    assert [type(one) for one in asyncio.run(run())] == [Unanswered, NotYet]
    assert len(server.mails) == 1


SAID = {"EHLO": b"250 hello", "MAIL": b"250 sender", "RCPT": b"250 recipient", "DATA": b"354 go", "text": b"250 kept"}


async def said_by_script(channel_to: Callable[[int], SmtpChannel], letters: Letters, **said: bytes) -> str:
    """Send one mail to a server that answers by rote, and return what came of it."""

    async def by_rote(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while verb := (await reader.readline())[:4].decode():
                writer.write({**SAID, **said}.get(verb, b"250 ok") + b"\r\n")
                if verb == "DATA" and {**SAID, **said}[verb].startswith(b"354"):
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write({**SAID, **said}["text"] + b"\r\n")
        writer.close()
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(by_rote, LOOPBACK, 0) as server:
        channel = channel_to(server.sockets[0].getsockname()[1])
        await channel.open()
        try:
            return await channel.send(letters.compose(channel))
        except (TemporaryFailure, PermanentFailure) as exc:
            return f"{type(exc).__name__} {exc.code}: {exc}"
        finally:
            await channel.close()
            await gone.wait()


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        ({"text": "250 已收".encode("gbk")}, "已收"),
        ({"text": b"251-a\r\n251 b"}, "a b"),
        ({"text": b"250"}, ""),
        ({"text": "550 邮箱不存在".encode("gbk")}, "PermanentFailure 550: 邮件服务器 .* 拒收邮件（550 邮箱不存在）"),
        ({"text": b"999 what"}, r"Unanswered None: .*的答复看不懂（999 what）"),
        ({"text": b"garbage"}, r"Unanswered None: .*的答复看不懂（-1 Malformed"),
        ({"text": b"354 more"}, r"Unanswered None: .*的答复看不懂（354 more）"),
        ({"RCPT": b"999 what"}, "TemporaryFailure 999: .*的应答无法处理（999 what）"),
        ({"MAIL": b"garbage"}, "TemporaryFailure -1: .*的应答无法处理"),
        ({"DATA": b"250 why"}, "TemporaryFailure 250: .*的应答无法处理（250 why）"),
        ({"DATA": b"451 later"}, "TemporaryFailure 451: .*属暂时情况"),
    ],
)
def test_odd_answers(
    said: dict[str, bytes], ended: str, make_channel: MakeChannel, letters: Letters, tmp_path: Path
) -> None:
    """Before the text they are worth another try, after it they leave open what became of the mail; none is final."""

    def channel_to(port: int) -> SmtpChannel:
        place = MailServer(ca_file=tmp_path, port=port)
        return make_channel(place, security="none", username=None, password=None, ca_file=None)

    answer = asyncio.run(said_by_script(channel_to, letters, **said))
    assert re.match(ended, answer) if ended else answer == ""


def test_service_closing_is_a_dropped_connection(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """421 before the text means that the server hangs up: one new connection is tried, then the channel counts as down."""
    server = smtp_server(refuse={"bad@s.example": 421})
    first, second = letters.send(make_channel(server), "bad@s.example", "good@s.example")
    assert first.startswith("ChannelDown")
    assert "两次中断连接（421 4.3.2 service not available" in first
    assert second == "2.0.0 kept"
    assert server.connections == 3


def test_a_connection_dropped_in_mid_batch_is_made_anew(
    dropping_server: tuple[MailServer, dict[str, int]], make_channel: MakeChannel, letters: Letters
) -> None:
    """The mail at which the server hung up is sent over a new connection, and none is lost or doubled."""
    server, drop = dropping_server
    drop["b@s.example"] = 1
    channel = make_channel(server, security="none", username=None, password=None, ca_file=None)
    assert letters.send(channel, "a@s.example", "b@s.example", "c@s.example") == ["2.0.0 kept"] * 3
    assert [m.recipients[0] for m in server.mails] == ["a@s.example", "b@s.example", "c@s.example"]
    assert server.connections == 2


def test_a_connection_dropped_again_is_a_channel_down(
    dropping_server: tuple[MailServer, dict[str, int]], make_channel: MakeChannel, letters: Letters
) -> None:
    """Twice in a row is enough: the mail waits, the next one starts with a new connection."""
    server, drop = dropping_server
    drop["b@s.example"] = 2
    channel = make_channel(server, security="none", username=None, password=None, ca_file=None)
    answers = letters.send(channel, "a@s.example", "b@s.example", "c@s.example")
    assert re.match(rf"ChannelDown None: 邮件服务器 {LOOPBACK}:\d+ 两次中断连接（.+），请稍后再试", answers[1])
    assert (answers[0], answers[2]) == ("2.0.0 kept", "2.0.0 kept")


def test_a_wrong_password_is_no_fault_of_the_message(
    smtp_server: StartMailServer,
    make_channel: MakeChannel,
    letters: Letters,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A refused login is a channel down although its code is 5xx, and the password is told nowhere."""
    server = smtp_server()
    caplog.set_level(logging.DEBUG)
    (answer,) = letters.send(make_channel(server, password="wr0ng-word"), "head@school.example")
    assert answer.startswith("ChannelDown 535: ")
    assert f"邮件服务器 {LOOPBACK}:{server.port} 拒绝登录（535" in answer
    assert "请核对用户名和口令（授权码）" in answer
    assert "wr0ng-word" not in answer + caplog.text
    assert PASSWORD not in answer + caplog.text
    assert server.mails == []


def test_an_unreachable_server(closed_port: int, make_channel: MakeChannel, letters: Letters, tmp_path: Path) -> None:
    """Host, port, the reason and what to check are said; the message is kept."""
    nowhere = MailServer(ca_file=tmp_path, port=closed_port)
    (answer,) = letters.send(make_channel(nowhere, ca_file=None), "head@school.example")
    assert answer.startswith(f"ChannelDown None: 连接不上邮件服务器 {LOOPBACK}:{closed_port}（")
    assert answer.endswith("请核对地址、端口、网络和防火墙；消息已保留，将自动重发。")


def test_a_silent_server(silent_port: int, make_channel: MakeChannel, letters: Letters, tmp_path: Path) -> None:
    """A server that never answers is given up after the timeout."""
    silent = MailServer(ca_file=tmp_path, port=silent_port)
    channel = make_channel(silent, ca_file=None, timeout=timedelta(milliseconds=200))
    (answer,) = letters.send(channel, "head@school.example")
    assert answer.startswith(f"ChannelDown None: 连接邮件服务器 {LOOPBACK}:{silent_port} 超时")


def test_a_server_that_falls_silent(make_channel: MakeChannel, letters: Letters, tmp_path: Path) -> None:
    """No answer before the text is a channel down: the server has nothing of the mail."""

    gone = asyncio.Event()

    async def half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        for answer in (b"250 hello\r\n", b"250 sender\r\n"):
            await reader.readline()
            writer.write(answer)
        with contextlib.suppress(OSError):
            await reader.read()
            writer.close()
            await writer.wait_closed()
        gone.set()

    async def run() -> str:
        async with await asyncio.start_server(half_way, LOOPBACK, 0) as server:
            place = MailServer(ca_file=tmp_path, port=server.sockets[0].getsockname()[1])
            channel = make_channel(
                place, security="none", username=None, password=None, ca_file=None, timeout=timedelta(milliseconds=300)
            )
            await channel.open()
            with pytest.raises(ChannelDown) as caught:
                await channel.send(letters.compose(channel))
            await channel.close()
            await gone.wait()
            return str(caught.value)

    assert re.fullmatch(
        rf"邮件服务器 {LOOPBACK}:\d+ 没有及时应答，请检查网络；消息已保留，将自动重发。", asyncio.run(run())
    )


def test_an_expired_certificate(expired_server: MailServer, make_channel: MakeChannel, letters: Letters) -> None:
    """An expired certificate is named as such, and nothing is sent in the clear."""
    (answer,) = letters.send(make_channel(expired_server), "head@school.example")
    assert answer.startswith(f"ChannelDown None: 邮件服务器 {LOOPBACK}:{expired_server.port} 的证书已过期")
    assert "核对本机日期" in answer
    assert expired_server.mails == []


def test_an_unknown_authority(smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters) -> None:
    """A certificate nobody vouches for is refused, with the way out."""
    (answer,) = letters.send(make_channel(smtp_server(), ca_file=None), "head@school.example")
    assert "的证书不可信（由不认识的机构签发）" in answer
    assert "[mail] 的 ca_file 指定证书文件" in answer


def test_a_context_of_the_hosts_own(smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters) -> None:
    """A host may decide about trust by itself."""
    server = smtp_server()
    channel = make_channel(server, ca_file=None, tls_context=server.client_context)
    assert letters.send(channel, "a@s.example") == ["2.0.0 kept"]


def test_no_encryption_is_never_fallen_back_to(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """Where STARTTLS was asked for and the server has none, nothing is sent and no password leaves."""
    server = smtp_server(starttls=False, login=False)
    (answer,) = letters.send(make_channel(server, ca_file=None), "head@school.example")
    assert answer.startswith("ChannelDown None: 邮件服务器")
    assert "不提供 STARTTLS 加密，请把 security 改为 tls" in answer
    assert "not supported" not in answer
    assert server.mails == []


def test_encrypted_from_the_first_byte(tls_server: MailServer, make_channel: MakeChannel, letters: Letters) -> None:
    """Implicit TLS works as well, and the wrong kind of encryption is told with what to check."""
    channel = make_channel(tls_server, security="tls", username=None, password=None)
    assert letters.send(channel, "a@s.example", "b@s.example") == ["2.0.0 kept"] * 2
    assert tls_server.connections == 1


def test_tls_spoken_to_a_plain_port(smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters) -> None:
    """The wrong kind of encryption is told with what to check."""
    (answer,) = letters.send(make_channel(smtp_server(), security="tls"), "head@school.example")
    assert answer.startswith("ChannelDown None: 与邮件服务器")
    assert "（对方的端口不是加密端口），请核对端口与加密方式（starttls 或 tls）" in answer


def test_a_refused_sender_is_no_fault_of_the_message(
    smtp_server: StartMailServer, make_channel: MakeChannel, letters: Letters
) -> None:
    """A server that wants a login first refuses the sender: that is a matter of the settings."""
    server = smtp_server()
    (answer,) = letters.send(make_channel(server, username=None, password=None), "head@school.example")
    assert answer.startswith("ChannelDown 530: ")
    assert "不接受发件地址 safety@edu.example（530" in answer
