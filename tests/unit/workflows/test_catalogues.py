"""The shipped catalogues: well formed, unambiguous, and in step with the sample district."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest
from ruamel.yaml import YAML

from rectiflow.engine.workflow import Catalogue, CatalogueItem
from rectiflow.workflows.sample.loader import load_district

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
KEYS = {"title", "lead", "aliases", "restricted", "children"}


def _tree(name: str) -> dict[str, Any]:
    yaml: Any = YAML(typ="safe", pure=True)
    tree: dict[str, Any] = yaml.load(
        files("rectiflow.workflows.catalogues").joinpath(f"{name}.yaml").read_text("utf-8")
    )
    return tree


def _items(entries: Mapping[str, Any], parent: str | None = None) -> list[CatalogueItem]:
    found: list[CatalogueItem] = []
    for key, entry in entries.items():
        assert set(entry) <= KEYS
        item = CatalogueItem(
            id=key,
            title=entry["title"],
            parent=parent,
            lead=entry.get("lead"),
            restricted=entry.get("restricted", False),
            aliases=tuple(entry.get("aliases", ())),
        )
        found += [item, *_items(entry.get("children", {}), key)]
    return found


def _catalogue(name: str) -> Catalogue:
    tree = _tree(name)
    items = _items(tree["items"])
    return Catalogue(id=tree["catalogue"], version=tree["version"], title=tree["title"], items={i.id: i for i in items})


@pytest.mark.parametrize("name", ["category", "place", "source"])
def test_a_catalogue_is_well_formed(name: str) -> None:
    """Its id is its file's name; ids are plain and stand once; no title or alias means two entries."""
    tree = _tree(name)
    assert set(tree) == {"catalogue", "version", "title", "items"}
    assert tree["catalogue"] == name
    items = _items(tree["items"])
    assert all(IDENTIFIER.fullmatch(item.id) for item in items)
    for words in (Counter(i.id for i in items), Counter(w for i in items for w in (i.title, *i.aliases))):
        assert [word for word, times in words.items() if times > 1] == []


def test_every_category_of_the_plan_is_there() -> None:
    """The categories cover what the district's plan sets to work on."""
    catalogue = _catalogue("category")
    top = [i.id for i in catalogue.items.values() if i.parent is None]
    assert top == [
        "fire", "hazmat", "building", "school_bus", "drowning", "bullying", "gathering", "food", "surroundings",
        "security", "team", "mental", "dispute", "training", "other",
    ]  # fmt: skip
    children = Counter(i.parent for i in catalogue.items.values() if i.parent)
    assert children["fire"] == 11
    assert children["surroundings"] == 5 + 8
    assert children["security"] == 4


def test_leads_are_units_of_the_bureau() -> None:
    """Every top category is led by a unit of the sample district that has somebody to lead it."""
    district = load_district()
    leading = {p.unit for p in district.posts if "lead_section" in p.roles}
    units = {u.name: u.id for u in district.units}
    for item in _catalogue("category").items.values():
        if item.parent is None:
            assert units[item.lead or ""] in leading


def test_restricted_categories() -> None:
    """Bullying, mental health and disputes are restricted, wherever they stand; nothing else is."""
    restricted = {i.id for i in _catalogue("category").items.values() if i.restricted}
    assert restricted == {"bullying", "mental", "dispute", "around_dispute"}


def test_words_of_offices_are_found() -> None:
    """Short names and the plan's own wording lead to the right entry."""
    catalogue = _catalogue("category")
    for text, expected in (
        ("消防", "fire"),
        ("危化品", "hazmat"),
        ("拨打手机", "bus_phone"),
        ("网吧", "shop_internet"),
    ):
        found = catalogue.find(text)
        assert found is not None
        assert found.id == expected
