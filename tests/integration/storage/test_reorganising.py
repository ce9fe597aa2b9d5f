"""A change of persons or units with all that follows is one transaction, on every kind of database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._incidents import incidents
from rectiflow._persons import Handed, Newcomer, Order, absences, cancel, close, hand_over, keep_posts, register
from rectiflow._persons.work import decided
from rectiflow.engine.directory import Changes, Holding, Person, Post, Unit
from rectiflow.engine.errors import Conflict, NotFound, Refused
from rectiflow.engine.handing_over import VACATED
from rectiflow.engine.stimulus import Hand, Handover
from rectiflow.storage import organisation
from rectiflow.storage.queries import messages
from rectiflow.storage.reorganising import Reorganisation
from support.stores import PHOTO, assigned, counts, office, reported

DAY = date(2024, 9, 2)


def handed(flow: Rectiflow, old: str = "officer", new: str | None = "town", **changes: Any) -> Handed:
    """Hand a post over today, by the chief."""
    told: dict[str, Any] = {"old": old, "new": new, "since": flow.today()}
    order = Order(**{**told, **{k: v for k, v in changes.items() if k in Order.__struct_fields__}})
    return hand_over(flow, order, by="chief", dry_run=bool(changes.get("dry_run")))


def successor(flow: Rectiflow) -> None:
    """Give the district a third school with a head."""
    organisation.write_organisation(
        flow.store.engine,
        flow.district,
        units=[Unit(id="school3", name="示例镇第三小学", kind="school", parent="town1")],
        posts=[Post(id="p3", unit="school3", title="校长", roles=frozenset({"principal"}))],
        persons=[Person(id="head3", name="第三小学校长", phone="13800000003")],
        holdings=[Holding(post="p3", person="head3")],
    )
    flow.refresh()


def responsible(flow: Rectiflow, number: str) -> str | None:
    """Return who is responsible for a hazard now."""
    return flow.ticket(number).fields.get("responsible_person")


def audited(flow: Rectiflow) -> None:
    """Every history is whole, and every ticket stands where it leaves it."""
    assert not [breaks for _, _, breaks in flow.audit() if breaks]


def test_a_hand_over_moves_everything_at_once(flow: Rectiflow) -> None:
    """The post, the open hazards that name the person, one message; closed ones keep who it was."""
    open_one, other = assigned(flow).number, assigned(flow).number
    flow.do(other, "sign", by="head")
    flow.void(reported(flow).number, by="chief", reason="重复")
    done = handed(flow)
    assert [(p.number, p.renamed) for p in done.passing] == [(open_one, True), (other, True)]
    assert {responsible(flow, n) for n in (open_one, other)} == {"town"}
    assert flow.ticket(other).state == "rectifying"
    assert flow.directory().holders_of("p-officer", DAY) == ("town",)
    told = [m for m in messages(flow.store.engine, flow.district) if m["template"] == "handed_over"]
    assert [(m["recipient"], m["params"]["count"]) for m in told] == [("town", 2)]
    event = flow.history(other)[-1]
    assert (event.kind, event.actor, event.from_state) == ("handed_over", "chief", "rectifying")
    flow.do(other, "submit", by="town", measures="已清理", completed_on=DAY, evidence=[PHOTO])
    audited(flow)


def test_looking_first_writes_nothing(flow: Rectiflow) -> None:
    """A trial says what would pass and leaves every table as it was."""
    number = assigned(flow).number
    before, revision = counts(flow.store.engine), flow.directory().revision
    assert [p.number for p in handed(flow, dry_run=True).passing] == [number]
    assert (counts(flow.store.engine), flow.refresh().revision) == (before, revision)


def test_nothing_is_half_done(flow: Rectiflow) -> None:
    """A ticket that moved on meanwhile undoes the post, the message and the other tickets as well."""
    number, other = assigned(flow).number, assigned(flow).number
    before = counts(flow.store.engine)
    directory = flow.refresh()
    stimulus = Handover(hand=Hand(actor="chief"), person="town", since=DAY)
    made = tuple(decided(flow, n, stimulus, directory) for n in (number, other))
    flow.amend(other, by="chief", reason="错字", place="二楼")
    changes = Changes(holdings=(Holding(post="p-officer", person="town", since=DAY),))
    with pytest.raises(Conflict):
        flow.reorganise(Reorganisation(changes=changes, decisions=made), directory, by="chief")
    assert responsible(flow, number) == "officer"
    assert flow.refresh().revision == directory.revision
    assert counts(flow.store.engine)["event"] == before["event"] + 1


def test_an_organisation_that_changed_meanwhile_is_looked_at_again(flow: Rectiflow) -> None:
    """What was decided from an older revision is not written."""
    directory = flow.refresh()
    organisation.write_organisation(flow.store.engine, flow.district)
    with pytest.raises(Conflict):
        flow.reorganise(Reorganisation(changes=Changes()), directory)
    assert flow.refresh().revision == directory.revision + 1


def test_in_advance_the_hazards_follow_on_the_day(flow: Rectiflow) -> None:
    """Until then nothing moves; the first sweep of the day does it, by the machine, once."""
    number = assigned(flow, days=40).number
    done = handed(flow, since=date(2024, 9, 10))
    assert (done.later, [p.renamed for p in done.passing]) == (True, [True])
    assert responsible(flow, number) == "officer"
    assert isinstance(flow.clock, SetClock)
    flow.clock.forward(days=8)
    flow.tick()
    assert responsible(flow, number) == "town"
    assert flow.history(number)[-1].actor is None
    seq = flow.ticket(number).seq
    flow.clock.forward(days=1)
    assert keep_posts(flow) == 0
    assert flow.ticket(number).seq == seq
    audited(flow)


def test_an_empty_post_is_an_incident_until_it_is_filled(flow: Rectiflow) -> None:
    """It says who should fill it; the hazard waits with the head, goes to who comes, and the incident closes itself."""
    number = assigned(flow).number
    done = handed(flow, new=None)
    assert "第一小学校长" in done.vacancies[0]
    assert (responsible(flow, number), flow.ticket(number).marks[VACATED]) == (None, "p-officer")
    assert [(i.kind, i.number) for i in incidents(flow)] == [("nobody", None)]
    keep_posts(flow)
    flow.tick()
    assert len(incidents(flow)) == 1
    flow.do(number, "sign", by="head")
    handed(flow, new="新来的安全副校长", newcomer=Newcomer(phone="139-0000-0009"))
    added = flow.directory().find_person("新来的安全副校长")
    assert (responsible(flow, number), added.phone) == (added.id, "13900000009")
    assert incidents(flow) == []
    closed = incidents(flow, open_only=False)[0]
    assert closed.closed_at is not None
    audited(flow)


def test_a_holding_that_ends_by_itself_is_seen_too(flow: Rectiflow) -> None:
    """The day after, the post is an incident and its hazards are with the head; filled by a workbook, all is well."""
    number = assigned(flow, days=60).number
    until = flow.today() + timedelta(days=5)
    organisation.write_organisation(
        flow.store.engine, flow.district, holdings=[Holding(post="p-officer", person="officer", until=until)]
    )
    flow.tick()
    assert incidents(flow) == []
    assert isinstance(flow.clock, SetClock)
    flow.clock.forward(days=6)
    flow.tick()
    assert responsible(flow, number) is None
    assert [i.kind for i in incidents(flow) if i.number is None] == ["nobody"]
    begun = Holding(post="p-officer", person="town", since=flow.today())
    organisation.write_organisation(flow.store.engine, flow.district, holdings=[begun])
    flow.tick()
    assert responsible(flow, number) == "town"
    assert [i for i in incidents(flow) if i.number is None] == []


def test_who_keeps_the_ledger_is_not_lost(flow: Rectiflow) -> None:
    """The last of the Safety Section cannot leave without a successor: nobody could mend it."""
    handed(flow, old="deputy", new="chief")
    assert isinstance(flow.clock, SetClock)
    flow.clock.forward(days=1)
    with pytest.raises(Refused) as refused:
        handed(flow, old="chief", new=None, posts=("p-chief", "p-deputy"))
    assert [r.code for r in refused.value.reasons] == ["no_keeper"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"old": "没有这人", "new": "也没有"}, ["person_unknown", "person_unknown"]),
        ({"new": "某人", "newcomer": Newcomer(phone="123", email="no", account="chief")},
         ["field_invalid", "field_invalid", "account_taken"]),
        ({"new": "第一小学校长", "newcomer": Newcomer(phone="13900000009")}, ["person_known"]),
        ({"posts": ("门卫",)}, ["post_unknown"]),
    ],
)  # fmt: skip
def test_bad_names_are_said_together(flow: Rectiflow, changes: dict[str, Any], expected: list[str]) -> None:
    """Who and what is not known, and nothing is written."""
    before = counts(flow.store.engine)
    with pytest.raises(Refused) as refused:
        handed(flow, **changes)
    assert [r.code for r in refused.value.reasons] == expected
    assert counts(flow.store.engine) == before


def test_a_merged_unit_gives_its_hazards_to_who_took_over(flow: Rectiflow) -> None:
    """Unit and person change in one event, state and date stay; the closed unit gets nothing new."""
    successor(flow)
    running, waiting = assigned(flow).number, reported(flow).number
    flow.do(running, "sign", by="head")
    due = flow.ticket(running).marks["due_on"]
    done = close(flow, "第一小学", successor="示例镇第三小学", since=DAY, by="chief")
    assert [p.number for p in done.passing] == [running, waiting]
    ticket = flow.ticket(running)
    assert (ticket.fields["responsible_unit"], ticket.fields["responsible_person"]) == ("school3", "head3")
    assert (ticket.state, ticket.marks["due_on"]) == ("rectifying", due)
    assert flow.ticket(waiting).fields["responsible_unit"] == "school3"
    assert flow.directory().units["school1"].successor == "school3"
    assert incidents(flow) == []
    with pytest.raises(Refused, match="请写承接单位示例镇第三小学"):
        reported(flow)
    flow.do(running, "submit", by="head3", measures="已清理", completed_on=DAY, evidence=[PHOTO])
    audited(flow)


def test_without_a_successor_nothing_is_lost(flow: Rectiflow) -> None:
    """Each open hazard is an incident until it was given to somebody; then that is over by itself."""
    successor(flow)
    number = assigned(flow).number
    close(flow, "school1", successor=None, since=DAY, by="chief")
    assert [(i.kind, i.number) for i in incidents(flow)] == [("nobody", number)]
    keep_posts(flow)
    flow.do(number, "reassign", by="chief", reason="撤并", responsible_unit="school3", responsible_person="head3")
    assert isinstance(flow.clock, SetClock)
    flow.clock.forward(days=1)
    flow.tick()
    assert incidents(flow) == []


def test_an_absence_is_told_and_taken_back(flow: Rectiflow) -> None:
    """The deputy gets one message with the reason and may act meanwhile; dropped, it is as if it had not been."""
    number = assigned(flow).number
    done = register(flow, "第一小学安全副校长", "中心学校安全专干", since=DAY, until=DAY, reason="培训", by="chief")
    assert [p.number for p in done.passing] == [number]
    told = [m for m in messages(flow.store.engine, flow.district) if m["template"] == "standing_in"]
    assert not [m for m in told if m["params"]["actor"] == m["params"]["action"]]  # a name that is the post's, once
    assert [(m["recipient"], m["params"]["reason"]) for m in told] == [("town", "培训")]
    flow.do(number, "sign", by="town")
    assert flow.history(number)[-1].in_place_of == "officer"
    assert [(a.person, a.now) for a in absences(flow, person="officer")] == [("第一小学安全副校长", True)]
    cancel(flow, "officer", by="chief")
    assert absences(flow, person="officer") == []
    with pytest.raises(NotFound):
        absences(flow, person="没有这人")


def test_another_process_sees_it_at_once(flow: Rectiflow) -> None:
    """Who has the district open already decides by the new organisation."""
    number, beside = assigned(flow).number, office(flow.store.engine)
    beside.directory()
    handed(flow)
    with pytest.raises(Refused):
        beside.do(number, "sign", by="officer")
    assert beside.do(number, "sign", by="town").state == "rectifying"
    beside.close()
