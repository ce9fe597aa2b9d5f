"""The heart of a worker: says in the database that this process lives, by the database's own time where it has one."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rectiflow.storage import workers
from rectiflow.storage.workers import Worker

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["TIMED", "Heart", "beat_once", "real_now"]


TIMED = "/tick@"  #: in the owner of a host's `rectiflow tick`, which is run again and again


class Heart:
    """Beats until it stops. A rehearsal's clock may stand still, so it never goes by that."""

    def __init__(self, flow: Rectiflow, owner: str | None = None) -> None:
        self._flow = flow
        self._owner = owner or flow.owner
        self._worker: Worker | None = None

    def beat(self) -> None:
        """Say that this process lives; the first beat says since when.

        Raises:
            WorkplaceError: the database cannot be used.
        """
        now = real_now(self._flow)
        self._worker = replace(self._worker, beat_at=now) if self._worker else self._born(now)
        workers.beat(self._flow.store.engine, self._worker)

    def stop(self) -> None:
        """Say that this process ends in peace.

        Raises:
            WorkplaceError: the database cannot be used.
        """
        workers.leave(self._flow.store.engine, self._owner, now=real_now(self._flow))

    def _born(self, now: datetime) -> Worker:
        from rectiflow import __version__

        return Worker(
            owner=self._owner,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            started_at=now,
            beat_at=now,
        )


def beat_once(flow: Rectiflow) -> None:
    """Say that somebody on this host looked for what is due, and will again: a `rectiflow tick` that is run by a timer.

    All of a host's share one row, which stays between them.

    Raises:
        WorkplaceError: the database cannot be used.
    """
    Heart(flow, f"{flow.district}{TIMED}{socket.gethostname()}").beat()


def real_now(flow: Rectiflow) -> datetime:
    """Return the time that beats are measured by: the database's, so that workers on several hosts agree."""
    return flow.store.now() or datetime.now(UTC)
