"""Mobile numbers in the one form gateways take."""

from __future__ import annotations

import re

__all__ = ["dialled", "mobile", "spellings"]

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_GAPS = re.compile(r"[\s-]")


def mobile(phone: str | None) -> str | None:
    """Return the eleven digits of a mainland mobile number, however it was written; None if it is none."""
    found = _MOBILE.fullmatch(_GAPS.sub("", phone or ""))
    return found.group(1) if found else None


def dialled(phone: str) -> bool:
    """Tell whether this is a number a telephone has: 5 to 15 digits, with + or gaps (ITU-T E.164)."""
    digits = _GAPS.sub("", phone).removeprefix("+")
    return digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15


def spellings(phone: str) -> tuple[str, ...]:
    """Return how a number may be written in the register, and so in the outbox."""
    return tuple(before + phone for before in ("", "+86", "86", "0086")) if mobile(phone) else (phone,)
