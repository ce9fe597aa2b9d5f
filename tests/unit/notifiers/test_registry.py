"""Kinds of channels, and what is said of one that there is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rectiflow.notifiers import About, ChannelNotConfigured, make_channel

ABOUT = About(signature="示例区教育局", now=lambda: datetime(2024, 9, 2, tzinfo=UTC), folder=Path())


@pytest.mark.parametrize(
    ("name", "offered", "not_offered"),
    [("sms", "aliyun、gateway、smpp、tencent", "wecom"), ("chat", "dingtalk、feishu、wecom", "smpp")],
)
def test_an_unknown_kind_is_told_what_there_is(name: str, offered: str, not_offered: str) -> None:
    """Only kinds that can be used under the name are offered."""
    with pytest.raises(ChannelNotConfigured) as refused:
        make_channel(name, {"kind": "pigeon"}, ABOUT)
    assert f"kind“pigeon”应是 {offered} 之一" in str(refused.value)
    assert not_offered not in str(refused.value)
