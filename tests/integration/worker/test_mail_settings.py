"""What `[mail]` says reaches the channel, and a worker keeps to it from one delivery to the next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from rectiflow.notifiers import SmtpChannel
from support.smtp import PASSWORD, USER, MailServer, start_mail_server
from support.workplaces import assigned, sample_workplace


def told(place: Workplace, text: str) -> Workplace:
    """Return the workplace with other settings."""
    file = place.folder / "mail.toml"
    file.write_text(text, encoding="utf-8")
    return Workplace(place.folder, read_settings(file), place.clock, rehearsal=True)


def settings_for(server: MailServer, more: str = "") -> str:
    """Return settings that reach the server."""
    return (
        f'db = "sqlite:///rectiflow.db"\ndistrict = "420702"\n[mail]\nhost = "{server.host}"\nport = {server.port}\n'
        f'username = "{USER}"\npassword = "{PASSWORD}"\nsender = "safety@edu.example"\nsender_name = "梁子湖区教育局"\n'
        f'ca_file = "{server.ca_file}"\n{more}'
    )


def test_all_batches_of_a_delivery_over_few_connections(tmp_path: Path) -> None:
    """Batch after batch, and never more connections than allowed."""
    server, controller = start_mail_server(tmp_path)
    place = told(
        sample_workplace(tmp_path / "place"), settings_for(server, "connections = 2\n[outgoing]\ndigest = ''\n")
    )
    assigned(place, 8)
    done = place.deliver(limit=3)
    controller.stop()
    assert done.sent == len(server.mails) > 6
    assert server.connections <= 2


def test_the_pace_is_kept_from_one_delivery_to_the_next(tmp_path: Path) -> None:
    """The channel is made anew each time, what the server has had this minute is not forgotten."""
    server, controller = start_mail_server(tmp_path)
    place = told(
        sample_workplace(tmp_path / "place"), settings_for(server, "per_minute = 1\n[outgoing]\ndigest = ''\n")
    )
    assigned(place, 3)
    first = place.deliver()
    assigned(place, 1)
    second = place.deliver()
    controller.stop()
    assert (first.sent, second.sent, len(server.mails)) == (1, 0, 1)
    assert second.waiting > 0


def test_what_is_not_said_has_its_usual_value(tmp_path: Path) -> None:
    """Four connections of a hundred mails each, no limit, ten million bytes of files, no signature."""
    file = tmp_path / "rectiflow.toml"
    file.write_text("[mail]\n", encoding="utf-8")
    mail = read_settings(file).mail
    assert (mail.connections, mail.per_connection, mail.per_minute, mail.attachments_mb, mail.dkim) == (
        4,
        100,
        0,
        10,
        None,
    )


def test_a_key_that_cannot_sign_is_said_and_stops_no_other_channel(tmp_path: Path) -> None:
    """The file is below the workplace's folder, and named; messages by mail wait."""
    server = MailServer(ca_file=tmp_path / "ca.pem", port=587)
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    signed = '[mail.dkim]\ndomain = "edu.example"\nselector = "s1"\nkey_file = "dkim.pem"\n'
    place = told(sample_workplace(tmp_path / "place"), settings_for(server, signed))
    assert place.ways.channels() == []
    (problem,) = place.ways.problems()
    assert re.search(r"签名密钥文件 .*place/dkim\.pem 读不了", str(problem))
    unsigned = told(place, settings_for(server, "attachments_mb = 0.5\n"))
    (channel,) = unsigned.ways.channels()
    assert isinstance(channel, SmtpChannel)
    assert channel.settings.most_enclosed == 500_000


@pytest.mark.parametrize("line", ["connections = 0", "connections = 21", "per_minute = -1", "attachments_mb = 51"])
def test_what_cannot_be_is_refused(tmp_path: Path, line: str) -> None:
    """With the name of the setting."""
    file = tmp_path / "rectiflow.toml"
    file.write_text(f"[mail]\n{line}\n", encoding="utf-8")
    with pytest.raises(WorkplaceError, match=rf"\[mail\.{line.split()[0]}\]"):
        read_settings(file)
