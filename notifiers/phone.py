"""Mobile numbers in the one form gateways take."""

from __future__ import annotations

import re

__all__ = ["mobile", "reachable", "spellings"]

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_LANDLINE = re.compile(r"(?:\+?86[\s-]?)?(?:\(?0[0-9]{2,3}\)?[\s-]?)[1-9][0-9]{6,7}(?:[\s-]?(?:转|-)?[0-9]{1,5})?")
_GAPS = re.compile(r"[\s-]")


def mobile(phone: str | None) -> str | None:
    """Return the eleven digits of a mainland mobile number, however it was written; None if it is none."""
    found = _MOBILE.fullmatch(_GAPS.sub("", phone or ""))
    return found.group(1) if found else None


def reachable(phone: str) -> bool:
    """Tell whether this is a number of a person: a mainland mobile, or a landline with its area code, also with an extension.

    Area codes have 3 or 4 digits with the 0, numbers 7 or 8 (GB/T and the plan of 工业和信息化部): 010-12345678, 0711-3866666.
    """
    return mobile(phone) is not None or _LANDLINE.fullmatch(phone.strip()) is not None


def spellings(phone: str) -> tuple[str, ...]:
    """Return how a number may be written in the register, and so in the outbox."""
    return tuple(before + phone for before in ("", "+86", "86", "0086")) if mobile(phone) else (phone,)
