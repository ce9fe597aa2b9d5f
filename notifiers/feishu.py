"""A group robot of Feishu (飞书).

Signature, pace, sizes and codes: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. It cannot call on
anybody by telephone number.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import ChannelDown, PermanentFailure
from .given import Given
from .pace import MINUTE, SECOND
from .registry import About
from .robot import Fault, Robot, canonical, fitted, read_robot

__all__ = ["FeishuRobot", "channel"]

MOST = 9000  #: bytes; in JSON at most twice as many, so that a request stays below the 20 KB that are taken

_MEND = "请核对机器人的安全设置"
_FAULTS: Mapping[int, Fault] = {
    9499: (PermanentFailure, "不认消息的格式"),
    11232: (ChannelDown, "发送频率已达上限"),
    19001: (ChannelDown, "不认这个地址，请在群里重新添加机器人并更新地址"),
    19002: (PermanentFailure, "不认消息的格式"),
    19021: (ChannelDown, f"没有通过签名校验（密钥不符，或本机时间不准），{_MEND}"),
    19022: (ChannelDown, f"不接受本机的 IP 地址，{_MEND}"),
    19024: (ChannelDown, f"要求的关键词不在消息里（可把落款单位名称设为关键词），{_MEND}"),
}


class FeishuRobot(Robot):
    """A robot that signs in the body: the HMAC-SHA256 of nothing, with time in seconds and key as its key."""

    place = "飞书群机器人"
    key_mark = "/hook/"
    limits = ((5, SECOND), (100, MINUTE))
    faults = _FAULTS
    code_names = ("code", "StatusCode")
    said_names = ("msg", "StatusMessage")

    def payload(self, lines: Sequence[str], mobile: str | None) -> Mapping[str, Any]:
        """Return a post with a title; its text is taken as it is, and calls on nobody."""
        head, *rest = fitted(lines, MOST)
        content = [[{"tag": "text", "text": line}] for line in rest]
        return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": head, "content": content}}}}

    def signed(self, body: bytes) -> tuple[str, bytes]:
        """Return the address as it is, and the body with time and signature."""
        if not self._settings.secret:
            return self._settings.webhook, body
        time = str(int(self._now().timestamp()))
        digest = hmac.digest(f"{time}\n{self._settings.secret}".encode(), b"", "sha256")
        sign = base64.b64encode(digest).decode()
        return self._settings.webhook, canonical({**json.loads(body), "timestamp": time, "sign": sign})


def channel(given: Given, about: About) -> FeishuRobot:
    """Return the robot of a settings table.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    return FeishuRobot(read_robot(given, about, key_mark=FeishuRobot.key_mark, signs=True, mentions=False), about)
