"""The sample district: its organisation as values, and as the workbook an office would hand in.

The units are those the district's plan names; towns and schools are called 示例, people by their post.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from ._files import new_workbook, sample_text

__all__ = [
    "ROLE_TITLES",
    "SampleDistrict",
    "SamplePerson",
    "SamplePost",
    "SampleSubstitute",
    "SampleUnit",
    "load_district",
    "write_organisation_workbook",
]


class SampleUnit(Struct, frozen=True, kw_only=True):
    """One unit of the sample district; `parent` is a unit's id."""

    id: str
    name: str
    kind: str
    parent: str | None = None
    aliases: tuple[str, ...] = ()


class SamplePost(Struct, frozen=True, kw_only=True):
    """One post of a unit, with the roles it holds."""

    id: str
    unit: str
    title: str
    roles: tuple[str, ...]


class SamplePerson(Struct, frozen=True, kw_only=True):
    """Whoever sits on a post, named by it; phone and email belong to nobody."""

    post: str
    name: str
    phone: str
    email: str
    account: str
    since: date
    grants: tuple[str, ...] = ()


class SampleSubstitute(Struct, frozen=True, kw_only=True):
    """A deputy for an absent person, both named, both days included."""

    absent: str
    deputy: str
    first: date
    last: date
    reason: str


class SampleDistrict(Struct, frozen=True, kw_only=True):
    """A whole district: its division code, the prefix of its numbers, its organisation."""

    code: str
    name: str
    prefix: str
    units: tuple[SampleUnit, ...]
    posts: tuple[SamplePost, ...]
    persons: tuple[SamplePerson, ...]
    substitutes: tuple[SampleSubstitute, ...]


def load_district() -> SampleDistrict:
    """Return the sample district."""
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True)
    tree: dict[str, Any] = yaml.load(sample_text("district.yaml"))
    return SampleDistrict(
        code=tree["district"],
        name=tree["name"],
        prefix=tree["prefix"],
        units=tuple(SampleUnit(**_with_tuple(u, "aliases")) for u in tree["units"]),
        posts=tuple(SamplePost(**_with_tuple(p, "roles")) for p in tree["posts"]),
        persons=tuple(SamplePerson(**_with_tuple(p, "grants")) for p in tree["persons"]),
        substitutes=tuple(
            SampleSubstitute(absent=s["absent"], deputy=s["deputy"], first=s["from"], last=s["to"], reason=s["reason"])
            for s in tree["substitutes"]
        ),
    )


def _with_tuple(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {**entry, key: tuple(entry.get(key, ()))}


_KINDS = {
    "committee": "校安委会",
    "bureau": "教育局",
    "section": "股室",
    "affiliate": "二级单位",
    "town": "镇中心学校",
    "school": "学校",
    "kindergarten": "幼儿园",
    "village": "村（社区）",
    "partner": "成员单位",
}
#: what the workbook calls each role; those the workflow definitions name have the definitions' titles
ROLE_TITLES = {
    "safety_section": "安全股",
    "lead_section": "业务股室",
    "verifier": "复查人",
    "principal": "单位主要负责人",
    "safety_officer": "安全责任人",
    "town_supervisor": "镇中心学校（园区教办）",
    "town_leader": "镇分管负责人",
    "bureau_leader": "分管局领导",
    "district_leader": "区校安委会负责人",
    "signatory": "文书签发人",
    "district_inspector": "区校安委会验收人",
}
_GRANTS = {"see_restricted": "查看受限类别"}


def write_organisation_workbook(path: Path | str, /) -> None:
    """Write the sample district as the workbook of units, posts and persons that an office hands in."""
    district = load_district()
    with new_workbook(path) as book:
        head = book.add_format({"bold": True, "border": 1, "align": "center", "bg_color": "#E7E6E6"})
        for title, widths, rows in (
            ("单位", (20, 26, 40, 14, 22, 8), _unit_rows(district)),
            ("岗位", (18, 26, 60), _post_rows(district)),
            ("人员", (30, 18, 26, 14, 40, 26, 12, 12), _person_rows(district)),
        ):
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            for column, width in enumerate(widths):
                sheet.set_column(column, column, width)
            for row, cells in enumerate(rows):
                for column, text in enumerate(cells):
                    sheet.write_string(row, column, text, head if row == 0 else None)


def _unit_rows(district: SampleDistrict) -> Iterator[tuple[str, ...]]:
    names = {u.id: u.name for u in district.units}
    yield ("单位编码", "单位名称", "别名", "单位类型", "上级单位", "状态")
    for u in district.units:
        yield (u.id, u.name, "、".join(u.aliases), _KINDS[u.kind], names.get(u.parent or "", ""), "正常")


def _post_rows(district: SampleDistrict) -> Iterator[tuple[str, ...]]:
    names = {u.id: u.name for u in district.units}
    yield ("岗位名称", "所在单位", "职责角色")
    for p in district.posts:
        yield (p.title, names[p.unit], "、".join(ROLE_TITLES[r] for r in p.roles))


def _person_rows(district: SampleDistrict) -> Iterator[tuple[str, ...]]:
    names = {u.id: u.name for u in district.units}
    posts = {p.id: p for p in district.posts}
    yield ("姓名", "岗位", "单位", "手机", "邮箱", "系统账号", "任职起", "权限")
    for p in district.persons:
        post = posts[p.post]
        grants = "、".join(_GRANTS[g] for g in p.grants)
        yield (p.name, post.title, names[post.unit], p.phone, p.email, p.account, p.since.isoformat(), grants)
