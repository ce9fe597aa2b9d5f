"""What a mail client's rarer errors mean."""

from __future__ import annotations

import aiosmtplib
import pytest

from rectiflow.notifiers import ChannelDown, PermanentFailure, TemporaryFailure, Unanswered
from rectiflow.notifiers.smtp_answers import Dropped, no_connection, quoted, refusal, unanswered

PLACE = "smtp.edu.example:587"


def test_an_answer_that_is_none() -> None:
    """What cannot be understood is tried again."""
    failure = refusal(aiosmtplib.SMTPNotSupported("SMTPUTF8 is not supported"), PLACE)
    assert type(failure) is TemporaryFailure
    assert f"邮件服务器 {PLACE} 的应答无法处理（SMTPUTF8 is not supported）" in str(failure)


def test_an_address_the_client_refuses() -> None:
    """An address that cannot stand on a command line is final."""
    assert isinstance(refusal(ValueError("prohibited character"), PLACE), PermanentFailure)


def test_a_sender_refused_for_now_or_for_size_is_about_the_mail() -> None:
    """Only a lasting refusal of the sender's address is a matter of the settings."""
    now = refusal(aiosmtplib.SMTPSenderRefused(451, "try later", "a@b.example"), PLACE)
    size = refusal(aiosmtplib.SMTPSenderRefused(552, "too big", "a@b.example"), PLACE)
    ever = refusal(aiosmtplib.SMTPSenderRefused(553, "not yours", "a@b.example"), PLACE)
    gone = refusal(aiosmtplib.SMTPSenderRefused(421, "bye", "a@b.example"), PLACE)
    assert [type(f) for f in (now, size, ever, gone)] == [TemporaryFailure, PermanentFailure, ChannelDown, Dropped]


@pytest.mark.parametrize(
    ("code", "said", "kind", "told"),
    [
        (450, "4.7.1 Greylisted, try again in 300 seconds", TemporaryFailure, "属暂时情况"),
        (452, "4.5.3 Too many recipients", TemporaryFailure, "属暂时情况"),
        (552, "5.5.3 Too many recipients", TemporaryFailure, "属暂时情况"),
        (552, "5.2.2 Mailbox full", TemporaryFailure, "邮箱已满，请告知其清理"),
        (550, "5.2.2 Over quota", TemporaryFailure, "邮箱已满"),
        (552, "Requested mail action aborted: exceeded storage allocation", TemporaryFailure, "邮箱已满"),
        (554, "5.3.1 Mail system full", TemporaryFailure, "属暂时情况"),
        (552, "5.3.4 Message too big for system", PermanentFailure, "attachments_mb 改小，更正后重发"),
        (552, "5.2.3 Message length exceeds administrative limit", PermanentFailure, "attachments_mb 改小，更正后重发"),
        (550, "5.1.1 No such user", PermanentFailure, "更正后重发"),
        (550, "No such user", PermanentFailure, "更正后重发"),
        (550, "5.2.1 Mailbox disabled", PermanentFailure, "更正后重发"),
        (550, "5.7.1 Refused by policy", PermanentFailure, "更正后重发"),
        (550, "5.2.22 something of its own", PermanentFailure, "更正后重发"),
        (550, "5.4.5 Daily sending quota exceeded", ChannelDown, "可能已到发送上限"),
        (530, "5.7.0 Authentication required", ChannelDown, "请核对用户名、口令和发件地址"),
        (421, "4.7.0 Too many messages", Dropped, ""),
    ],
)
def test_a_refused_recipient(code: int, said: str, kind: type[Exception], told: str) -> None:
    """The code decides, unless the details (RFC 3463) say that it cannot be meant for good; the words are kept."""
    failure = refusal(aiosmtplib.SMTPRecipientRefused(code, said, "a@b.example"), PLACE)
    assert type(failure) is kind
    assert said in str(failure)
    assert told in str(failure)


def test_a_refused_text_of_552_is_too_big() -> None:
    """Without details a 552 after the text is about the text, not about a full mailbox."""
    failure = refusal(aiosmtplib.SMTPDataError(552, "too much"), PLACE)
    assert (type(failure), "邮件太大" in str(failure)) == (PermanentFailure, True)


@pytest.mark.parametrize("code", [421, 450, 452])
def test_a_text_refused_for_now_is_about_the_mail(code: int) -> None:
    """After the text every 4xx is an explicit refusal, 421 too: no fault of the channel, and nothing is in doubt."""
    assert type(refusal(aiosmtplib.SMTPDataError(code, "try later"), PLACE)) is TemporaryFailure


@pytest.mark.parametrize("code", [-1, 0, 99, 150, 251, 399, 600, 999])
def test_a_code_that_is_none(code: int) -> None:
    """What does not refuse by RFC 5321, 4.2.1, never ends a message, whomever it is said of."""
    for exc in (
        aiosmtplib.SMTPSenderRefused(code, "what", "a@b.example"),
        aiosmtplib.SMTPRecipientRefused(code, "what", "a@b.example"),
        aiosmtplib.SMTPResponseException(code, "what"),
    ):
        failure = refusal(exc, PLACE)
        assert type(failure) is TemporaryFailure
        assert f"的应答无法处理（{code} what）" in str(failure)


@pytest.mark.parametrize(
    ("exc", "told"),
    [
        (aiosmtplib.SMTPReadTimeoutError("too long"), "没有及时答复"),
        (aiosmtplib.SMTPServerDisconnected("Connection lost"), "中断了连接（"),
        (aiosmtplib.SMTPResponseException(-1, "Malformed SMTP response line: what"), "的答复看不懂（-1 Malformed"),
    ],
)
def test_no_answer_to_a_text(exc: Exception, told: str) -> None:
    """It is said that nobody knows, and that another try may bring a second copy."""
    failure = unanswered(exc, PLACE)
    assert type(failure) is Unanswered
    assert told in str(failure)
    assert "不知道这封邮件收没收到，再发可能重复；消息已保留" in str(failure)


def test_a_greeting_that_refuses() -> None:
    """A server that does not let us in says why."""
    failure = no_connection(aiosmtplib.SMTPConnectResponseError(554, "no service for you"), PLACE)
    assert failure.code == 554
    assert "拒绝连接（554 no service for you）" in str(failure)


def test_a_strangers_words_are_cut_and_cleaned() -> None:
    """What a server says is put on one line of bounded length."""
    assert quoted("a\r\nb\x00c") == "a b c"
    assert len(quoted("长" * 999)) == 300


def test_words_in_gbk_are_read() -> None:
    """What the client keeps of bytes that are no UTF-8 is Chinese all the same; other bytes do no harm."""
    assert quoted("邮箱不存在".encode("gbk").decode("utf-8", "surrogateescape")) == "邮箱不存在"
    assert quoted("邮箱不存在") == "邮箱不存在"
    assert quoted(b"\xff\xfe no".decode("utf-8", "surrogateescape")).endswith(" no")
