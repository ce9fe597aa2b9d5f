"""Whose fault a returned mail is, by the enhanced status codes of RFC 3463 and by words where these say nothing."""

from __future__ import annotations

import pytest

from rectiflow.notifiers.blame import Blame, blame_of_mail
from rectiflow.notifiers.judging import Bounce


def bounce(status: str, said: str = "", *, permanent: bool = True) -> Bounce:
    """Return a bounce."""
    return Bounce(recipient="a@b.example", permanent=permanent, status=status, diagnostic=said, message_id="")


@pytest.mark.parametrize(
    ("status", "said", "blamed"),
    [
        ("5.1.1", "550 5.1.1 User unknown", "address"),
        ("5.1.10", "domain has a null MX", "address"),
        ("5.2.1", "mailbox disabled", "address"),
        ("5.2.2", "over quota", "busy"),
        ("4.2.2", "gave up after 5 days", "busy"),
        ("5.2.3", "message length exceeds limit", "message"),
        ("5.1.8", "bad sender's system address", "message"),
        ("5.3.4", "message too big", "message"),
        ("5.7.1", "rejected for policy reasons", "message"),
        ("5.6.0", "content rejected", "message"),
        ("5.4.4", "Host or domain name not found", "address"),
        ("5.4.1", "Recipient address rejected: Access denied", "address"),
        ("5.4.1", "no answer from host", "busy"),
        ("5.0.0", "550 收件人不存在", "address"),
        ("", "550 该账号已停用", "address"),
        ("", "554 something", "busy"),
        ("5.0.0", "", "busy"),
        ("", "退信代码：554 DT:SPM 发送的邮件内容包含了未被许可的信息，或违背了网易的反垃圾服务条款", "message"),
        ("", "554 DT:SUM 信封发件人和信头发件人不匹配", "message"),
        ("", "550 MI:SPF 192.0.2.1", "message"),
        ("5.0.0", "550 message content rejected", "message"),
        ("", "554 blocked as spam.", "message"),
        ("", "host spam.mx.example said: 550 User not found", "address"),
        ("5.4.4", "host anti-spam.mx.example not found", "busy"),
    ],
)
def test_the_status_decides_then_the_words(status: str, said: str, blamed: Blame) -> None:
    """A code that speaks of the address blames it, one of the system or the content does not."""
    assert blame_of_mail(bounce(status, said)) == blamed


def test_what_is_only_late_blames_nobody() -> None:
    """The server is still trying."""
    assert blame_of_mail(bounce("4.4.1", "user unknown", permanent=False)) is None
