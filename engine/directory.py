"""The organisation as one frozen view: units in a tree, posts that hold roles, persons that hold posts, substitutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from msgspec import Struct

from .errors import Ambiguous, NotFound

__all__ = ["Changes", "Directory", "District", "Holding", "Person", "Post", "Substitution", "Unit"]


class District(Struct, frozen=True, kw_only=True):
    """One administrative district: its division code and the prefix of its ticket numbers."""

    code: str
    prefix: str
    name: str


class Unit(Struct, frozen=True, kw_only=True):
    """A school, section, town central school, village, partner authority …

    `kind`: bureau, section, affiliate, town, school, kindergarten, village, partner, government or committee.
    """

    id: str
    name: str
    kind: str
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    active: bool = True
    successor: str | None = None


class Post(Struct, frozen=True, kw_only=True):
    """A place in a unit that holds roles, whoever sits on it."""

    id: str
    unit: str
    title: str
    roles: frozenset[str]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who acts; `account` is the operating system's account, `grants` what is allowed beyond the posts.

    `channels` is how the person likes to be told, the best first (mail, sms, chat); () leaves it to the house.
    """

    id: str
    name: str
    phone: str | None = None
    email: str | None = None
    account: str | None = None
    grants: frozenset[str] = frozenset()
    channels: tuple[str, ...] = ()


class Holding(Struct, frozen=True, kw_only=True):
    """A person on a post from `since` to `until`, both days included; None is open."""

    post: str
    person: str
    since: date | None = None
    until: date | None = None


class Substitution(Struct, frozen=True, kw_only=True):
    """A deputy for an absent person, both days included."""

    person: str
    deputy: str
    since: date
    until: date


class Changes(Struct, frozen=True, kw_only=True):
    """Entries of the organisation to add or to put in place of those with the same key; `dropped` are taken out."""

    units: tuple[Unit, ...] = ()
    posts: tuple[Post, ...] = ()
    persons: tuple[Person, ...] = ()
    holdings: tuple[Holding, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    dropped: tuple[Substitution, ...] = ()


class Directory:
    """Everything asked of the organisation while deciding; built once per organisation revision."""

    def __init__(
        self,
        *,
        district: District,
        revision: int,
        units: Iterable[Unit],
        posts: Iterable[Post],
        persons: Iterable[Person],
        holdings: Iterable[Holding],
        substitutions: Iterable[Substitution],
    ) -> None:
        self.district = district
        self.revision = revision
        self.units: Mapping[str, Unit] = {u.id: u for u in units}
        self.posts: Mapping[str, Post] = {p.id: p for p in posts}
        self.persons: Mapping[str, Person] = {p.id: p for p in persons}
        self._named_units = _names((u.id, (u.id, u.name, *u.aliases)) for u in self.units.values())
        self._named_persons = _names((p.id, (p.id, p.name)) for p in self.persons.values())
        self._addresses = _names(
            (p.id, tuple(a.casefold() for a in (p.email, p.phone) if a)) for p in self.persons.values()
        )
        self._accounts = {p.account: p.id for p in self.persons.values() if p.account}
        self.holdings: tuple[Holding, ...] = tuple(holdings)
        self.substitutions: tuple[Substitution, ...] = tuple(substitutions)
        self._by_role: dict[str, list[tuple[str, Holding]]] = {}
        self._by_person: dict[str, list[tuple[Post, Holding]]] = {}
        for h in self.holdings:
            post = self.posts[h.post]
            self._by_person.setdefault(h.person, []).append((post, h))
            for role in post.roles:
                self._by_role.setdefault(role, []).append((post.unit, h))
        self._substitutions: dict[str, list[Substitution]] = {}
        for s in self.substitutions:
            self._substitutions.setdefault(s.person, []).append(s)

    def after(self, changes: Changes) -> Directory:
        """Return the organisation as it is once changes are written; of the next revision."""
        gone = {_period(s) for s in (*changes.dropped, *changes.substitutions)}
        holdings = {(h.post, h.person, h.since): h for h in (*self.holdings, *changes.holdings)}
        return Directory(
            district=self.district,
            revision=self.revision + 1,
            units={**self.units, **{u.id: u for u in changes.units}}.values(),
            posts={**self.posts, **{p.id: p for p in changes.posts}}.values(),
            persons={**self.persons, **{p.id: p for p in changes.persons}}.values(),
            holdings=holdings.values(),
            substitutions=(*(s for s in self.substitutions if _period(s) not in gone), *changes.substitutions),
        )

    # units ------------------------------------------------------------------------------------------------------

    def present(self, unit: str | None) -> str | None:
        """Return the unit that stands in a unit's place today: itself, or who took over from a closed one."""
        seen: set[str] = set()
        found = self.units.get(unit or "")
        while found is not None and not found.active and found.successor and found.id not in seen:
            seen.add(found.id)
            unit, found = found.successor, self.units.get(found.successor)
        return unit

    def unit_name(self, unit: str | None) -> str:
        """Return a unit's name; the id itself when it is not known, "" for None."""
        found = self.units.get(unit or "")
        return found.name if found else (unit or "")

    def find_unit(self, text: str) -> Unit:
        """Find a unit by id, name, alias or unique prefix of a name.

        Raises:
            NotFound: nothing fits; the message names the nearest.
            Ambiguous: a prefix fits more than one.
        """
        return self.units[_find(text, self._named_units, "单位")]

    def line(self, unit: str | None) -> Iterator[Unit]:
        """Yield the unit and its ancestors, upwards."""
        seen: set[str] = set()
        while unit and unit in self.units and unit not in seen:
            seen.add(unit)
            yield self.units[unit]
            unit = self.units[unit].parent

    def nearest(self, unit: str | None, kind: str) -> Unit | None:
        """Return the unit itself or its nearest ancestor of a kind."""
        return next((u for u in self.line(unit) if u.kind == kind), None)

    def below(self, unit: str) -> frozenset[str]:
        """Return the ids of a unit and of everything under it."""
        return frozenset(u for u in self.units if any(a.id == unit for a in self.line(u)))

    # persons ----------------------------------------------------------------------------------------------------

    def person_name(self, person: str | None) -> str:
        """Return a person's name; the id itself when it is not known, "" for None."""
        found = self.persons.get(person or "")
        return found.name if found else (person or "")

    def find_person(self, text: str) -> Person:
        """Find a person by id, name or unique prefix of a name.

        Raises:
            NotFound: nothing fits; the message names the nearest.
            Ambiguous: a name or prefix fits more than one.
        """
        return self.persons[_find(text, self._named_persons, "人员")]

    def find_member(self, text: str, unit: str | None, day: date) -> Person:
        """Find a person as `find_person` does, or by the post held in a unit that day: 校长 of the school meant.

        The head is found by any of the words for one, whatever the post is called there: 校长 of a kindergarten is 园长.

        Raises:
            NotFound, Ambiguous: as `find_person`; several hold the post.
        """
        posts = {p.id for p in self.posts.values() if unit is not None and p.unit == unit and p.title == text.strip()}
        found = tuple(dict.fromkeys(h.person for h in self.holdings if h.post in posts and _on(h.since, h.until, day)))
        if not found and unit is not None and text.strip() in _HEADS:
            found = self.holders("principal", unit, day)
        if len(found) > 1:
            names = "、".join(self.person_name(p) for p in found)
            raise Ambiguous(f"{self.unit_name(unit)}的{text.strip()}有 {len(found)} 人：{names}。请写姓名。")
        return self.persons[found[0]] if found else self.find_person(text)

    def by_account(self, account: str) -> Person | None:
        """Return the person an operating system's account belongs to."""
        return self.persons.get(self._accounts.get(account, ""))

    def holders(self, role: str, unit: str | None, day: date) -> tuple[str, ...]:
        """Return who holds `role` on `day`, in one unit or (None) in the whole district; each once, in order."""
        rows = self._by_role.get(role, ())
        found = (h.person for u, h in rows if (unit is None or u == unit) and _on(h.since, h.until, day))
        return tuple(dict.fromkeys(found))

    def posts_of(self, person: str, day: date) -> tuple[Post, ...]:
        """Return the posts a person sits on that day."""
        return tuple(p for p, h in self._by_person.get(person, ()) if _on(h.since, h.until, day))

    def holders_of(self, post: str, day: date) -> tuple[str, ...]:
        """Return who sits on a post that day; each once, in order."""
        found = (h.person for h in self.holdings if h.post == post and _on(h.since, h.until, day))
        return tuple(dict.fromkeys(found))

    def held_by(self, person: str) -> tuple[tuple[Post, Holding], ...]:
        """Return every post a person holds, held, or is going to hold, with its days."""
        return tuple(self._by_person.get(person, ()))

    def unit_of(self, person: str | None, day: date) -> str | None:
        """Return the unit of a person's first post that day."""
        return next((p.unit for p in self.posts_of(person or "", day)), None)

    def deputies(self, person: str, day: date) -> tuple[str, ...]:
        """Return who stands in for a person that day."""
        return tuple(s.deputy for s in self._substitutions.get(person, ()) if _on(s.since, s.until, day))

    def reached_for(self, person: str, day: date) -> str:
        """Return who is told that day what is for a person: whoever stands in for an absent one."""
        return next((d for d in self.deputies(person, day) if d in self.persons), person)

    def at_address(self, *addresses: str | None) -> tuple[str, ...]:
        """Return the persons registered with one of these mailboxes or telephone numbers, as they are spelled."""
        found = (p for a in addresses if a for p in self._addresses.get(a.casefold(), ()))
        return tuple(dict.fromkeys(found))

    def told_with(self, person: str, day: date) -> tuple[str, ...]:
        """Return for whom else whoever is told what is for a person is told that day."""
        reached = self.reached_for(person, day)
        others = (p for p in (reached, *self._substitutions) if p != person)
        return tuple(dict.fromkeys(p for p in others if self.reached_for(p, day) == reached))


_HEADS = ("校长", "园长", "主要负责人", "单位主要负责人", "负责人")  #: words for the head of a unit


def _period(s: Substitution) -> tuple[str, str, date]:
    return s.person, s.deputy, s.since


def _on(since: date | None, until: date | None, day: date) -> bool:
    return (since is None or since <= day) and (until is None or day <= until)


def _names(entries: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for key, names in entries:
        for name in dict.fromkeys(names):
            named[name] = (*named.get(name, ()), key)
    return named


def _find(text: str, named: Mapping[str, tuple[str, ...]], what: str) -> str:
    text = text.strip()
    exact = named.get(text, ())
    keys = exact or tuple(dict.fromkeys(k for name, ks in named.items() if text and name.startswith(text) for k in ks))
    if len(keys) == 1:
        return keys[0]
    if keys:
        names = [n for n, ks in named.items() if ks[0] in keys and n.startswith(text)]
        raise Ambiguous(f"{what}“{text}”不止一个：{'、'.join(names[:6])}。请写全名或编码。")
    from difflib import get_close_matches

    near = get_close_matches(text, list(named), n=3, cutoff=0.5)
    raise NotFound(
        f"没有{what}“{text}”。" + (f"是不是：{'、'.join(near)}？" if near else f"请先导入该{what}，或核对名称。")
    )
