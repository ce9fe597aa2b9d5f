"""The organisation brought in from a workbook: names become ids, roles said in Chinese become roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow.engine.directory import Directory, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.hands import ACT_AS
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import organisation as stored

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.intake import OrganisationFile, PersonRow, PostRow, UnitRow

__all__ = ["SEE_RESTRICTED", "OrganisationImport", "import_organisation"]

SEE_RESTRICTED = "see_restricted"  #: the grant that lets somebody see restricted categories
_GRANTS = {"act_for_others": ACT_AS, "see_restricted": SEE_RESTRICTED}
_EXTRA_ROLES = {"安全责任人": "safety_officer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationImport:
    """What an organisation workbook brings: entries ready to be written, and every problem by row and column."""

    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    persons: tuple[Person, ...]
    holdings: tuple[Holding, ...]
    substitutions: tuple[Substitution, ...]
    problems: tuple[str, ...]
    revision: int | None = None  #: the organisation's revision after writing; None when nothing was written


def import_organisation(flow: Rectiflow, path: Path, *, dry_run: bool = False) -> OrganisationImport:
    """Read units, posts and persons from a workbook and write the good rows in one transaction.

    Entries are matched by code, name or account, so the same workbook twice changes nothing.

    Raises:
        IntakeError: the workbook cannot be used at all.
    """
    from rectiflow.intake import Recorded, read_organisation

    known = flow.directory()
    recorded = Recorded(
        units=frozenset(u.name for u in known.units.values()),
        aliases={a: u.name for u in known.units.values() for a in u.aliases},
        posts=frozenset((known.unit_name(p.unit), p.title) for p in known.posts.values()),
        persons=frozenset(p.name for p in known.persons.values()),
    )
    file = read_organisation(path, recorded=recorded)
    brought = _Matching(known, _role_titles(flow.library.latest.values())).all(file)
    if dry_run:
        return brought
    revision = stored.write_organisation(
        flow.store.engine,
        flow.district,
        units=brought.units,
        posts=brought.posts,
        persons=brought.persons,
        holdings=brought.holdings,
        substitutions=brought.substitutions,
    )
    flow.refresh()
    from dataclasses import replace

    return replace(brought, revision=revision)


class _Matching:
    """Finds the id of what is known already and gives ids to what is new."""

    def __init__(self, known: Directory, roles: Mapping[str, str]) -> None:
        self.roles = roles
        self.units = {n: u.id for u in known.units.values() for n in (u.name, *u.aliases)}
        self.posts = {(p.unit, p.title): p.id for p in known.posts.values()}
        self.persons = {p.name: p.id for p in known.persons.values()}
        self.accounts = {p.account: p.id for p in known.persons.values() if p.account}
        self.grants = {p.id: p.grants for p in known.persons.values()}
        self.taken = {*known.units, *known.posts, *known.persons}
        self.problems: list[str] = []

    def all(self, file: OrganisationFile) -> OrganisationImport:
        self.problems = [f"工作表“{p.sheet}”{p}" for p in file.problems]
        for row in file.units:
            self.units.setdefault(row.name, row.code or self._new("u"))
        units = tuple(self._unit(row) for row in file.units)
        posts = tuple(self._post(row) for row in file.posts)
        for person in file.persons:
            found = self.accounts.get(person.account or "") or self.persons.get(person.name) or self._new("r")
            self.persons.setdefault(person.name, found)
        persons = {p.id: p for p in map(self._person, file.persons)}
        return OrganisationImport(
            units=units,
            posts=posts,
            persons=tuple(persons.values()),
            holdings=tuple(self._holdings(file.persons)),
            substitutions=tuple(self._substitutions(file.persons)),
            problems=tuple(self.problems),
        )

    def _unit(self, row: UnitRow) -> Unit:
        return Unit(
            id=self.units[row.name],
            name=row.name,
            kind=row.kind,
            parent=self.units.get(row.parent or ""),
            aliases=row.aliases,
            active=row.active,
            successor=self.units.get(row.successor or ""),
        )

    def _post(self, row: PostRow) -> Post:
        unit = self.units[row.unit]
        key = self.posts.setdefault((unit, row.title), self._new("p"))
        unknown = [r for r in row.roles if r not in self.roles]
        if unknown:
            known = "、".join(t for t in self.roles if not t.isascii())
            self.problems.append(f"工作表“岗位”第 {row.row} 行：没有职责“{'、'.join(unknown)}”，可用：{known}")
        return Post(
            id=key, unit=unit, title=row.title, roles=frozenset(self.roles[r] for r in row.roles if r in self.roles)
        )

    def _person(self, row: PersonRow) -> Person:
        key = self.persons[row.name]
        grants = frozenset(_GRANTS.get(g, g) for g in row.grants) | self.grants.get(key, frozenset())
        return Person(id=key, name=row.name, phone=row.phone, email=row.email, account=row.account, grants=grants)

    def _holdings(self, rows: Sequence[PersonRow]) -> Iterable[Holding]:
        for row in rows:
            post = self.posts.get((self.units.get(row.unit, ""), row.post))
            if post is not None:
                yield Holding(post=post, person=self.persons[row.name], since=row.since, until=row.until)

    def _substitutions(self, rows: Sequence[PersonRow]) -> Iterable[Substitution]:
        for row in rows:
            deputy = self.persons.get(row.deputy or "") or self.accounts.get(row.deputy or "")
            if deputy and row.deputy_since and row.deputy_until:
                person = self.persons[row.name]
                yield Substitution(person=person, deputy=deputy, since=row.deputy_since, until=row.deputy_until)

    def _new(self, prefix: str) -> str:
        number = 1 + sum(t.startswith(prefix) and t[1:].isdigit() for t in self.taken)
        while f"{prefix}{number:04d}" in self.taken:
            number += 1
        key = f"{prefix}{number:04d}"
        self.taken.add(key)
        return key


def _role_titles(workflows: Iterable[Workflow]) -> dict[str, str]:
    titles = dict(_EXTRA_ROLES)
    for workflow in workflows:
        for role in workflow.roles.values():
            titles[role.title] = titles[role.id] = role.id
    return {**titles, **{v: v for v in titles.values()}}
