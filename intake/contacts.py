"""Telephone numbers and addresses as people write them."""

from __future__ import annotations

import re

from rectiflow.engine.mail_address import faults_of

__all__ = ["Unfit", "read_email", "read_phone"]

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}-?[2-9]\d{6,7}(?:-\d{1,6})?|[2-9]\d{6,7}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class Unfit(Exception):
    """Say why a text does not fit where it stands; who reads it adds the place."""


def read_phone(text: str) -> str:
    """Read one telephone number; a mobile one becomes digits only.

    Raises:
        Unfit: it is no telephone number.
    """
    written = re.sub(r"[\s]+|(?<=^1\d\d)-|(?<=^1\d\d-\d{4})-", "", text)
    mobile = written.removeprefix("+86").replace("-", "")
    if _MOBILE.fullmatch(mobile):
        return mobile
    if _LANDLINE.fullmatch(written):
        return written
    raise Unfit("不是电话号码：手机应为 11 位，座机请带区号；一格只填一个号码")


def read_email(text: str) -> str:
    """Read one email address.

    Raises:
        Unfit: it is no address.
    """
    written = "".join(text.split())
    faults = faults_of(written) if "@" in written else ()
    if faults or not _EMAIL.fullmatch(written):
        why = "；".join(faults) or "应是 name@example.com 的样子"
        raise Unfit(f"不是电子邮箱地址，{why}；一格只填一个")
    return written
