"""The peers of the tests are what they say: a real PostgreSQL, a mail server that refuses."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import TYPE_CHECKING

import aiosmtplib
import psycopg
import pytest

if TYPE_CHECKING:
    from conftest import StartMailServer
    from support.smtp import MailServer

# A client that gave up closes its TLS connection in the background; the loop must live until that is done.
SETTLE_SECONDS = 0.05


def scalar(url: str, query: str) -> object:
    """Ask the database one thing."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def letter(*recipients: str) -> EmailMessage:
    """Write a mail in Chinese."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "office@example.org", ", ".join(recipients), "整改时限提醒"
    message.set_content("请于12月31日前完成整改。\n")
    return message


async def send(server: MailServer, *letters: EmailMessage, password: str | None = None) -> list[dict[str, int]]:
    """Send over one connection; the refused recipients of each mail with their codes."""
    refused: list[dict[str, int]] = []
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=password or server.password,
        start_tls=True,
        tls_context=server.client_context,
    )
    try:
        async with client:
            for mail in letters:
                answers, _ = await client.send_message(mail)
                refused.append({address: answer.code for address, answer in answers.items()})
    finally:
        await asyncio.sleep(SETTLE_SECONDS)
    return refused


def test_postgres_is_real(postgres_url: str) -> None:
    """The database answers, in UTF-8, and is not the server's own."""
    assert "PostgreSQL" in str(scalar(postgres_url, "SELECT version()"))
    assert scalar(postgres_url, "SHOW server_encoding") == "UTF8"
    assert str(scalar(postgres_url, "SELECT current_database()")).startswith("test_")


@pytest.mark.parametrize("turn", [1, 2])
def test_fresh_database_is_empty_each_time(fresh_postgres_url: str, turn: int) -> None:
    """What one test writes, the next does not find."""
    with psycopg.connect(fresh_postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mark AS SELECT %s AS turn", [turn])
    assert scalar(fresh_postgres_url, "SELECT turn FROM mark") == turn


def test_mail_server_takes_refuses_and_encrypts(smtp_server: StartMailServer) -> None:
    """One connection carries several mails; each refused recipient is answered for itself."""
    server = smtp_server(refuse={"gone@example.org": 550, "busy@example.org": 451})
    refused = asyncio.run(
        send(server, letter("a@example.org", "gone@example.org", "busy@example.org"), letter("b@example.org"))
    )
    assert refused == [{"gone@example.org": 550, "busy@example.org": 451}, {}]
    assert [mail.recipients for mail in server.mails] == [("a@example.org",), ("b@example.org",)]
    assert all(mail.encrypted and mail.user == server.user for mail in server.mails)
    assert server.mails[0].message["Subject"] == "整改时限提醒"
    assert server.connections == 1


def test_mail_server_refuses_a_wrong_password_at_once(smtp_server: StartMailServer) -> None:
    """A failing login is answered with 535, not with silence."""
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
        asyncio.run(send(smtp_server(), letter("a@example.org"), password="wrong"))
    assert caught.value.code == 535


def test_mail_server_refuses_a_whole_message(smtp_server: StartMailServer) -> None:
    """The text of a mail may be refused after its recipients were taken."""
    server = smtp_server()
    server.refuse_data = 554
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        asyncio.run(send(server, letter("a@example.org")))
    assert caught.value.code == 554
    assert server.mails == []
