"""Approved templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.notifiers import (
    PARAMETERS,
    RESTRICTED,
    ChannelNotConfigured,
    Given,
    PermanentFailure,
    Rendered,
    RenderFailure,
    TemplateSet,
    builtin_templates,
)
from rectiflow.notifiers.parameters import RESTRICTED_PARAMETERS
from rectiflow.notifiers.sms_codes import SmsCodes, coded, compose_coded, read_codes

from .conftest import MakeContact, MakeMessage

CODES = {
    "*": {"code": "SMS_1", "params": ["number", "unit"]},
    "urge": {"code": "SMS_2", "params": {"days": "days_overdue"}},
}


def read(values: Mapping[str, Any], *, limit: int = 35, named: bool = True) -> SmsCodes:
    """Read a channel's table."""
    table = Given("短信", values, Path())
    codes = read_codes(table, limit=limit, named=named)
    table.done()
    return codes


def stored(rendered: Rendered) -> dict[str, Any]:
    """Return what the body holds."""
    found: dict[str, Any] = json.loads(rendered.body)
    return found


def test_the_occasion_before_the_rest() -> None:
    """An occasion's own entry comes first, "*" is for all others; a table names the cloud's variables."""
    codes = read({"codes": CODES})
    assert codes.code_for("urge").params == (("days", "days_overdue"),)
    assert codes.code_for("assigned").code == "SMS_1"
    assert codes.code_for("assigned").params == (("number", "number"), ("unit", "unit"))


def test_no_template_is_a_render_failure() -> None:
    """It says which setting is missing."""
    codes = read({"codes": {"urge": {"code": "SMS_2"}}})
    with pytest.raises(RenderFailure, match=r"\[channels\.sms\.codes\] 中填写 assigned"):
        codes.code_for("assigned")


def test_every_problem_at_once() -> None:
    """Unknown occasions and parameters, missing codes, unknown keys, and limits out of bounds."""
    wrong = {
        "codes": {
            "asigned": {"code": "SMS_1"},
            "urge": {"params": ["unti", "number"], "paramz": []},
            "closed": "SMS_3",
            "passed": {"code": "SMS_4", "params": "number"},
        },
        "variable_limit": 0,
    }
    with pytest.raises(ChannelNotConfigured) as failed:
        read(wrong)
    said = "\n".join(failed.value.problems)
    for part in (
        "asigned",
        'urge" 没有填写 code',
        "unti",
        "paramz",
        'closed" 没有填写 code',
        'passed" 的 params',
        "variable_limit",
    ):
        assert part in said
    assert len(failed.value.problems) == 7


def test_no_codes_at_all() -> None:
    """Without codes nothing could ever be sent."""
    with pytest.raises(ChannelNotConfigured, match="没有填写 codes"):
        read({})


def test_names_only_where_the_cloud_has_names() -> None:
    """A cloud that counts its variables takes a list."""
    with pytest.raises(ChannelNotConfigured, match="应是一列参数名"):
        read({"codes": CODES}, named=False)


def test_the_body_is_canonical(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """Sorted keys, the number in one form, the words for people, and the empty variable made visible."""
    codes = read({"codes": {"*": {"code": "SMS_1", "params": ["unit", "reason"]}}})
    contact = make_contact(phone="+86 138-0000-0001")
    rendered = compose_coded(make_message(), contact, templates=templates, vendor="v", sign="区教育局", codes=codes)
    assert rendered.to == "13800000001"
    assert rendered.body.decode().startswith(
        '{"code": "SMS_1", "params": [["unit", "太和镇中心小学"], ["reason", "无"]], "text": "【区教育局】隐患'
    )
    assert coded(rendered, "v").params == (("unit", "太和镇中心小学"), ("reason", "无"))


def test_no_mobile_number_is_a_render_failure(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A landline gets no short messages."""
    with pytest.raises(RenderFailure, match="没有登记可用的手机号"):
        compose_coded(
            make_message(),
            make_contact(phone="0711-3870001"),
            templates=templates,
            vendor="v",
            sign="区教育局",
            codes=read({"codes": CODES}),
        )


@pytest.mark.parametrize(
    "body", ["【区教育局】隐患".encode(), b"{}", b'{"code":"1","params":[],"text":"","vendor":"w"}']
)
def test_words_for_another_channel_are_refused(body: bytes) -> None:
    """What was put into words for another channel is not sent, and says what to do."""
    rendered = Rendered(channel="sms", to="13800000001", subject=None, body=body, message_id="<1@sms>")
    with pytest.raises(PermanentFailure, match="请重发"):
        coded(rendered, "v")


TEMPLATES = TemplateSet.load([builtin_templates()])
ANYTHING = st.text(max_size=80) | st.integers()


@given(params=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), ANYTHING), limit=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_no_variable_is_longer_than_its_limit(
    make_message: MakeMessage, make_contact: MakeContact, params: dict[str, str | int], limit: int
) -> None:
    """Whatever stands in the row, every variable has one to `limit` characters on one line, twice the same."""
    codes = read({"codes": {"*": {"code": "1", "params": sorted(PARAMETERS)}}, "variable_limit": limit})
    message, contact = make_message(params=params), make_contact()
    rendered = [
        compose_coded(message, contact, templates=TEMPLATES, vendor="v", sign="区教育局", codes=codes) for _ in range(2)
    ]
    values = [value for _, value in coded(rendered[0], "v").params]
    assert len(values) == len(PARAMETERS)
    assert all(1 <= len(value) <= limit and value.splitlines() == [value] for value in values)
    assert rendered[0] == rendered[1]


@given(params=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.text("机密", min_size=2, max_size=9)))
@settings(max_examples=30, deadline=None)
def test_a_restricted_message_says_nothing_more(
    make_message: MakeMessage, make_contact: MakeContact, params: dict[str, str]
) -> None:
    """Its variables are empty but for what a restricted message may say, whatever its template asks for."""
    codes = read({"codes": {"*": {"code": "1", "params": sorted(PARAMETERS)}}})
    message = make_message(template=RESTRICTED, params=params)
    rendered = compose_coded(message, make_contact(), templates=TEMPLATES, vendor="v", sign="区教育局", codes=codes)
    told = dict(coded(rendered, "v").params)
    assert {name for name, value in told.items() if value != "无"} <= RESTRICTED_PARAMETERS
