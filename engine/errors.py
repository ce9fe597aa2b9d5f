"""Everything Rectiflow raises on purpose.

RectiflowError
├── WorkflowInvalid          a definition does not load; carries every Problem with its place
├── Refused                  an action was refused; carries every Reason
├── NotFound (LookupError)   a ticket, unit, person, request … that does not exist
├── Ambiguous (LookupError)  a short name or number that fits more than one
├── Conflict                 somebody else changed the ticket first, and retrying did not help
├── WorkplaceError           the database, its schema or the settings cannot be used as they are
│   ├── WorkplaceBusy        another process holds what may be held only once
│   └── SchemaTooNew         the database was made by a newer version
└── InputUnusable            a file or value handed in from outside cannot be used
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from msgspec import Struct

__all__ = [
    "Ambiguous",
    "Conflict",
    "InputUnusable",
    "JoinError",
    "NotFound",
    "Problem",
    "Reason",
    "RectiflowError",
    "Refused",
    "SchemaTooNew",
    "WorkflowInvalid",
    "WorkplaceBusy",
    "WorkplaceError",
    "os_reason",
    "tls_reason",
]

_OS_REASONS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "磁盘是只读的",
    errno.EEXIST: "已有同名的文件",
    errno.ENAMETOOLONG: "名称太长",
    errno.ECONNREFUSED: "连接被拒绝，对方没有开放这个端口",
    errno.ECONNRESET: "连接被对方中断",
    errno.ECONNABORTED: "连接被对方中断",
    errno.EPIPE: "连接被对方中断",
    errno.EHOSTUNREACH: "网络不通，找不到对方的机器",
    errno.ENETUNREACH: "网络不通",
    errno.ENETDOWN: "本机的网络没有启用",
    errno.ETIMEDOUT: "对方没有及时应答",
    errno.EADDRNOTAVAIL: "这个地址不能用",
}


_NOT_ENCRYPTED = "对方的端口不是加密端口"
#: What the library of encryption (OpenSSL) calls it → what that means.
_TLS_REASONS = {
    "WRONG_VERSION_NUMBER": _NOT_ENCRYPTED,
    "HTTP_REQUEST": _NOT_ENCRYPTED,
    "UNSUPPORTED_PROTOCOL": "对方的加密版本太旧",
    "TLSV1_ALERT_PROTOCOL_VERSION": "双方没有共同的加密版本",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "双方没有共同的加密算法",
    "NO_SHARED_CIPHER": "双方没有共同的加密算法",
    "UNEXPECTED_EOF_WHILE_READING": "连接被对方中断",
}
#: Codes of a certificate that was not accepted (X509_V_ERR_…).
_CERTIFICATE_REASONS = {
    9: "还没有生效，或本机日期不对",
    10: "已过期",
    18: "是自己签发的",
    19: "由不认识的机构签发",
    20: "由不认识的机构签发",
    21: "由不认识的机构签发",
    23: "已被吊销",
    62: "不是发给这个名称的",
    64: "不是发给这个地址的",
}


class Problem(Struct, frozen=True, kw_only=True):
    """One thing wrong with a definition, with the place to look at.

    `line` and `column` count from 1; 0 means the place is not known.
    """

    code: str
    message: str
    source: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        place = (
            f"{self.source}:{self.line}:{self.column}: " if self.line else (f"{self.source}: " if self.source else "")
        )
        hint = f"（{self.hint}）" if self.hint else ""
        return f"{place}{self.code} {self.message}{hint}"


class Reason(Struct, frozen=True, kw_only=True):
    """One reason why an action was refused, as data a host can show.

    `code` is stable (wrong_state, role_missing, same_person, field_missing, guard_false, …);
    `message` is the Chinese sentence; `subject` is the field, role or trigger it is about.
    """

    code: str
    message: str
    subject: str = ""

    def __str__(self) -> str:
        return self.message


class RectiflowError(Exception):
    """Something Rectiflow cannot do as asked."""


class WorkflowInvalid(RectiflowError):
    """A workflow definition has problems; all of them are listed."""

    def __init__(self, problems: Sequence[Problem], /) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class Refused(RectiflowError):
    """An action was refused; `reasons` holds every reason."""

    def __init__(self, number: str, action: str, reasons: Sequence[Reason], /) -> None:
        self.number, self.action, self.reasons = number, action, tuple(reasons)
        subject = f"{number} " if number else ""
        super().__init__(f"{subject}不能“{action}”：" + "；".join(r.message for r in self.reasons))


class NotFound(RectiflowError, LookupError):
    """What was named does not exist."""


class Ambiguous(RectiflowError, LookupError):
    """What was named fits more than one."""


class Conflict(RectiflowError):
    """Somebody else changed the ticket first."""

    def __init__(self, number: str, /) -> None:
        self.number = number
        super().__init__(f"{number} 刚被别人改动过，请重新查看后再办理。")


class JoinError(RectiflowError):
    """A host's transaction cannot be joined as it is."""


class WorkplaceError(RectiflowError):
    """The workplace (database, settings, folders) cannot be used as it is."""


class WorkplaceBusy(WorkplaceError):
    """Another process holds what only one may hold."""


class SchemaTooNew(WorkplaceError):
    """The database was made by a newer version of Rectiflow."""


class InputUnusable(RectiflowError):
    """A file or value handed in cannot be used; the message says where and what to do."""


def os_reason(exc: BaseException) -> str:
    """Say in Chinese why the operating system refused a file or a connection.

    The first reason that is known counts, of the error or of what caused it (libraries wrap what the system said); where
    none is, the system's or the library's own words are returned.
    """
    cause: BaseException | None = exc
    while cause is not None:
        if any(kind.__name__ == "SSLError" for kind in type(cause).__mro__):
            said = tls_reason(cause)
            return f"{said}，网址应以 http:// 开头" if said == _NOT_ENCRYPTED else said
        if isinstance(cause, OSError) and cause.errno in _OS_REASONS:
            return _OS_REASONS[cause.errno]
        if type(cause).__name__ == "gaierror":  # of the module socket, which the engine does without
            return "查不到这个域名"
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, TimeoutError):
        return _OS_REASONS[errno.ETIMEDOUT]
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)


def tls_reason(exc: BaseException) -> str:
    """Say in Chinese why there is no encrypted connection, by the numbers of an `ssl.SSLError` (which are not errno's).

    What is not known is told by the library's own name for it.
    """
    certificate = getattr(exc, "verify_code", None)
    if certificate is not None:
        return f"证书{_CERTIFICATE_REASONS.get(certificate) or f'不可信，{exc.verify_message}'}"  # type: ignore[attr-defined]
    name = getattr(exc, "reason", None) or str(exc)
    return _TLS_REASONS.get(name) or f"加密连接没有建立，{name}"
