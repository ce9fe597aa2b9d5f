"""What is wrong with a workplace and lasts: timers go on, and one incident says what it is until it is mended."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from rectiflow._clock import SetClock
from rectiflow._doctor import doctor
from rectiflow._health import examine
from rectiflow._incidents import incidents
from rectiflow._messages import outbox
from rectiflow._worker import Worker, beat
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from support.imap import PASSWORD, USER, running_imap
from support.workplaces import assigned, sample_workplace


def open_about(place: Workplace, subject: str) -> list[str]:
    """Return what open incidents say of one thing."""
    return [i.message for i in incidents(place.flow) if i.subject == subject]


def opened_anew(place: Workplace) -> Workplace:
    """Return the workplace as another process would find it."""
    return dataclasses.replace(place)


def test_a_wrong_template_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Timers fire, the built-in words go out, and log, doctor and incident name file and line until it is mended."""
    place = sample_workplace(tmp_path)
    file = place.path(place.settings.templates) / "assigned.sms.txt.j2"
    file.write_text("一\n{{ foo", "utf-8")
    assigned(place, 1)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=3)
    with caplog.at_level(logging.WARNING):
        done = beat(place)
    assert done["fired"] > 0
    assert done["sent"] > 0
    assert outbox(place.flow, status="dead") == []
    (said,) = open_about(place, "templates")
    assert f"{file}:2: 语法错误" in said
    assert said in caplog.messages
    (found,) = [f for f in doctor(place) if f.subject == "消息模板"]
    assert (found.bad, found.detail.startswith(f"{file}:2: 语法错误")) == (True, True)

    file.write_text("{{ nobody }}", "utf-8")
    opened_anew(place).deliver()
    (said,) = open_about(place, "templates")
    assert f"{file}:1: 没有名为 nobody" in said
    file.write_text("{{ number }} 交办", "utf-8")
    opened_anew(place).deliver()
    assert open_about(place, "templates") == []


def reading_from(place: Workplace, **told: object) -> Workplace:
    """Return the workplace with a mailbox in its settings."""
    inbox = place.settings.inbox.model_copy(update=told)
    return dataclasses.replace(place, settings=place.settings.model_copy(update={"inbox": inbox}))


def test_a_mailbox_that_lets_nobody_in(tmp_path: Path) -> None:
    """An incident stands open until mails are collected again; health and doctor say so."""
    plain = sample_workplace(tmp_path / "place")
    with running_imap(tmp_path) as server:
        told = {"host": server.host, "port": server.port, "username": USER, "ca_file": server.ca_file}
        place = reading_from(plain, **told, password=SecretStr("wrong"))
        with pytest.raises(WorkplaceError, match="拒绝登录"):
            Worker(place).inbox()
        (said,) = open_about(place, "inbox")
        assert "拒绝登录" in said
        assert said in examine(place).notes
        assert [f.detail for f in doctor(place) if f.subject == "收信" and f.bad] == [said]
        mended = reading_from(plain, **told, password=SecretStr(PASSWORD))
        Worker(mended).inbox()
        assert open_about(mended, "inbox") == []
        (found,) = [f for f in doctor(mended) if f.subject == "收信"]
        assert (found.bad, "没有试收" in found.detail) == (False, True)


def test_a_mailbox_without_its_secret(tmp_path: Path) -> None:
    """The doctor finds the missing file, and a missing user name, without asking the server."""
    place = sample_workplace(tmp_path)
    assert [f for f in doctor(place) if f.subject == "收信"] == []
    lost = reading_from(place, host="imap.example", username=USER, password_file=Path("secrets/none"))
    (found,) = [f for f in doctor(lost) if f.subject == "收信"]
    assert (found.bad, "secrets/none 读不了" in found.detail) == (True, True)
    nobody = reading_from(place, host="imap.example")
    (found,) = [f for f in doctor(nobody) if f.subject == "收信"]
    assert (found.bad, found.detail.startswith("没有用户名或口令")) == (True, True)


def test_whom_to_ask_is_not_said(tmp_path: Path) -> None:
    """Messages name the Safety Section's telephone; the doctor notes that there is none."""
    place = sample_workplace(tmp_path)
    assert [f.state for f in doctor(place) if f.subject == "联系电话"] == ["请注意"]
    settings = place.settings.model_copy(update={"contact": "0711-1234567"})
    assert [f for f in doctor(dataclasses.replace(place, settings=settings)) if f.subject == "联系电话"] == []
