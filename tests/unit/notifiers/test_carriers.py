"""What is to blame for a short message that did not arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers.carriers import Blame, blame


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("MK:0001", "address"),  # HLR查无此号
        ("MK:0012", "address"),  # 空号
        ("mk:0000", "address"),
        ("MN00013", "address"),  # 停机
        ("DB:0102", "address"),  # 用户停机
        ("isv.MOBILE_NUMBER_ILLEGAL", "address"),
        ("MB:1077", "message"),  # 黑名单
        ("MX:0003", "message"),  # 超过该签名日上限
        ("TC:0007", "message"),  # 敏感词
        ("REJECTD", "message"),
        ("REJECTD 006", "message"),  # as SMPP tells it
        ("REJECTD_706", "message"),  # as Tencent Cloud tells it
        ("BWLIST_006", "message"),
        ("MOBILE  BLACK", "message"),
        ("MOBILE_IN_BLACK", "message"),
        ("CONTENT_KEYWORD", "message"),
        ("isv.SMS_CONTENT_ILLEGAL", "message"),
        ("EXPIRED", "busy"),
        ("UNDELIV", "busy"),  # 空号、停机或关机
        ("UNDELIV 001", "busy"),
        ("EXPIRED_602", "busy"),
        ("MI:0024", "busy"),  # 停机或关机
        ("MOBILE_NOT_ON_SERVICE", "busy"),  # 停机、空号、暂停服务、关机、不在服务区
        ("isp.SYSTEM_ERROR", "busy"),
        ("1", "busy"),  # 空号 at China Unicom, anything at a gateway
        ("SOMETHING_NEW", "busy"),
        ("", "busy"),
    ],
)
def test_codes(code: str, what: Blame) -> None:
    """A code counts by itself, else without the number an operator adds; what says more than one thing accuses nobody."""
    assert blame(code) == what


@given(st.text(max_size=20))
def test_whatever_a_stranger_says(code: str) -> None:
    """Any text has an answer, the same in capitals."""
    assert blame(code) in ("address", "busy", "message")
    assert blame(code.upper()) == blame(code)
