"""Persons and units change: hand-overs, absences, units closed, and posts looked after by themselves."""

from __future__ import annotations

from .absence import Absence, absences, cancel, register
from .closing import Closed, close
from .following import keep_posts
from .forwarding import forward
from .handing import Handed, Newcomer, Order, hand_over
from .listing import Listed, check_listing, write_listing
from .passing import KINDS, Passing, counted
from .reaching import CHANNELS, Reach, reach, restore, set_reach

__all__ = [
    "CHANNELS",
    "KINDS",
    "Absence",
    "Closed",
    "Handed",
    "Listed",
    "Newcomer",
    "Order",
    "Passing",
    "Reach",
    "absences",
    "cancel",
    "check_listing",
    "close",
    "counted",
    "forward",
    "hand_over",
    "keep_posts",
    "reach",
    "register",
    "restore",
    "set_reach",
    "write_listing",
]
