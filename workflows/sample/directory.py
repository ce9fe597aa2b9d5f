"""The sample district as the engine's organisation, for scenario tests, simulations and rehearsals without a database."""

from __future__ import annotations

from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Substitution, Unit

from .district import SampleDistrict, load_district

__all__ = ["sample_directory"]


def sample_directory(district: SampleDistrict | None = None, /) -> Directory:
    """Return the sample district's organisation; a person's id is the account, such as `safety-head`."""
    sample = district or load_district()
    accounts = {p.name: p.account for p in sample.persons}
    return Directory(
        district=District(code=sample.code, prefix=sample.prefix, name=sample.name),
        revision=1,
        units=(Unit(id=u.id, name=u.name, kind=u.kind, parent=u.parent, aliases=u.aliases) for u in sample.units),
        posts=(Post(id=p.id, unit=p.unit, title=p.title, roles=frozenset(p.roles)) for p in sample.posts),
        persons=(
            Person(
                id=p.account,
                name=p.name,
                phone=p.phone,
                email=p.email,
                account=p.account,
                grants=frozenset(p.grants),
            )
            for p in sample.persons
        ),
        holdings=(Holding(post=p.post, person=p.account, since=p.since) for p in sample.persons),
        substitutions=(
            Substitution(person=accounts[s.absent], deputy=accounts[s.deputy], since=s.first, until=s.last)
            for s in sample.substitutes
        ),
    )
