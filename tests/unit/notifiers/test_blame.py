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
    ],
)
def test_the_status_decides_then_the_words(status: str, said: str, blamed: Blame) -> None:
    """A code that speaks of the address blames it, one of the system or the content does not."""
    assert blame_of_mail(bounce(status, said)) == blamed


def test_what_is_only_late_blames_nobody() -> None:
    """The server is still trying."""
    assert blame_of_mail(bounce("4.4.1", "user unknown", permanent=False)) is None
