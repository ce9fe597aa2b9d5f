"""Whatever is handed over, noted and taken back: some things always hold."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.engine.absences import Cancelling, away, cancel_absence
from rectiflow.engine.directory import Changes, Directory, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.posts import HandingOver, give_up, vacancies
from support.stores import HOME

TODAY = date(2024, 9, 2)
PEOPLE = tuple(Person(id=f"p{n}", name=f"某某{n}") for n in range(4))
ROLES = frozenset({"principal"})
OFFICE = Directory(
    district=HOME,
    revision=1,
    units=[Unit(id="u", name="某某小学", kind="school")],
    posts=[Post(id="x", unit="u", title="校长", roles=ROLES), Post(id="y", unit="u", title="副校长", roles=ROLES)],
    persons=PEOPLE,
    holdings=[Holding(post="x", person="p0"), Holding(post="y", person="p1")],
    substitutions=[],
)
DAYS = st.integers(-40, 40).map(lambda n: TODAY + timedelta(days=n))
SPAN = [TODAY + timedelta(days=n) for n in range(-60, 60)]
ids = st.sampled_from([p.id for p in PEOPLE])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ids, st.none() | st.sampled_from(PEOPLE), st.sampled_from(["x", "y"]), DAYS), max_size=8))
def test_a_post_never_has_two_nor_a_past_rewritten(orders: list[tuple[str, Person | None, str, date]]) -> None:
    """One holder a day at most; days before a hand-over stay as they were; an empty post that was held is said."""
    directory = OFFICE
    for old, new, post, since in orders:
        answer = give_up(directory, old=old, new=new, posts=(post,), since=since, today=TODAY)
        if not isinstance(answer, HandingOver):
            continue
        after = directory.after(answer.changes)
        for day in SPAN:
            assert len(after.holders_of(post, day)) <= 1
            if day < since:
                assert after.holders_of(post, day) == directory.holders_of(post, day)
        assert after.holders_of(post, since) == ((new.id,) if new else ())
        said = {v.post.id for v in vacancies(after, since)}
        assert said == {p for p in ("x", "y") if not after.holders_of(p, since)}
        directory = after


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ids, ids, DAYS, st.integers(0, 20), st.booleans()), max_size=10))
def test_a_deputy_is_always_there(orders: list[tuple[str, str, date, int, bool]]) -> None:
    """Nobody is away twice at once, deputies for themselves, or is a deputy while away."""
    holdings = [Holding(post=post, person=p.id) for p, post in zip(PEOPLE, "xyxy", strict=True)]
    directory = OFFICE.after(Changes(holdings=tuple(holdings)))
    for person, deputy, since, days, back in orders:
        wanted = Substitution(person=person, deputy=deputy, since=since, until=since + timedelta(days=days))
        answer = cancel_absence(directory, person, None, TODAY) if back else away(directory, wanted, TODAY)
        changes = answer.changes if isinstance(answer, Cancelling) else answer
        directory = directory.after(changes) if isinstance(changes, Changes) else directory
        for day in SPAN:
            absent = [p.id for p in PEOPLE if directory.deputies(p.id, day)]
            deputies = [d for p in absent for d in directory.deputies(p, day)]
            assert len(deputies) == len(absent)
            assert not set(deputies) & set(absent)
