"""What a mail server's answers and a broken connection mean for a message, told in Chinese."""

from __future__ import annotations

import re
import ssl
from typing import TypeVar

import aiosmtplib

from rectiflow.engine.errors import os_reason, tls_reason

from .charset import decode_text
from .errors import KEPT, LOCKOUT, ChannelDown, DeliveryFailure, PermanentFailure, TemporaryFailure, Unanswered
from .plaintext import one_line, shorten

__all__ = ["Dropped", "no_connection", "quoted", "refusal", "unanswered"]

REFUSING = range(400, 600)  #: what refuses; anything else is no answer of SMTP (RFC 5321, 4.2.1)
SERVICE_CLOSING = 421  #: the server ends the connection, whatever was asked (RFC 5321, 3.8)
TOO_BIG = 552  #: may come in answer to the sender, for the announced size (RFC 1870), but is about this mail
LOGIN = frozenset({530, 534, 535, 538})  #: a login is wanted, or another one (RFC 4954, 6): no fault of the mail
MAILBOX_FULL = "2.2"
BUSY = "4.5"
OVERSIZE = frozenset({"2.3", "3.4"})  #: the mailbox's or the server's limit of a mail (RFC 3463, 3.3 and 3.4)

#: Details of an enhanced status code that say "for now" even where the code begins with 5. RFC 3463 calls each of them useful
#: as a transient failure only; for too many recipients it is RFC 5321, 4.5.3.1.10, that wants a 552 taken as temporary.
PASSING = frozenset({MAILBOX_FULL, "3.1", "4.1", "4.2", "4.3", BUSY, "5.3"})
MAX_ANSWER = 300  #: characters kept of what a server says

_ENHANCED = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")

#: What the library says of a server that does not offer what the settings want.
_LACKING = re.compile(r"(STARTTLS|AUTH) extension not supported")
_WITHOUT = {
    "STARTTLS": "不提供 STARTTLS 加密，请把 security 改为 tls（多在 465 端口）；只在单位内网、不加密也不登录的写 none",
    "AUTH": "不提供登录，请核对端口和加密方式；不用登录的，不写 username 和口令",
}

E = TypeVar("E", bound=BaseException)


class Dropped(Exception):
    """The connection went away before a mail's text was begun: the server has nothing of it."""


def refusal(exc: Exception, place: str) -> DeliveryFailure | Dropped:
    """Translate what went wrong with one mail at the server at `place`: before its text was begun, or its refusal after."""
    if isinstance(exc, aiosmtplib.SMTPSenderRefused) and 500 <= exc.code < 600 and exc.code != TOO_BIG:
        told = f"邮件服务器 {place} 不接受发件地址 {exc.sender}（{_words(exc)}），请核对发件地址与登录账号；{KEPT}"
        return ChannelDown(told, code=exc.code)
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return _refused(exc, place)
    if isinstance(exc, TimeoutError):
        return ChannelDown(f"邮件服务器 {place} 没有及时应答，请检查网络；{KEPT}")
    if isinstance(exc, OSError):
        return Dropped(quoted(os_reason(exc)))
    if isinstance(exc, aiosmtplib.SMTPException):
        return TemporaryFailure(f"邮件服务器 {place} 的应答无法处理（{quoted(exc)}）；{KEPT}")
    return PermanentFailure(f"收件地址不能使用（{quoted(exc)}），请更正后重发。")


def unanswered(exc: Exception, place: str) -> Unanswered:
    """Say that a mail's text was begun and no answer of SMTP came to it."""
    if isinstance(exc, TimeoutError):
        why = "没有及时答复"
    elif isinstance(exc, aiosmtplib.SMTPResponseException):
        why = f"的答复看不懂（{_words(exc)}）"
    else:
        why = f"中断了连接（{quoted(os_reason(exc))}）"
    return Unanswered(f"邮件服务器 {place} {why}，不知道这封邮件收没收到，再发可能重复；{KEPT}")


def no_connection(exc: Exception, place: str) -> ChannelDown:
    """Translate why there is no usable connection to the server at `place`, and say what to do."""
    code = exc.code if isinstance(exc, aiosmtplib.SMTPResponseException) else None
    after = LOCKOUT if isinstance(exc, aiosmtplib.SMTPAuthenticationError) else None
    return ChannelDown(f"{_trouble(exc, f'邮件服务器 {place}')}{KEPT}", code=code, after=after)


def quoted(words: object) -> str:
    """Return a stranger's words on one line and not too long; bytes that are no UTF-8 are mostly GBK."""
    text = str(words)
    if not text.isascii():
        text = decode_text(text.encode("utf-8", "surrogateescape"))
    return shorten(one_line(text), MAX_ANSWER)


def _refused(exc: aiosmtplib.SMTPResponseException, place: str) -> DeliveryFailure | Dropped:
    if exc.code == SERVICE_CLOSING and not isinstance(exc, aiosmtplib.SMTPDataError):
        return Dropped(_words(exc))
    if exc.code not in REFUSING:
        return TemporaryFailure(f"邮件服务器 {place} 的应答无法处理（{_words(exc)}）；{KEPT}", code=exc.code)
    what = "收件地址" if isinstance(exc, aiosmtplib.SMTPRecipientRefused) else "邮件"
    answer = f"邮件服务器 {place} 拒收{what}（{_words(exc)}）"
    if exc.code in LOGIN:
        return ChannelDown(f"{answer}，请核对用户名、口令和发件地址；{KEPT}", code=exc.code, after=LOCKOUT)
    detail = _detail(exc)
    if detail == BUSY and exc.code >= 500:  # so a provider says that the day's mails are used up
        return ChannelDown(f"{answer}，可能已到发送上限；{KEPT}", code=exc.code)
    if detail == MAILBOX_FULL:
        return TemporaryFailure(f"{answer}，收件人的邮箱已满，请告知其清理；{KEPT}", code=exc.code)
    if 400 <= exc.code < 500 or detail in PASSING:
        return TemporaryFailure(f"{answer}，属暂时情况；{KEPT}", code=exc.code)
    if exc.code == TOO_BIG or detail in OVERSIZE:
        return PermanentFailure(f"{answer}，邮件太大：请把 [mail] 的 attachments_mb 改小，更正后重发。", code=exc.code)
    return PermanentFailure(f"{answer}，请核对地址或联系邮件管理员，更正后重发。", code=exc.code)


def _detail(exc: aiosmtplib.SMTPResponseException) -> str:
    """Return subject and detail of the enhanced status code (RFC 3463), as "2.2"; "" where there is none.

    A 552 for a recipient without one is an over-full mailbox (RFC 5321, 4.2.3), or one recipient too many.
    """
    found = _ENHANCED.match(exc.message.strip())
    if found:
        return found[1]
    return MAILBOX_FULL if exc.code == TOO_BIG and isinstance(exc, aiosmtplib.SMTPRecipientRefused) else ""


def _trouble(exc: Exception, server: str) -> str:
    certificate = _cause(exc, ssl.SSLCertVerificationError)
    if certificate is not None:
        return _certificate_trouble(certificate, server)
    broken = _cause(exc, ssl.SSLError)
    if broken is not None:
        return f"与{server} 建立加密连接失败（{quoted(tls_reason(broken))}），请核对端口与加密方式（starttls 或 tls）；"
    if isinstance(exc, aiosmtplib.SMTPAuthenticationError):
        return f"{server} 拒绝登录（{_words(exc)}），请核对用户名和口令（授权码）；"
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return f"{server} 拒绝连接（{_words(exc)}），请稍后再试或联系邮件管理员；"
    if isinstance(exc, TimeoutError):
        return f"连接{server} 超时，请核对地址、端口和网络；"
    if isinstance(exc, OSError):
        return f"连接不上{server}（{quoted(os_reason(exc))}），请核对地址、端口、网络和防火墙；"
    lacking = _LACKING.search(str(exc))
    if lacking is not None:
        return f"{server} {_WITHOUT[lacking[1]]}；"
    return f"与{server} 不能建立会话（{quoted(exc)}），请核对端口、加密方式和登录设置；"


def _certificate_trouble(exc: ssl.SSLCertVerificationError, server: str) -> str:
    if "expired" in exc.verify_message:
        return f"{server} 的证书已过期，请联系邮件管理员更换证书，并核对本机日期；"
    why = quoted(tls_reason(exc).removeprefix("证书"))
    return f"{server} 的证书不可信（{why}），请核对服务器名称，或用 [mail] 的 ca_file 指定证书文件；"


def _words(exc: aiosmtplib.SMTPResponseException) -> str:
    return f"{exc.code} {quoted(exc.message)}"


def _cause(exc: BaseException | None, kind: type[E]) -> E | None:
    """Return the first error of a kind in the chain of causes."""
    while exc is not None:
        if isinstance(exc, kind):
            return exc
        exc = exc.__cause__ or exc.__context__
    return None
