"""The organisation brought in from a workbook: names become ids, roles said in Chinese become roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.directory import Directory, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.hands import ACT_AS
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import organisation as stored

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.intake import OrganisationFile, PersonRow, PostRow, UnitRow

__all__ = ["GRANT_TITLES", "SEE_RESTRICTED", "OrganisationImport", "import_organisation", "new_id"]

SEE_RESTRICTED = "see_restricted"  #: the grant that lets somebody see restricted categories
_GRANTS = {"act_for_others": ACT_AS, "see_restricted": SEE_RESTRICTED}
GRANT_TITLES = {ACT_AS: "代为操作", SEE_RESTRICTED: "查看受限类别"}
_EXTRA_ROLES = {"安全责任人": "safety_officer", "值班领导": "duty_leader"}


class OrganisationImport(Struct, frozen=True, kw_only=True):
    """What an organisation workbook brings: entries ready to be written, and every problem by row and column."""

    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    persons: tuple[Person, ...]
    holdings: tuple[Holding, ...]
    substitutions: tuple[Substitution, ...]
    problems: tuple[str, ...]
    granted: tuple[str, ...]  #: in words: who gains or loses which grant
    noticed: tuple[str, ...] = ()  #: in words: what differs from a hand-over or closing on record
    revision: int | None = None  #: the organisation's revision after writing; None when nothing was written


def import_organisation(
    flow: Rectiflow, path: Path, *, by: str | None = None, dry_run: bool = False
) -> OrganisationImport:
    """Read units, posts and persons from a workbook and write the good rows in one transaction.

    Entries are matched by code, name or account, so the same workbook twice changes nothing. Where the workbook has a
    column of grants it is the whole of them: who is not granted there any more loses the grant.

    Args:
        by: the person who imports, who cannot grant anything to himself; None for a first import and for hosts.

    Raises:
        IntakeError: the workbook cannot be used at all.
    """
    from rectiflow._persons import keep_posts
    from rectiflow.intake import Recorded, read_organisation

    known = flow.directory()
    recorded = Recorded(
        units=frozenset(u.name for u in known.units.values()),
        aliases={a: u.name for u in known.units.values() for a in u.aliases},
        posts=frozenset((known.unit_name(p.unit), p.title) for p in known.posts.values()),
        persons=frozenset(p.name for p in known.persons.values()),
    )
    file = read_organisation(path, recorded=recorded)
    brought = _Matching(known, _role_titles(flow.library.latest.values()), by).all(file)
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
    keep_posts(flow)
    return replace(brought, revision=revision)


class _Matching:
    """Finds the id of what is known already and gives ids to what is new."""

    def __init__(self, known: Directory, roles: Mapping[str, str], by: str | None) -> None:
        self.roles = roles
        self.by = by
        self.units = {n: u.id for u in known.units.values() for n in (u.name, *u.aliases)}
        self.posts = {(p.unit, p.title): p.id for p in known.posts.values()}
        self.persons = {p.name: p.id for p in known.persons.values()}
        self.accounts = {p.account: p.id for p in known.persons.values() if p.account}
        self.grants = {p.id: p.grants for p in known.persons.values()}
        self.taken = {*known.units, *known.posts, *known.persons}
        self.closed = {u.id for u in known.units.values() if not u.active}
        self.ended = {(h.post, h.person, h.since): h.until for h in known.holdings if h.until is not None}
        self.problems: list[str] = []
        self.noticed: list[str] = []
        self.granted: list[str] = []

    def all(self, file: OrganisationFile) -> OrganisationImport:
        self.problems = [f"工作表“{p.sheet}”{p}" for p in file.problems]
        for row in file.units:
            self.units.setdefault(row.name, row.code or self._new("u"))
        units = tuple(self._unit(row) for row in file.units)
        posts = tuple(self._post(row) for row in file.posts)
        for person in file.persons:
            found = self.accounts.get(person.account or "") or self.persons.get(person.name) or self._new("r")
            self.persons.setdefault(person.name, found)
        self._same_names(file.persons)
        self._moved_accounts(file.persons)
        persons = {p.id: p for p in map(self._person, file.persons)}
        persons = {key: replace(p, grants=self._grants(key, file.persons)) for key, p in persons.items()}
        return OrganisationImport(
            units=units,
            posts=posts,
            persons=tuple(persons.values()),
            holdings=tuple(self._holdings(file.persons)),
            substitutions=tuple(self._substitutions(file.persons)),
            problems=tuple(self.problems),
            granted=tuple(self.granted),
            noticed=tuple(self.noticed),
        )

    def _same_names(self, rows: Sequence[PersonRow]) -> None:
        """Two rows of one name with telephones or accounts of their own are two people: they must be told apart."""
        first: dict[str, PersonRow] = {}
        for row in rows:
            other = first.setdefault(row.name, row)
            pairs = ((row.phone, other.phone), (row.account, other.account))
            if any(one and two and one != two for one, two in pairs):
                self.problems.append(
                    f"工作表“人员”第 {row.row} 行：{row.name}与第 {other.row} 行同名，手机或系统账号却不同；"
                    "是两个人的，请在姓名后加单位区分；是一个人的，请写成一致"
                )

    def _moved_accounts(self, rows: Sequence[PersonRow]) -> None:
        """An account that passes to somebody else is said aloud; nobody gives his own away, to act as another."""
        for row in rows:
            owner = self.accounts.get(row.account or "")
            name = next((n for n, key in self.persons.items() if key == owner), "")
            if owner is None or name == row.name:
                continue
            if owner == self.by:
                self.problems.append(
                    f"工作表“人员”第 {row.row} 行：不能把自己的系统账号“{row.account}”改给{row.name}，请由另一名安全股人员导入"
                )
            else:
                self.granted.append(f"系统账号“{row.account}”由{name}改为{row.name}")

    def _unit(self, row: UnitRow) -> Unit:
        if row.active and self.units[row.name] in self.closed:
            self.noticed.append(
                f"工作表“单位”第 {row.row} 行：{row.name}此前已撤并，照表恢复为正常；不对的请在表里改为撤并"
            )
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
        return Person(id=self.persons[row.name], name=row.name, phone=row.phone, email=row.email, account=row.account)

    def _grants(self, key: str, rows: Sequence[PersonRow]) -> frozenset[str]:
        """Return what a person is granted: what all rows of the person say, as before where the sheet says nothing."""
        before = self.grants.get(key, frozenset[str]())
        own = [r for r in rows if self.persons[r.name] == key]
        if all(r.grants is None for r in own):
            return before
        after = frozenset(_GRANTS.get(g, g) for r in own for g in r.grants or ())
        if key == self.by and after - before:
            self.problems.append(f"工作表“人员”第 {own[0].row} 行：不能给自己授权，请由另一名安全股人员导入")
            return before
        for title, change in (("增加", after - before), ("取消", before - after)):
            self.granted += [f"{own[0].name}{title}“{GRANT_TITLES[g]}”权限" for g in sorted(change)]
        return after

    def _holdings(self, rows: Sequence[PersonRow]) -> Iterable[Holding]:
        for row in rows:
            post = self.posts.get((self.units.get(row.unit, ""), row.post))
            if post is not None:
                yield self._held(row, post)

    def _held(self, row: PersonRow, post: str) -> Holding:
        """Read a holding; one that was handed over since the sheet was written does not come back by itself."""
        person = self.persons[row.name]
        ended = self.ended.get((post, person, row.since)) if row.until is None else row.until
        if ended != row.until:
            said = f"{row.name}的{row.unit}{row.post}已于 {ended} 交接"
            self.noticed.append(f"工作表“人员”第 {row.row} 行：{said}，照记录保留；确实又任此岗的请写明新的任职起")
        return Holding(post=post, person=person, since=row.since, until=ended)

    def _substitutions(self, rows: Sequence[PersonRow]) -> Iterable[Substitution]:
        for row in rows:
            deputy = self.persons.get(row.deputy or "") or self.accounts.get(row.deputy or "")
            if deputy and row.deputy_since and row.deputy_until:
                person = self.persons[row.name]
                yield Substitution(person=person, deputy=deputy, since=row.deputy_since, until=row.deputy_until)

    def _new(self, prefix: str) -> str:
        key = new_id(prefix, self.taken)
        self.taken.add(key)
        return key


def new_id(prefix: str, taken: Collection[str]) -> str:
    """Return an id not taken yet: r0012."""
    number = 1 + sum(t.startswith(prefix) and t[1:].isdigit() for t in taken)
    while f"{prefix}{number:04d}" in taken:
        number += 1
    return f"{prefix}{number:04d}"


def _role_titles(workflows: Iterable[Workflow]) -> dict[str, str]:
    titles = dict(_EXTRA_ROLES)
    for workflow in workflows:
        for role in workflow.roles.values():
            titles[role.title] = titles[role.id] = role.id
    return {**titles, **{v: v for v in titles.values()}}
