"""What a mail client's rarer errors mean."""

from __future__ import annotations

import aiosmtplib

from rectiflow.notifiers import ChannelDown, PermanentFailure, TemporaryFailure
from rectiflow.notifiers.smtp_answers import Dropped, no_connection, quoted, refusal

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


def test_a_greeting_that_refuses() -> None:
    """A server that does not let us in says why."""
    failure = no_connection(aiosmtplib.SMTPConnectResponseError(554, "no service for you"), PLACE)
    assert failure.code == 554
    assert "拒绝连接（554 no service for you）" in str(failure)


def test_a_strangers_words_are_cut_and_cleaned() -> None:
    """What a server says is put on one line of bounded length."""
    assert quoted("a\r\nb\x00c") == "a b c"
    assert len(quoted("长" * 999)) == 300
