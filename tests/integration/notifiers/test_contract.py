"""What every channel promises, kept by mail over a server, mail as files, and the log of short messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from rectiflow.notifiers import Channel, FileChannel, Sender, SmsLog, SmtpChannel, SmtpSettings
from support.channel_contract import AT, CONTACT, ChannelContract, RefusingContract
from support.smtp import PASSWORD, CountingController, MailServer, start_mail_server


class ServerPeer:
    """A real mail server with STARTTLS and login."""

    secrets: Sequence[str] = (PASSWORD,)

    def __init__(self, server: MailServer, controller: CountingController) -> None:
        self.server, self.controller = server, controller
        self.channel: Channel = SmtpChannel(
            SmtpSettings(
                host=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                sender="safety@edu.example",
                sender_name="梁子湖区教育局",
                ca_file=server.ca_file,
                timeout=timedelta(seconds=10),
            )
        )

    def received(self) -> int:
        """Count."""
        return len(self.server.mails)

    def refuse_for_now(self) -> None:
        """450, the mailbox is busy."""
        self.server.refuse[CONTACT.email or ""] = 450

    def refuse_for_good(self) -> None:
        """550, there is no such user."""
        self.server.refuse[CONTACT.email or ""] = 550

    def hang_up_once(self) -> None:
        """Keep one and cut the connection."""
        self.server.hang_ups = 1

    def go_away(self) -> None:
        """Close the port."""
        self.controller.stop()


class TestSmtpChannel(RefusingContract):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> Iterator[ServerPeer]:
        """A server that is running."""
        server, controller = start_mail_server(tmp_path)
        yield ServerPeer(server, controller)
        with contextlib.suppress(AssertionError):  # stopped by the test
            controller.stop()


class FolderPeer:
    """Messages as files: a folder takes everything or, when there is a file in its place, nothing."""

    secrets: Sequence[str] = ()

    def __init__(self, place: Path, channel: Channel) -> None:
        self.place, self.channel = place, channel

    def received(self) -> int:
        """Count the mails, or the lines of the log."""
        mails, log = list(self.place.glob("*.eml")), self.place / "sms.log"
        return len(mails) + (len(log.read_text("utf-8").splitlines()) if log.is_file() else 0)

    def go_away(self) -> None:
        """Put a file where the folder should be."""
        self.place.write_text("in the way", "utf-8")


class TestFileChannel(ChannelContract):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> FolderPeer:
        """A folder that is made when it is needed."""
        place = tmp_path / "mail"
        return FolderPeer(place, FileChannel(place, sender=Sender(address="safety@edu.example", name="教育局")))


class TestSmsLog(ChannelContract):
    @pytest.fixture
    def peer(self, tmp_path: Path) -> FolderPeer:
        """A log in a folder that is made when it is needed."""
        place = tmp_path / "sms"
        return FolderPeer(place, SmsLog(place / "sms.log", signature="教育局", now=lambda: AT))
