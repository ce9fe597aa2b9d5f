"""Mobile numbers in the one form gateways take."""

from __future__ import annotations

import re

__all__ = ["mobile"]

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_GAPS = re.compile(r"[\s-]")


def mobile(phone: str | None) -> str | None:
    """Return the eleven digits of a mainland mobile number, however it was written; None if it is none."""
    found = _MOBILE.fullmatch(_GAPS.sub("", phone or ""))
    return found.group(1) if found else None
