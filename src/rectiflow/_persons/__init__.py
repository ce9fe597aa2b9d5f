"""Persons and units change: hand-overs, absences, units closed, and posts looked after by themselves."""

from __future__ import annotations

from .absence import Absence, absences, cancel, register
from .closing import Closed, close
from .following import keep_posts
from .handing import Handed, Newcomer, Order, hand_over
from .listing import Listed, check_listing, write_listing
from .passing import KINDS, Passing, counted

__all__ = [
    "KINDS",
    "Absence",
    "Closed",
    "Handed",
    "Listed",
    "Newcomer",
    "Order",
    "Passing",
    "absences",
    "cancel",
    "check_listing",
    "close",
    "counted",
    "hand_over",
    "keep_posts",
    "register",
    "write_listing",
]
