"""Doubles for a host's own tests: a store on SQLite in memory, a recording notifier, a clock that stands still.

The store is the same code as in production on a database that is gone with the process; nothing is imitated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow._clock import SetClock
from rectiflow.engine.directory import District, Holding, Person, Post, Substitution, Unit

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers import DispatchReport, RecordingChannel

__all__ = ["SetClock", "deliver", "memory_flow", "recording_channel"]

MORNING = datetime(2024, 9, 2, 1, tzinfo=UTC)  #: 09:00 in China on a Monday
DISTRICT = District(code="990000", prefix="TEST", name="测试区教育局")


def memory_flow(
    *,
    units: Iterable[Unit] = (),
    posts: Iterable[Post] = (),
    persons: Iterable[Person] = (),
    holdings: Iterable[Holding] = (),
    substitutions: Iterable[Substitution] = (),
    district: District = DISTRICT,
    clock: SetClock | None = None,
    workflows: Path | None = None,
    evidence: Path | None = None,
) -> Rectiflow:
    """Open an engine on a database in memory with this organisation.

    Args:
        clock: stands still until it is set; Monday 2024-09-02 09:00 China time by default.
        workflows: a folder of definitions over the built-in ones.
        evidence: a folder for files; without it actions cannot carry any.
    """
    from rectiflow._flow import Rectiflow
    from rectiflow.storage import organisation, schema
    from rectiflow.storage.connect import make_engine
    from rectiflow.storage.evidence import FolderEvidence

    engine = make_engine("sqlite://")
    schema.migrate(engine)
    organisation.add_district(engine, district, rehearsal=True)
    organisation.write_organisation(
        engine, district.code, units=units, posts=posts, persons=persons, holdings=holdings, substitutions=substitutions
    )
    return Rectiflow.open(
        engine=engine,
        clock=clock or SetClock(MORNING),
        workflows=workflows,
        evidence=FolderEvidence(evidence) if evidence else None,
    )


def recording_channel(name: str = "mail") -> RecordingChannel:
    """Return a channel that keeps what it is given, in `sent`."""
    from rectiflow.notifiers import RecordingChannel

    return RecordingChannel(name=name)


def deliver(flow: Rectiflow, channels: Sequence[RecordingChannel]) -> DispatchReport:
    """Send what waits in the outbox through recording channels."""
    from rectiflow._outbox import DirectoryContacts, StoreOutbox
    from rectiflow.notifiers import TemplateSet, builtin_templates, dispatch_once

    outbox = StoreOutbox(flow.store, flow.owner, flow.now)
    templates = TemplateSet.load([builtin_templates()])
    return dispatch_once(outbox, DirectoryContacts(flow.directory), templates, channels, owner=flow.owner, now=flow.now)
