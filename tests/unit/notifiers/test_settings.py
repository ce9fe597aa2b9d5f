"""Settings of the mail server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rectiflow.notifiers import ChannelNotConfigured, SmtpSettings

GOOD: dict[str, Any] = {"host": "smtp.edu.example", "sender": "safety@edu.example", "sender_name": "安全股"}


def test_good_settings() -> None:
    """What is not given is STARTTLS on the submission port, and the password shows nowhere."""
    settings = SmtpSettings(**GOOD, username="safety", password="s3cret-word")
    assert (settings.place, settings.security) == ("smtp.edu.example:587", "starttls")
    assert "s3cret-word" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": " "}, "没有填写邮件服务器地址"),
        ({"port": 0}, "端口 0"),
        ({"security": "ssl"}, "加密方式“ssl”"),
        ({"sender": "safety"}, "发件地址“safety”"),
        ({"sender_name": ""}, "发件人名称"),
        ({"timeout": timedelta()}, "超时"),
        ({"connections": 0}, "连接数 0 应在 1 到 20 之间"),
        ({"connections": 21}, "连接数 21"),
        ({"per_connection": 0}, "每个连接发送的封数 0"),
        ({"per_minute": -1}, "每分钟上限 -1"),
        ({"most_enclosed": -1}, "附件总大小上限 -1"),
        ({"username": "a", "password": "b", "security": "none"}, "未加密的连接上不能发送口令"),
        ({"ca_file": Path("/none/ca.pem")}, "没有证书文件 /none/ca.pem"),
        ({"username": "u"}, "写了 username，没有口令：请写 password_file"),
        ({"password": "p"}, "有口令，没有写 username"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], told: str) -> None:
    """Each fault of the settings is named in Chinese."""
    with pytest.raises(ChannelNotConfigured) as caught:
        SmtpSettings(**{**GOOD, **given})
    assert told in str(caught.value)
    assert str(caught.value).startswith("邮件通道没有配置好：")


def test_all_faults_are_told_at_once() -> None:
    """Nobody has to try nine times."""
    with pytest.raises(ChannelNotConfigured) as caught:
        SmtpSettings(host="", port=-1, sender="x", sender_name="", username="u")
    assert len(caught.value.problems) == 5
