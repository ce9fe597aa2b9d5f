"""Persons and units change: hand-overs, absences, units closed, and posts looked after by themselves."""

from __future__ import annotations

from .absence import Absence, absences, cancel, register
from .closing import Closed, close
from .following import keep_posts
from .handing import Handed, Newcomer, Order, hand_over
from .listing import HANDOVER_COLUMNS, write_listing
from .passing import Passing

__all__ = [
    "HANDOVER_COLUMNS",
    "Absence",
    "Closed",
    "Handed",
    "Newcomer",
    "Order",
    "Passing",
    "absences",
    "cancel",
    "close",
    "hand_over",
    "keep_posts",
    "register",
    "write_listing",
]
