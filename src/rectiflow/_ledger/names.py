"""What a ledger calls by name: units with their aliases, persons of a unit, categories, ways of inspection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches

from rectiflow.engine.directory import Directory, Unit
from rectiflow.engine.workflow import Catalogue, CatalogueItem

__all__ = ["Names"]

_NEAR = 3  #: how many near names are offered


class Names:
    """Finds ids for names; width, case and blanks do not count. None for what is not known."""

    def __init__(self, directory: Directory, sources: Catalogue | None, today: date) -> None:
        from rectiflow.intake import match_key

        self.directory = directory
        self._key = match_key
        self._units: dict[str, set[str]] = {}
        for unit in directory.units.values():
            for name in (unit.id, unit.name, *unit.aliases):
                self._units.setdefault(match_key(name), set()).add(unit.id)
        self._persons: dict[tuple[str, str], str] = {}
        for person in directory.persons.values():
            for post in directory.posts_of(person.id, today):
                self._persons.setdefault((post.unit, match_key(person.name)), person.id)
        self._sources = self._index(sources)
        self._catalogues: dict[tuple[str, int], dict[str, CatalogueItem]] = {}

    def unit(self, text: str) -> Unit | None:
        """Find a unit by name or alias; None where there is none, or several."""
        found = self._units.get(self._key(text), set())
        return self.directory.units[next(iter(found))] if len(found) == 1 else None

    def near_units(self, text: str) -> str:
        """Say what might have been meant by a unit's name that is not known."""
        several = self._units.get(self._key(text), set())
        if several:
            names = "、".join(sorted(self.directory.unit_name(u) for u in several))
            return f"这个名称有几个单位在用（{names}），请写全称"
        known = [n for u in self.directory.units.values() for n in (u.name, *u.aliases)]
        near = get_close_matches(text, known, n=_NEAR, cutoff=0.5)
        return (
            f"没有这个单位，是不是：{'、'.join(near)}？" if near else "没有这个单位，请先导入单位，或给单位加上这个别名"
        )

    def person(self, text: str, unit: str | None) -> str | None:
        """Find a person by name among those who sit on a post of the unit."""
        return self._persons.get((unit or "", self._key(text)))

    def source(self, text: str, choices: Mapping[str, str]) -> str | None:
        """Find the source (来源) a way of inspection stands for, among a workflow's choices."""
        key = self._key(text)
        titled = next((c for c, title in choices.items() if key in (self._key(title), c)), None)
        item = self._sources.get(key)
        return titled or (item.id if item is not None and item.id in choices else None)

    def category(self, text: str, catalogue: Catalogue) -> str | None:
        """Find a catalogue's entry by title or alias."""
        known = (catalogue.id, catalogue.version)
        if known not in self._catalogues:
            self._catalogues[known] = self._index(catalogue)
        item = self._catalogues[known].get(self._key(text))
        return item.id if item else None

    def _index(self, catalogue: Catalogue | None) -> dict[str, CatalogueItem]:
        items: Iterable[CatalogueItem] = catalogue.items.values() if catalogue else ()
        index: dict[str, CatalogueItem] = {}
        for item in items:
            for name in (item.id, item.title, *item.aliases):
                index.setdefault(self._key(name), item)
        return index
