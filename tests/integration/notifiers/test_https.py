"""A gateway over HTTPS with certificates as they are met: good, run out, by nobody known; and answers that never end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from rectiflow.notifiers import ChannelDown, Unanswered
from rectiflow.notifiers.http import HttpAnswer, HttpDoor
from support.gateways import LOOPBACK, Gateway, a_gateway, told


@contextmanager
def encrypted(authority: trustme.CA, *, days: int) -> Generator[Gateway]:
    """Run a gateway whose certificate is good until so many days from now."""
    now = datetime.now(UTC)
    leaf = authority.issue_cert(LOOPBACK, not_before=now - timedelta(days=9), not_after=now + timedelta(days=days))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    with a_gateway(lambda _asked: told({"code": 0}, taken=True), context=context) as gateway:
        yield gateway


def posted(gateway: Gateway, authority: trustme.CA | None) -> HttpAnswer:
    """Post once, trusting this authority alone, or for None those of the system."""
    trusted = ssl.create_default_context() if authority is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is not None:
        authority.configure_trust(trusted)
    door = HttpDoor("短信网关", timeout=10, verify=trusted)

    async def batch() -> HttpAnswer:
        await door.open()
        try:
            return await door.post(gateway.url, b"{}", {})
        finally:
            await door.close()

    return asyncio.run(batch())


def test_a_good_certificate() -> None:
    """The answer comes through."""
    authority = trustme.CA()
    with encrypted(authority, days=9) as gateway:
        assert posted(gateway, authority).body == {"code": 0}
        assert len(gateway.taken) == 1


def test_an_expired_certificate() -> None:
    """It is named as such, the channel is at fault, and nothing is sent."""
    authority = trustme.CA()
    with encrypted(authority, days=-1) as gateway:
        with pytest.raises(ChannelDown, match=r"连接不上短信网关（证书已过期）.*消息已保留") as failed:
            posted(gateway, authority)
        assert type(failed.value) is ChannelDown
        assert gateway.taken == []


def test_an_authority_nobody_knows() -> None:
    """A certificate by an authority the system does not have is not trusted, and nothing is sent."""
    with encrypted(trustme.CA(), days=9) as gateway:
        with pytest.raises(ChannelDown, match="证书不可信"):
            posted(gateway, None)
        assert gateway.taken == []


def test_an_answer_that_drips_in_for_ever() -> None:
    """A server that sends a byte before each wait is over holds nobody for longer than four waits."""

    async def run() -> None:
        gone = asyncio.Event()

        async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            gone.set()

        async with await asyncio.start_server(drips, LOOPBACK, 0) as server:
            door = HttpDoor("短信网关", timeout=0.1)
            with pytest.raises(Unanswered, match="短信网关没有及时应答，不知道收没收到"):
                await door.post(f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}/", b"{}", {})
            await door.close()
            await gone.wait()

    asyncio.run(run())


def test_a_greeting_that_never_comes(silent_port: int) -> None:
    """Where TLS is not even made, nothing was handed over: the channel is down."""

    async def run() -> None:
        door = HttpDoor("短信网关", timeout=0.2)
        with pytest.raises(ChannelDown, match="连接不上短信网关（没有及时应答）"):
            await door.post(f"https://{LOOPBACK}:{silent_port}/", b"{}", {})
        with pytest.raises(ChannelDown, match="连接不上短信网关"):
            await door.post("nonsense://gateway.example/", b"{}", {})
        await door.close()

    asyncio.run(run())


def test_a_port_that_does_not_speak_tls() -> None:
    """An https address of a plain gateway: told as that, not as a lack of permission."""
    with a_gateway(lambda _asked: told({"code": 0}, taken=True)) as gateway:
        gateway.url = gateway.url.replace("http://", "https://")
        with pytest.raises(ChannelDown, match="对方的端口不是加密端口，网址应以 http:// 开头"):
            posted(gateway, trustme.CA())
