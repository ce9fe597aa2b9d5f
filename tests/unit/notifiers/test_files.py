"""Mails and short messages as files."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from rectiflow.notifiers import ChannelDown, Contact, FileChannel, Message, Rendered, Sender, SmsLog, TemplateSet

from .conftest import START, Clock, MakeContact, MakeMessage

SENDER = Sender(address="safety@edu.example", name="梁子湖区教育局")


def send(channel: FileChannel | SmsLog, message: Message, contact: Contact, templates: TemplateSet) -> Rendered:
    """Compose and send one message through a channel opened for it."""

    async def run() -> Rendered:
        await channel.open()
        rendered = channel.compose(message, contact, templates=templates, at=START)
        await channel.send(rendered)
        await channel.close()
        return rendered

    return asyncio.run(run())


def test_a_mail_becomes_one_file(
    tmp_path: Path, templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The file is the mail, its name says day, sequence, number, occasion and recipient; no draft stays behind."""
    folder = tmp_path / "mails" / "out"
    rendered = send(FileChannel(folder, sender=SENDER), make_message(), make_contact(), templates)
    (path,) = folder.iterdir()
    assert path.name == "20241202-0001-LZH-2024-000123-assigned-太和镇中心小学校长.eml"
    assert path.read_bytes() == rendered.body
    assert message_from_bytes(path.read_bytes(), policy=default)["To"].addresses[0].addr_spec == "head@school.example"


def test_the_same_mail_again_leaves_one_file(
    tmp_path: Path, templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A repeat overwrites itself; another mail of the same name gets a number."""
    channel = FileChannel(tmp_path, sender=SENDER)
    for message in (make_message(), make_message(), make_message(id=8), make_message(id=9), make_message(id=8)):
        send(channel, message, make_contact(), templates)
    assert sorted(p.name.removeprefix("20241202-0001-LZH-2024-000123-assigned-太和镇中心小学校长") for p in tmp_path.iterdir()) == [
        "-2.eml",
        "-3.eml",
        ".eml",
    ]  # fmt: skip


def test_file_names_are_safe(
    tmp_path: Path, templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Slashes, dots and lengths from data stay out of the path."""
    channel = FileChannel(tmp_path / "mails", sender=SENDER)
    contact = make_contact(name="../../etc/passwd " + "长" * 200)
    send(channel, make_message(number=None, template="report_ready", params={}, sequence=0), contact, templates)
    send(channel, make_message(number="..\\x:y*?", sequence=2), make_contact(name=""), templates)
    names = sorted(p.name for p in (tmp_path / "mails").iterdir())
    assert names == [
        "20241202-0000-general-report_ready-etc_passwd_长长长长长长长长长长长长.eml",
        "20241202-0002-x_y-assigned-head_school_example.eml",
    ]


def test_an_unwritable_folder_is_a_channel_down(
    tmp_path: Path, templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact, clock: Clock
) -> None:
    """Where nothing can be written, no message would get through: it is said with the path."""
    (tmp_path / "file").write_text("here", encoding="utf-8")
    for channel in (
        FileChannel(tmp_path / "file", sender=SENDER),
        SmsLog(tmp_path / "file" / "sms.log", signature="局", now=clock),
    ):
        with pytest.raises(ChannelDown, match=r"写不了 .*file"):
            send(channel, make_message(), make_contact(), templates)


def test_sms_log(
    tmp_path: Path, templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact, clock: Clock
) -> None:
    """Each short message is one line: local time, number, text, parts."""
    log = SmsLog(tmp_path / "out" / "sms.log", signature="梁子湖区教育局", now=clock)
    send(log, make_message(), make_contact(), templates)
    clock.forward(timedelta(hours=1))
    send(log, make_message(params={"unit": "梧桐湖园区教育办公室附属幼儿园\t\n东区"}), make_contact(), templates)
    lines = (tmp_path / "out" / "sms.log").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["2024-12-02 09:30:00+08:00", "2024-12-02 10:30:00+08:00"]
    assert lines[0].split("\t")[1:] == [
        "13800000001",
        "【梁子湖区教育局】隐患LZH-2024-000123已交办太和镇中心小学，整改时限2024年12月31日，请及时签收、按期整改。",
        "1",
    ]
    assert len(lines[1].split("\t")) == 4


def test_who_is_accepted(tmp_path: Path, make_contact: MakeContact, clock: Clock) -> None:
    """Mail needs a usable address, SMS a number."""
    mail, sms = FileChannel(tmp_path, sender=SENDER), SmsLog(tmp_path / "sms.log", signature="局", now=clock)
    assert (mail.accepts(make_contact()), sms.accepts(make_contact())) == (True, True)
    assert not mail.accepts(make_contact(email="bad address"))
    assert not mail.accepts(make_contact(email=None))
    assert not sms.accepts(make_contact(phone=" "))
