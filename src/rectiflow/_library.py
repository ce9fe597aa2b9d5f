"""The workflows a database works with: the newest from files, every older version from where tickets began on it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.errors import NotFound
from rectiflow.engine.load import load_catalogue, load_workflow
from rectiflow.engine.workflow import Catalogue, Workflow

if TYPE_CHECKING:
    from rectiflow.storage.definitions import StoredDefinition

__all__ = ["Library", "Source", "builtin_sources", "calendar_for", "load_library"]


class Source(Struct, frozen=True):
    """A text with the name it is called by in problems."""

    name: str
    text: str


class Library(Struct):
    """Workflows by id and version, with the catalogue texts they are bound to. Safe to share between threads."""

    latest: Mapping[str, Workflow]
    catalogues: Mapping[str, str]  #: id → YAML text
    bound: dict[tuple[str, str, int], Workflow] = field(default_factory=dict[tuple[str, str, int], Workflow])
    kept: set[tuple[str, str, int]] = field(default_factory=set[tuple[str, str, int]])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def newest(self, name: str) -> Workflow:
        """Return the newest version of a workflow, by id or Chinese title.

        Raises:
            NotFound: there is none of that name.
        """
        found = self.latest.get(name) or next((w for w in self.latest.values() if w.title == name), None)
        if found is None:
            known = "、".join(w.title for w in self.latest.values())
            raise NotFound(f"没有流程“{name}”，可用：{known}。")
        return found

    def bind(self, district: str, kept: StoredDefinition) -> Workflow:
        """Return the workflow tickets of a district began on: our newest when the text is the same, else the kept text.

        Every ticket of one district and version shares one machine.
        """
        newest = self.latest.get(kept.workflow)
        if newest is not None and (newest.version, newest.digest) == (kept.version, kept.digest):
            workflow = newest
        else:
            workflow = load_kept(kept.text, kept.catalogues, f"{kept.workflow} 第 {kept.version} 版")
        with self.lock:
            return self.bound.setdefault((district, kept.workflow, kept.version), workflow)


def builtin_sources() -> tuple[list[Source], list[Source]]:
    """Return the built-in workflow definitions and catalogues."""
    root = files("rectiflow.workflows")
    return _texts(root.joinpath("definitions")), _texts(root.joinpath("catalogues"))


def load_library(folder: Path | None = None, *, templates: Iterable[str] | None = None) -> Library:
    """Load the built-in workflows and those of a folder, which win over built-in ones of the same id.

    Raises:
        WorkflowInvalid: a definition or catalogue has problems.
    """
    workflow_sources, catalogue_sources = builtin_sources()
    if folder is not None and folder.is_dir():
        workflow_sources += _texts(folder)
        catalogue_sources += _texts(folder / "catalogues") if (folder / "catalogues").is_dir() else []
    own = {_catalogue(s).id: s for s in catalogue_sources}
    known = None if templates is None else frozenset(templates)
    workflows = [_workflow(s, tuple(own.items()), known) for s in workflow_sources]
    return Library(latest={w.id: w for w in workflows}, catalogues={k: s.text for k, s in own.items()})


def load_kept(text: str, catalogues: Mapping[str, str], name: str) -> Workflow:
    """Load a definition as the database keeps it."""
    kept = tuple((k, Source(name=k, text=t)) for k, t in catalogues.items())
    return _workflow(Source(name=name, text=text), kept, None)


@lru_cache(maxsize=128)
def _workflow(source: Source, catalogues: tuple[tuple[str, Source], ...], templates: frozenset[str] | None) -> Workflow:
    """Load a definition once in a process, however often a database is opened: a workflow never changes."""
    loaded = {k: _catalogue(s) for k, s in catalogues}
    return load_workflow(source.text, source=source.name, catalogues=loaded, templates=templates)


@lru_cache(maxsize=128)
def _catalogue(source: Source) -> Catalogue:
    return load_catalogue(source.text, source=source.name)


def calendar_for(name: str, override: Path | None = None) -> WorkCalendar:
    """Return the working calendar of China, with a district's own days over it.

    Raises:
        InputUnusable: the district's calendar file cannot be used.
    """
    from rectiflow.workflows.calendars.cn import china_workdays, load_override
    from rectiflow.workflows.calendars.override import FIRST_YEAR, LAST_YEAR

    own = load_override(override) if override is not None and override.exists() else None
    years = china_workdays(FIRST_YEAR, LAST_YEAR, override=own).values()
    if own is None:
        return WorkCalendar(name, years)
    terms = [(t.first, t.last) for t in own.terms]
    return WorkCalendar(name, years, terms=terms, office=own.office, own=own.digest)


def _texts(folder: Traversable) -> list[Source]:
    found = sorted((f for f in folder.iterdir() if f.name.endswith((".yaml", ".yml"))), key=lambda f: f.name)
    return [Source(f.name, f.read_text(encoding="utf-8")) for f in found]
