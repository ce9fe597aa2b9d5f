"""Answers that others have printed, over the whole way: an HTTP request, the answer's bytes, the verdict.

They stand in tests/data/sms_answers.toml with where each comes from: the vendors' documentation, or what users of a
gateway put on record. None was recorded by us.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rectiflow.notifiers import aliyun, gateway, tencent
from support.channel_contract import composed, handed_over
from support.gateways import KINDS, Make, Told, a_gateway, made

ANSWERS = tomllib.loads((Path(__file__).parents[2] / "data" / "sms_answers.toml").read_text("utf-8"))["answer"]
CODES = {"*": {"code": "1110", "params": ["number"]}}
VENDORS: Mapping[str, tuple[Make, Mapping[str, Any]]] = {
    "aliyun": (aliyun.channel, {"access_key_id": "LTAI", "access_key_secret": "s3cret", "codes": CODES}),
    "tencent": (
        tencent.channel,
        {"secret_id": "AKID", "secret_key": "s3cret", "app_id": "1400006666", "codes": CODES},
    ),
    "gateway": (
        gateway.channel,
        {
            "title": "云MAS",
            "fields": {"mobiles": "{phone}", "content": "{text}"},
            "ok": {"field": "rspcod", "values": ["success"], "id": "msgGroup"},
            "wait": ["InvalidUsrOrPwd"],
        },
    ),
}


@pytest.mark.parametrize("printed", ANSWERS, ids=lambda one: f"{one['vendor']}-{one['means']}")
def test_each_answer(printed: Mapping[str, Any]) -> None:
    """It is taken with the vendor's number, or refused as it has to be, and the words for people are those."""
    make, table = VENDORS[printed["vendor"]]
    answer = Told(content=printed["body"].encode(), status=printed.get("status", 200), taken=True)
    with a_gateway(lambda _asked: answer) as running:
        channel = made(make, table, url=running.url)
        message = composed(channel)
        if printed["means"] == "taken":
            assert handed_over(channel, message) == [printed["told"]]
        else:
            with pytest.raises(KINDS[printed["means"]]) as failed:
                handed_over(channel, message)
            assert type(failed.value) is KINDS[printed["means"]]
            assert printed["told"] in str(failed.value)
        assert len(running.taken) == 1


def test_every_vendor_has_answers_of_both_kinds() -> None:
    """None is left out."""
    found = {(one["vendor"], one["means"] == "taken") for one in ANSWERS}
    assert found == {(vendor, taken) for vendor in VENDORS for taken in (True, False)}
