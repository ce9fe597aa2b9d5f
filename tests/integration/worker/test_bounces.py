"""Mails that come back, and receipts of short messages that did not arrive: the address is given up."""

from __future__ import annotations

from rectiflow._answers import Received, receive_mail, receive_receipt
from rectiflow._desk import waiting_calls
from rectiflow._persons import reach, set_reach
from rectiflow._upkeep import incidents
from rectiflow._workplace import Workplace
from rectiflow.notifiers.receipts import Receipt
from support.answers import head, mailed, responsible, returned
from support.workplaces import assigned


def test_mails_that_come_back_give_an_address_up(open_place: Workplace) -> None:
    """Two that are given up for good: nothing more is sent there, an incident says so, and somebody calls."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    numbers = assigned(place, 3)
    outcomes: list[Received] = []
    for number in numbers[:2]:
        mail = mailed(place, person, number)
        outcomes.append(receive_mail(place, returned(place, str(mail["Message-ID"]), address)))
    assert [o.status for o in outcomes] == ["done", "done"]
    assert "退回第 1 次" in outcomes[0].outcome
    assert "已停发" in outcomes[1].outcome
    assert [r.person for r in reach(flow)] == [person]
    assert numbers[1] in {i.number for i in incidents(flow)}
    assert waiting_calls(flow, numbers[1]) == ["sign"]


def test_a_receipt_of_an_unreached_number(open_place: Workplace) -> None:
    """Delivered ones leave no trace; two that failed give the number up."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email="")
    assigned(place, 1)
    place.deliver()
    good = Receipt(message_id=None, vendor_id="1", phone="13911112222", delivered=True, code="DELIVRD", at=None)
    assert receive_receipt(place, good) is None
    for n in (2, 3):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone="13911112222", delivered=False, code="UNDELIV", at=None)
        found = receive_receipt(place, bad)
        assert found is not None
    assert [r.person for r in reach(flow)] == [principal]
