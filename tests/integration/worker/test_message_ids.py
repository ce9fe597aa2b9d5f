"""A message is named by as much of its id as tells it from the others."""

from __future__ import annotations

from itertools import count

import pytest

from rectiflow._messages import message, messages
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.errors import NotFound
from rectiflow.notifiers.message import digest_of, short_id


def test_an_id_that_fits_two_is_told_with_longer_ones(place: Workplace) -> None:
    """Every id that is wrong is told at once, and the longer ones can be written."""
    keys, seen = list[str](), dict[str, str]()
    for serial in count():
        key = f"k{serial}"
        if (other := seen.setdefault(short_id(key), key)) != key:
            keys = [other, key]
            break
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    place.flow.enqueue([MessageDraft(key=key, recipient=keeper, template="reminder", params={}) for key in keys])
    with pytest.raises(NotFound) as refused:
        messages(place.flow, [short_id(keys[0]), "zzz"])
    told = str(refused.value)
    assert "没有编号为“zzz”的消息" in told
    for key in keys:
        assert key in told
        assert message(place.flow, digest_of(key)[:12]).key == key
