"""What every command shares: where it works, who calls, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace
    from rectiflow.engine.workflow import Workflow

__all__ = ["Session", "session"]


@dataclass
class Session:
    """One call of the command line: its global options, and what they lead to, opened when first used."""

    config: Path | None = None
    db: str | None = None
    acting: str | None = None  #: --as
    now: str | None = None
    guarded: bool = True
    opened: list[Workplace] = field(default_factory=list["Workplace"])

    @cached_property
    def place(self) -> Workplace:
        """The workplace."""
        from rectiflow._workplace import Workplace

        from ._faults import hear_logs

        hear_logs()
        place = Workplace.open(
            self.config, db=self.db, now=_moment(self.now) if self.now else None, guarded=self.guarded
        )
        self.opened.append(place)
        return place

    @property
    def flow(self) -> Rectiflow:
        """The workflow engine on the workplace's database."""
        return self.place.flow

    @cached_property
    def workflows(self) -> Mapping[str, Workflow]:
        """The newest version of every workflow: the workplace's, or the built-in ones where there is none."""
        from rectiflow._library import load_library
        from rectiflow._workplace import find_config

        if self.config is None and self.db is None and find_config() is None:
            return load_library().latest
        return self.flow.library.latest

    @cached_property
    def account(self) -> str:
        """The operating system's account at the keyboard."""
        from rectiflow._identity import system_account

        return system_account()

    @cached_property
    def person(self) -> str:
        """The id of the person who acts: the account's own, or `--as` where that is granted.

        Raises:
            WorkplaceError: the account belongs to nobody, or may not act as somebody else.
        """
        from rectiflow._identity import who_acts

        return who_acts(self.flow, self.account, self.acting, rehearsal=self.place.rehearsal)

    def close(self) -> None:
        """Give back what was opened."""
        for place in self.opened:
            if "flow" in place.__dict__:
                place.flow.close()


def session(context: typer.Context) -> Session:
    """Return the session the root command made."""
    found = context.find_object(Session)
    if found is None:
        raise RuntimeError("the root command has not run")
    return found


def _moment(text: str) -> datetime:
    from rectiflow.engine.errors import InputUnusable
    from rectiflow.engine.moments import ZONE

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InputUnusable(f"--now “{text}”不是时间，请写成 2024-09-30T09:00 或 2024-09-30。") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
