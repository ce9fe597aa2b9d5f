"""Short messages."""

from __future__ import annotations

import pytest

from rectiflow.notifiers import Param, RenderFailure, TemplateSet, count_parts
from rectiflow.notifiers.sms import compose_sms
from rectiflow.notifiers.wish import read_wish

from .conftest import START, MakeContact, MakeMessage


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", 1), ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("🙂" * 35, 1), ("🙂" * 36, 2)],
)
def test_parts(text: str, parts: int) -> None:
    """Seventy characters are one part, each part of more holds sixty-seven; an emoji counts twice."""
    assert count_parts(text) == parts


def test_signature_first_then_the_words(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The signature stands in front, and the number as it is registered."""
    rendered = compose_sms(make_message(), make_contact(), templates=templates, signature="梁子湖区教育局")
    assert rendered.to == "13800000001"
    assert rendered.subject is None
    assert rendered.body.decode() == (
        "【梁子湖区教育局】隐患LZH-2024-000123已交办太和镇中心小学，整改时限2024年12月31日，请及时签收、按期整改。"
    )


def test_a_substitute_is_told_for_whom(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The absent person's name stands between signature and words."""
    contact = make_contact(standing_in_for="太和镇中心小学校长")
    rendered = compose_sms(make_message(), contact, templates=templates, signature="区教育局")
    assert rendered.body.decode().startswith("【区教育局】（代太和镇中心小学校长）隐患LZH")


def test_no_number_is_a_render_failure(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Without a telephone number there is nothing to compose."""
    with pytest.raises(RenderFailure, match="没有登记手机号"):
        compose_sms(make_message(), make_contact(phone=None), templates=templates, signature="区教育局")


def test_what_can_be_signed_for_says_so(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Where answers are read, and where there is something to sign for."""

    def words(occasion: str, **params: Param) -> str:
        rendered = compose_sms(
            make_message(template=occasion, params=params),
            make_contact(),
            templates=templates,
            signature="区教育局",
            replies=True,
        )
        return rendered.body.decode()

    assert words("assigned").endswith("请及时签收、按期整改。回复1即签收。")
    assert "回复" not in words("passed")
    assert "回复" not in words("assigned", invited=False)
    assert read_wish("1", START.date()).kind == "sign"
