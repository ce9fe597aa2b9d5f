"""Workplaces to keep the time in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from rectiflow._enclosing import KeptFiles
from rectiflow._ways import Ways
from rectiflow._workplace import Workplace
from rectiflow.notifiers import Channel, FileChannel, Sender, SmsLog
from support.answers import ADDRESS
from support.workplaces import sample_workplace


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on both databases, but for modules that say `DATABASES`: what they are about never meets one directly."""
    if "place" in metafunc.fixturenames:
        databases = vars(metafunc.module).get("DATABASES", ("sqlite", "postgresql"))
        metafunc.parametrize("place", databases, indirect=True)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    """Give a workplace on a file, or on PostgreSQL."""
    url = None if request.param == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
    made = sample_workplace(tmp_path / "place", db=url)
    yield made
    made.flow.close()


@pytest.fixture
def open_place(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """Give a workplace that asks for answers, whose mails are written into files."""
    settings = place.settings
    made = dataclasses.replace(
        place,
        settings=settings.model_copy(
            update={
                "inbox": settings.inbox.model_copy(update={"address": ADDRESS}),
                "mail": settings.mail.model_copy(update={"sender": ADDRESS, "sender_name": "区教育局安全股"}),
            }
        ),
    )
    sender = Sender(
        address=ADDRESS,
        name="区教育局安全股",
        reply_address=made.reply_keys.reply_address,
        files=KeptFiles(made.flow),
    )
    out = made.folder / "out"

    def channels(_ways: Ways) -> list[Channel]:
        return [
            FileChannel(out, sender=sender),
            SmsLog(made.folder / "sms.log", signature="区教育局", now=made.flow.now),
        ]

    monkeypatch.setattr(Ways, "channels", channels)
    yield made
    made.flow.close()
