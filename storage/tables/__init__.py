"""The schema, declared once in SQLModel: every row belongs to one district, but for workers and turns, which are of all.

Primary and unique keys begin with `district` (the administrative division code); the indexes that claims run on are on
the due instant alone and hold only what is armed or waiting.
"""

from __future__ import annotations

from sqlalchemy import Table

from . import desk, incoming, organisation, tickets, turns, undo, visits, workers
from .base import METADATA, PREFIX

__all__ = [
    "METADATA",
    "PREFIX",
    "desk",
    "incoming",
    "organisation",
    "table",
    "tickets",
    "turns",
    "undo",
    "visits",
    "workers",
]


def table(name: str) -> Table:
    """Return one of our tables by its short name."""
    return METADATA.tables[PREFIX + name]
