"""What the operating system says is told in Chinese."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from rectiflow.engine.errors import os_reason


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOENT, "没有这个文件"),
        (errno.ECONNREFUSED, "连接被拒绝"),
        (errno.ECONNRESET, "连接被对方中断"),
        (errno.EPIPE, "连接被对方中断"),
        (errno.EHOSTUNREACH, "网络不通"),
        (errno.ENETUNREACH, "网络不通"),
        (errno.ETIMEDOUT, "没有及时应答"),
    ],
)
def test_numbers(number: int, told: str) -> None:
    """By its number, also where a library put words of its own around it."""
    said = OSError(number, os.strerror(number))
    assert told in os_reason(said)
    with pytest.raises(ConnectionError) as wrapped:
        raise ConnectionError("All connection attempts failed") from said
    assert told in os_reason(wrapped.value)


def test_a_connection_that_is_refused() -> None:
    """As the system really says it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(OSError) as refused:  # noqa: PT011 - which one is what is asked
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert os_reason(refused.value) == "连接被拒绝，对方没有开放这个端口"


def test_a_name_nobody_knows() -> None:
    """What the resolver refuses is a name that is not found (here a service, so that nobody is asked)."""
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("127.0.0.1.", "no-such-service", type=socket.SOCK_STREAM)
    assert os_reason(unknown.value) == "查不到这个域名"


def test_what_has_no_number() -> None:
    """A time that ran out is told, other words stay as they are."""
    assert os_reason(TimeoutError()) == "对方没有及时应答"
    assert os_reason(OSError("disk on fire")) == "disk on fire"
    assert os_reason(OSError(errno.EXDEV, "Invalid cross-device link")) == "Invalid cross-device link"


@pytest.mark.parametrize("settings", [{"reason": "WRONG_VERSION_NUMBER"}, {"reason": "SOMETHING_NEW"}])
def test_encryption_has_numbers_of_its_own(settings: dict[str, str]) -> None:
    """Number 1 is a failure of the protocol there, and not a lack of permission; what is unknown keeps its name."""
    broken = ssl.SSLError(1, "[SSL] wrong")
    broken.reason = settings["reason"]
    assert "权限" not in os_reason(broken)
    assert os_reason(broken) in ("对方的端口不是加密端口，网址应以 http:// 开头", "加密连接没有建立，SOMETHING_NEW")
