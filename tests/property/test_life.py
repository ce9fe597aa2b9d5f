"""Random lives of a general hazard: whoever does whatever, some things always hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rectiflow.engine.chain import Event, check_chain
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.moments import local_day
from rectiflow.engine.simulate import Case
from rectiflow.engine.stimulus import Hand
from support.district import (
    ACCEPTING,
    CLERK,
    DEPUTY,
    DISTRICT,
    HEAD,
    LEADER,
    PHOTO,
    RECTIFIER,
    SAFETY,
    SCHOOL,
    done,
    world,
)

#: Where each action leads from where: written down by hand from the definition.
WAYS: Mapping[str, tuple[set[str], str]] = {
    "assign": ({"reported", "contested"}, "assigned"),
    "on_spot": ({"reported"}, "verified"),
    "self_fix": ({"reported"}, "pending_verification"),
    "dismiss": ({"reported", "contested"}, "unfounded"),
    "merge": ({"reported", "contested"}, "merged"),
    "sign": ({"assigned"}, "rectifying"),
    "return": ({"assigned"}, "reported"),
    "reassign": ({"assigned", "rectifying"}, "assigned"),
    "recall": ({"assigned", "rectifying"}, "reported"),
    "report_progress": ({"rectifying"}, "rectifying"),
    "submit": ({"rectifying"}, "pending_verification"),
    "pass": ({"pending_verification"}, "verified"),
    "fail": ({"pending_verification"}, "rectifying"),
    "close": ({"verified"}, "closed"),
    "reopen": ({"closed"}, "rectifying"),
}
#: What usually comes next.
FORWARD: Mapping[str, tuple[str, ...]] = {
    "reported": ("assign", "assign", "self_fix", "on_spot"),
    "contested": ("assign",),
    "assigned": ("sign", "sign", "return"),
    "rectifying": ("submit",),
    "pending_verification": ("pass", "pass", "fail"),
    "verified": ("close",),
    "closed": ("reopen",),
}
#: Who accepts for a level.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "village": ("town1-deputy", "town1-safety"),
    "town": ("town1-leader",),
    "district": (ACCEPTING,),
}
FINAL = {"closed": "rectified", "unfounded": "unfounded", "merged": "merged", "voided": "void"}
PEOPLE = (
    CLERK,
    SAFETY,
    DEPUTY,
    HEAD,
    RECTIFIER,
    LEADER,
    DISTRICT,
    ACCEPTING,
    "town1-safety",
    "town1-deputy",
    "town1-leader",
    "office-head",
)
RECTIFYING = {"submit", "self_fix"}

people = st.sampled_from(PEOPLE)
VIAS = st.sampled_from(["self", "phone", "wechat", "paper", "in-person"])


class Lives(RuleBasedStateMachine):
    """One hazard, many hands."""

    @initialize(by=st.sampled_from([CLERK, HEAD, "town1-safety"]))
    def begin(self, by: str) -> None:
        """Somebody reports a hazard."""
        self.world = world("2024-09-02", "10:00")
        data: dict[str, Any] = {
            "source": "bureau",
            "found_on": "2024-09-02",
            "category": "fire",
            "description": "通道堵塞",
        }
        self.number = done(self.world.report("hazard", by, responsible_unit=SCHOOL, **data)).ticket.number
        self.state = "reported"
        self.returned = False  #: once is back to the section in charge, twice to the Safety Section

    @property
    def case(self) -> Case:
        """The hazard as it stands."""
        return self.world.cases[self.number]

    @property
    def today(self) -> date:
        """The local day."""
        return local_day(self.world.now)

    # what happens -----------------------------------------------------------------------------------------------------

    @rule(days=st.integers(0, 12), down=st.booleans())
    def time_passes(self, days: int, down: bool) -> None:
        """Days go by, with or without anybody looking."""
        then = self.world.now + timedelta(days=days, hours=1)
        (self.world.sleep_until if down else self.world.advance_to)(then)

    @rule(
        trigger=st.sampled_from(sorted(WAYS)), by=people, clerk=st.none() | people, via=VIAS, back=st.integers(0, 5),
        second=st.none() | people, who=people, days=st.integers(0, 30), complete=st.integers(0, 9),
    )  # fmt: skip
    def somebody_acts(
        self,
        trigger: str,
        by: str,
        clerk: str | None,
        via: str,
        back: int,
        second: str | None,
        who: str,
        days: int,
        complete: int,
    ) -> None:
        """Anybody tries anything, mostly with all it takes."""
        hand = Hand(actor=by, entered_by=clerk, via=via, on=self.today - timedelta(days=max(0, back - 3)), note="补录")
        data = self._data(trigger, who, days, second) if complete else {}
        before = self._frozen()
        answer = self.world.act(self.number, trigger, hand, evidence=(PHOTO,) if complete else (), **data)
        self._judge(answer, before, trigger)

    @precondition(lambda self: self.state in FORWARD)
    @rule(choice=st.integers(0, 1000), days=st.integers(1, 30))
    def the_right_person_acts(self, choice: int, days: int) -> None:
        """Somebody who may bring the hazard forward does so."""
        self._forward(choice, days)

    @precondition(lambda self: self.state in FORWARD)
    @rule(choice=st.integers(0, 1000), days=st.integers(1, 30), wait=st.integers(1, 8))
    def a_week_later(self, choice: int, days: int, wait: int) -> None:
        """Some days go by, then the right person acts."""
        self.world.advance_to(self.world.now + timedelta(days=wait))
        self._forward(choice, days)

    @precondition(lambda self: self.state not in FINAL)
    @rule(level=st.sampled_from(["village", "town", "district"]))
    def it_is_listed(self, level: str) -> None:
        """The section asks for a listing, the leader of the level approves it and signs."""
        leader = DISTRICT if level == "district" else "town1-leader"
        self.world.ask(self.number, "listing", SAFETY, level=level)
        self._rule_and_sign("listing", leader)

    @precondition(lambda self: self.case.ticket.listed is not None)
    @rule()
    def it_is_delisted(self) -> None:
        """The section asks, the level that listed approves."""
        self.world.ask(self.number, "delisting", SAFETY, reason="已验收")
        self._rule_and_sign("delisting", DISTRICT if self.case.ticket.listed == "district" else "town1-leader")

    @precondition(lambda self: any(r.status == "pending" for r in self.case.requests.values()))
    @rule(approve=st.booleans())
    def a_leader_decides(self, approve: bool) -> None:
        """Whoever may decide on the first request that waits does so."""
        ordinal = next(r.ordinal for r in self.case.requests.values() if r.status == "pending")
        for by in PEOPLE:
            before = self._frozen()
            answer = self.world.rule(self.number, ordinal, by, approve=approve, reason="说明")
            self._judge(answer, before, None)
            if isinstance(answer, Decision):
                return

    @rule(kind=st.sampled_from(["extension", "funding", "supervision_letter", "listing", "delisting"]), by=people,
          level=st.sampled_from(["village", "town", "district", None]), days=st.integers(-5, 40))  # fmt: skip
    def somebody_asks(self, kind: str, by: str, level: str | None, days: int) -> None:
        """Anybody asks for anything."""
        kinds: dict[str, dict[str, Any]] = {
            "extension": {"reason": "等料", "new_due_on": self.today + timedelta(days=days), "interim": "值守"},
            "funding": {"funds": days},
            "delisting": {"reason": "已验收"},
        }
        data = kinds.get(kind, {})
        before = self._frozen()
        answer = self.world.ask(self.number, kind, by, level=level if kind == "listing" else None, **data)
        self._judge(answer, before, None)

    @rule(by=people, approve=st.booleans(), back=st.integers(0, 2))
    def somebody_decides(self, by: str, approve: bool, back: int) -> None:
        """Anybody decides on one of the last requests."""
        before = self._frozen()
        answer = self.world.rule(
            self.number, max(1, len(self.case.requests) - back), by, approve=approve, reason="说明"
        )
        self._judge(answer, before, None)

    @rule(by=people, back=st.integers(0, 2))
    def somebody_signs(self, by: str, back: int) -> None:
        """Anybody signs one of the last papers."""
        before = self._frozen()
        answer = self.world.sign_off(self.number, max(1, len(self.case.documents) - back), by)
        self._judge(answer, before, None)

    @rule(by=people, place=st.sampled_from(["教学楼", "综合楼", "食堂"]))
    def somebody_amends(self, by: str, place: str) -> None:
        """Anybody corrects the place."""
        before = self._frozen()
        self._judge(self.world.amend(self.number, by, reason="写错", place=place), before, None)

    @rule(by=people, rarely=st.integers(0, 30))
    def somebody_voids(self, by: str, rarely: int) -> None:
        """Now and then somebody tries to void it."""
        if rarely == 0:
            before = self._frozen()
            self._judge(self.world.void(self.number, by, reason="重复"), before, "void")

    # what always holds ------------------------------------------------------------------------------------------------

    @invariant()
    def the_state_is_the_models(self) -> None:
        """The engine is where the hand-written table says."""
        assert self.case.ticket.state == self.state

    @invariant()
    def the_chain_holds(self) -> None:
        """Every line follows the one before, and the ticket remembers the last."""
        assert check_chain(self.number, self.case.events, self.case.ticket.head) == ()
        assert self.case.ticket.seq == len(self.case.events) == self.case.ticket.rev

    @invariant()
    def nobody_closes_their_own_work(self) -> None:
        """Verified and closed by people who never handed it in, over the whole life."""
        handed_in = {p for e in self._took(RECTIFYING) for p in (e.actor, e.in_place_of) if p}
        for line in self._took({"pass", "close"}):
            earlier = {p for e in self._took(RECTIFYING) if e.seq < line.seq for p in (e.actor, e.in_place_of) if p}
            assert line.actor not in earlier
        assert handed_in <= {HEAD, RECTIFIER, *PEOPLE}

    @invariant()
    def closed_only_after_verified(self) -> None:
        """The last step before striking off is a verification, and a listed hazard is not struck off."""
        for line in self._took({"close"}):
            before = [e for e in self.case.events if e.seq < line.seq and e.kind == "acted"][-1]
            assert before.trigger in ("pass", "on_spot")
        if self.state == "closed":
            assert self.case.ticket.listed is None

    @invariant()
    def milestones_agree_with_the_state(self) -> None:
        """What is counted is what is."""
        ticket, marks = self.case.ticket, self.case.ticket.marks
        assert marks["state"] == ticket.state
        assert marks.get("outcome") == FINAL.get(ticket.state)
        assert (marks.get("closed_on") is not None) == (ticket.state in FINAL)
        assert marks.get("listed") == ticket.listed
        if ticket.state != "voided":
            assert (marks.get("passed_on") is not None) == (ticket.state in ("verified", "closed"))
        if ticket.state in ("assigned", "rectifying"):
            assert marks["due_on"] == ticket.fields["due_on"]
            assert marks.get("applied_on") is None
        rebuilt: dict[str, Any] = {}
        for line in self.case.events:
            rebuilt |= line.public.get("marks", {})
        assert {k: v for k, v in rebuilt.items() if v is not None} == {k: v for k, v in marks.items() if v is not None}

    @invariant()
    def clocks_live_where_they_should(self) -> None:
        """Alive in their states and nowhere else; what runs has something armed, never in the past."""
        workflow = self.world.workflows["hazard"]
        for name, clock in workflow.clocks.items():
            run = self.case.clocks.get(name)
            if clock.for_request is not None:
                pending = any(
                    r.kind == clock.for_request and r.status == "pending" for r in self.case.requests.values()
                )
                assert (run is not None and run.live) == pending
            elif run is not None:
                listed = self.case.ticket.listed is not None or not clock.while_listed
                assert run.live == (clock.lives_in(self.state) and listed)
                assert run.status != "paused" or self.state in clock.paused_in
        armed = {r.armed: r.next_at for r in self.case.clocks.values() if r.armed is not None}
        assert armed == self.case.timers
        assert all(at is not None and at >= self.world.now for at in armed.values())
        running = [r for r in self.case.clocks.values() if r.status == "running" and r.due_on]
        assert len(running) == len(armed), "whatever runs will be heard of"

    @invariant()
    def what_is_over_waits_for_nothing(self) -> None:
        """No request waits and no draft lies about once a hazard is done with."""
        if self.state in FINAL:
            assert not any(r.status == "pending" for r in self.case.requests.values())
            assert not any(d.status == "draft" for d in self.case.documents.values())

    @invariant()
    def people_hear_once(self) -> None:
        """No decision writes two messages of one channel to one person, and none to who acted."""
        for d in self.world.log:
            told = [(m.recipient, m.channel) for m in d.decision.messages]
            assert len(told) == len(set(told))
            line = d.decision.events[0]
            assert not {p for p, _ in told} & {line.actor, line.entered_by}

    def teardown(self) -> None:
        """Say how far this life came."""
        event(f"ends {self.state}, listed {self.case.ticket.marks.get('listed_ever')}")

    # inside -----------------------------------------------------------------------------------------------------------

    def _forward(self, choice: int, days: int) -> None:
        triggers = FORWARD[self.state]
        trigger = triggers[choice % len(triggers)]
        data = self._data(trigger, RECTIFIER, days, LEVELS.get(self.case.ticket.listed or "", (CLERK,))[0])
        for by in PEOPLE[choice % len(PEOPLE) :] + PEOPLE[: choice % len(PEOPLE)]:
            before = self._frozen()
            answer = self.world.act(self.number, trigger, Hand(actor=by, via="in-person"), evidence=(PHOTO,), **data)
            self._judge(answer, before, trigger)
            if isinstance(answer, Decision):
                return

    def _rule_and_sign(self, kind: str, leader: str) -> None:
        waiting = [r.ordinal for r in self.case.requests.values() if r.kind == kind and r.status == "pending"]
        for ordinal in waiting:
            self.world.rule(self.number, ordinal, leader)
        for paper in [d.ordinal for d in self.case.documents.values() if d.status == "draft" and d.signer]:
            self.world.sign_off(self.number, paper, leader)

    def _data(self, trigger: str, who: str, days: int, second: str | None) -> dict[str, Any]:
        due_on = {"due_on": self.today + timedelta(days=days)}
        made: dict[str, Any] = {"measures": "已清走", "completed_on": self.today - timedelta(days=7)}
        given: dict[str, dict[str, Any]] = {
            "assign": {"responsible_unit": SCHOOL, "responsible_person": who, **due_on},
            "on_spot": {"responsible_unit": SCHOOL, "measures": "清走", "second_inspector": second},
            "self_fix": made,
            "merge": {"merged_into": "LZH-2024-000009"},
            "return": {"reason": "不属本校", "suggested_unit": "town1"},
            "reassign": {"reason": "调岗", "responsible_person": who},
            "submit": made,
            "report_progress": {"progress": "已清一半"},
            "pass": {"second_inspector": second},
            "fail": {"reason": "未完", **due_on},
            "reopen": {"reason": "反弹", **due_on},
            "dismiss": {"reason": "不属实"},
            "recall": {"reason": "写错"},
        }
        return given.get(trigger, {})

    def _frozen(self) -> tuple[Any, ...]:
        case = self.case
        return (
            case.ticket,
            dict(case.clocks),
            dict(case.timers),
            dict(case.requests),
            dict(case.documents),
            len(case.messages),
            len(self.world.log),
        )

    def _accepted(self, answer: Decision, listed: str | None, trigger: str | None) -> None:
        """While it is listed, one of the two who declare it good is of the level that listed it."""
        if trigger in ("pass", "on_spot") and listed is not None:
            line, took = answer.events[0], answer.ticket.taken[trigger]
            assert {line.actor, *(k.actor for k in took)} & {*LEVELS[listed]}
            assert answer.ticket.marks["accepted_level"] == listed

    def _judge(self, answer: Decision | Refusal, before: tuple[Any, ...], trigger: str | None) -> None:
        """A refusal gives reasons and changes nothing; an action goes where the table says."""
        if isinstance(answer, Refusal):
            assert answer.reasons
            assert all(r.code and r.message for r in answer.reasons)
            assert self._frozen() == before
            return
        self._accepted(answer, before[0].listed, trigger)
        if trigger == "void":
            self.state = "voided"
        elif trigger is not None:
            sources, target = WAYS[trigger]
            assert self.state in sources
            self.state = "contested" if trigger == "return" and self.returned else target
            self.returned = self.returned or trigger == "return"

    def _took(self, triggers: set[str]) -> list[Event]:
        return [e for e in self.case.events if e.kind == "acted" and e.trigger in triggers]


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
