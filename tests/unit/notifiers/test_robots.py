"""Group robots: what each vendor is told, what its answers mean, and what a group may not see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.notifiers import (
    About,
    Channel,
    ChannelDown,
    ChannelNotConfigured,
    DispatchReport,
    Given,
    MemoryContacts,
    MemoryOutbox,
    MemoryTurns,
    Message,
    NotYet,
    PermanentFailure,
    TemporaryFailure,
    Unanswered,
    dingtalk,
    dispatch_once,
    feishu,
    wecom,
)
from rectiflow.notifiers.pace import MINUTE
from rectiflow.notifiers.parameters import PARAMETERS
from rectiflow.notifiers.robot import MORE, fitted, masked, read_robot, unmarked
from support import robots
from support.channel_contract import AT, CONTACT, TEMPLATES, RefusingContract, a_message, composed, handed_over
from support.robots import GROUP, RobotPeer, RobotServer, robot

from .conftest import START, Clock

SILENT = replace(CONTACT, phone=None)

Make = Callable[[Given, About], Channel]
VENDORS: dict[str, tuple[Make, Callable[[], robots.Vendor]]] = {
    "wecom": (wecom.channel, robots.wecom),
    "dingtalk": (dingtalk.channel, robots.dingtalk),
    "feishu": (feishu.channel, robots.feishu),
}


def started(kind: str) -> Iterator[RobotPeer]:
    """Start a vendor's server with a robot for it."""
    make, vendor = VENDORS[kind]
    server = RobotServer(vendor())
    try:
        yield RobotPeer(server, robot(server, make, signs=kind != "wecom"))
    finally:
        server.stop()


class TestWeCom(RefusingContract):
    """WeCom keeps the contract."""

    @pytest.fixture
    def peer(self) -> Iterator[RobotPeer]:
        """A robot of WeCom."""
        yield from started("wecom")


class TestDingTalk(RefusingContract):
    """DingTalk keeps the contract."""

    @pytest.fixture
    def peer(self) -> Iterator[RobotPeer]:
        """A robot of DingTalk."""
        yield from started("dingtalk")


class TestFeishu(RefusingContract):
    """Feishu keeps the contract."""

    @pytest.fixture
    def peer(self) -> Iterator[RobotPeer]:
        """A robot of Feishu."""
        yield from started("feishu")


@pytest.fixture(params=sorted(VENDORS))
def any_peer(request: pytest.FixtureRequest) -> Iterator[RobotPeer]:
    """A robot of each vendor."""
    yield from started(request.param)


def payload(channel: Channel, message: Message | None = None, contact: Any = CONTACT) -> Any:
    """Return what a message becomes."""
    return json.loads(channel.compose(message or a_message(), contact, templates=TEMPLATES, at=AT).body)


def made(kind: str, **more: Any) -> Channel:
    """Make a robot that nobody answers."""
    place = {"wecom": "/send?key=k-e-y", "dingtalk": "/send?access_token=k-e-y", "feishu": "/hook/k-e-y"}[kind]
    values = {
        "webhook": f"https://robots.example{place}", "group": GROUP, "persons": ["officer"],
        **({} if kind == "wecom" else {"sign": False}), **more,
    }  # fmt: skip
    about = About(signature="【梁子湖区教育局】", now=lambda: START, folder=Path())
    return VENDORS[kind][0](Given("群通道", values, about.folder), about)


# what is said


def test_wecom_calls_on_the_person_in_a_text() -> None:
    """Heading, for whom, the short message; the telephone number stands beside the text, not in it."""
    said = payload(made("wecom"))
    assert said == {
        "msgtype": "text",
        "text": {
            "content": "【梁子湖区教育局】隐患交办 LZH-2024-000001 第一小学\n致：办公室主任\n"
            "隐患LZH-2024-000001已交办第一小学，整改时限2024年12月31日，请及时签收、按期整改。",
            "mentioned_mobile_list": ["13800000001"],
        },
    }


@pytest.mark.parametrize("contact", [SILENT, replace(CONTACT, phone="0711-2345678")])
def test_wecom_speaks_markdown_where_nobody_can_be_called_on(contact: Any) -> None:
    """Without a mobile number the heading is bold."""
    said = payload(made("wecom"), contact=contact)
    assert said["markdown"]["content"].startswith("**【梁子湖区教育局】隐患交办 LZH-2024-000001 第一小学**\n")


def test_who_stands_in_is_told_for_whom() -> None:
    """The absent person's name stands behind the substitute's."""
    said = payload(made("feishu"), contact=replace(CONTACT, standing_in_for="王股长"))
    assert said["content"]["post"]["zh_cn"]["content"][0] == [{"tag": "text", "text": "致：办公室主任（代王股长）"}]


def test_dingtalk_and_feishu() -> None:
    """DingTalk calls by number in a text, else Markdown with a title; Feishu is a post."""
    said = payload(made("dingtalk"))
    assert said["at"] == {"atMobiles": ["13800000001"], "isAtAll": False}
    assert payload(made("dingtalk", mention=False))["markdown"]["title"].startswith("【梁子湖区教育局】隐患交办")
    assert payload(made("feishu"))["content"]["post"]["zh_cn"]["title"].startswith("【梁子湖区教育局】隐患交办")


def test_only_the_persons_of_the_settings() -> None:
    """An address is not enough: a group is for those who are named."""
    channel = made("wecom", persons=["safety_section_head"])
    assert not channel.accepts(CONTACT)
    assert channel.accepts(replace(CONTACT, person="safety_section_head", phone=None))


# what a group may not see


@pytest.mark.parametrize("kind", sorted(VENDORS))
def test_a_restricted_matter_is_a_number_and_no_more(kind: str) -> None:
    """Whatever the row holds, the group sees what the template of restricted matters says."""
    row = {name: f"〔{name}〕" for name in PARAMETERS} | {"number": "LZH-2024-000009"}
    message = replace(a_message(template="restricted"), params=row, number="LZH-2024-000009")
    said = json.dumps(payload(made(kind), message), ensure_ascii=False)
    assert "LZH-2024-000009" in said
    assert {name for name in row if f"〔{name}〕" in said} <= {"contact", "district_name", "recipient"}


@pytest.mark.parametrize("kind", sorted(VENDORS))
def test_numbers_of_people_are_masked(kind: str) -> None:
    """A telephone or identity number in the words never reaches a group."""
    action = "请联系家长13912345678、+86 139 1234 5678、0711-2345678，身份证42070219900101123X"
    said = json.dumps(
        payload(made(kind), replace(a_message(template="generic"), params={"action": action}), SILENT),
        ensure_ascii=False,
    )
    for number in ("13912345678", "139 1234 5678", "2345678，", "42070219900101123X"):
        assert number not in said
    assert "139＊＊＊＊5678" in said


def test_what_is_no_number_of_a_person_stays() -> None:
    """A ticket's number, a date, a document's number and the office's own telephone stay as they are."""
    text = "LZH-2024-000001 2024年12月31日 〔2024〕5号 0711-2345678"
    assert masked(text, keep="0711-2345678") == text


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_words_call_on_nobody_and_link_nowhere(kind: str) -> None:
    """Marks of Markdown and mentions that stand in data are signs like any other."""
    message = replace(a_message(template="generic"), params={"action": "<@all> [点我](http://evil.example) **急**"})
    said = json.dumps(payload(made(kind), message, SILENT), ensure_ascii=False)
    assert "<@" not in said
    assert "](" not in said
    assert "<@" not in payload(made("wecom"), message)["text"]["content"]
    assert unmarked("a*b") == "a＊b"


# sizes

LINES = st.lists(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=3000), min_size=1, max_size=4)


@given(LINES, st.integers(100, 5000))
@settings(max_examples=60, deadline=None)
def test_it_fits(lines: list[str], most: int) -> None:
    """Never more bytes than there is room for; whole lines alone, and MORE exactly where something is left out."""
    kept = fitted(lines, most)
    assert len("\n".join(kept).encode()) <= most
    assert kept == lines if len("\n".join(lines).encode()) <= most else kept[-1] == MORE
    assert kept[1:-1] == lines[1 : len(kept) - 1]


@given(
    st.text(alphabet=st.sampled_from('字"\\*<🙂a0'), max_size=8000),
    st.sampled_from(sorted(VENDORS)),
    st.sampled_from([CONTACT, SILENT]),
)
@settings(max_examples=60, deadline=None)
def test_no_message_is_too_long_for_its_vendor(words: str, kind: str, contact: Any) -> None:
    """WeCom: 2048 bytes of text, 4096 of Markdown; DingTalk and Feishu: 20 000 of the request."""
    message = replace(a_message(template="generic"), params={"action": words, "unit": words[:50]})
    channel = made(kind)
    body = channel.compose(message, contact, templates=TEMPLATES, at=AT).body
    assert len(body) <= 19_900  # a signature takes less than a hundred
    if kind == "wecom":
        said = json.loads(body)
        assert len(said.get("text", {}).get("content", "").encode()) <= 2048
        assert len(said.get("markdown", {}).get("content", "").encode()) <= 4096


# pace


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_too_many_wait_without_asking(kind: str) -> None:
    """A quarter of a minute's messages goes at once; the next are given back, whichever channel of the robot they come by."""
    make, vendor = VENDORS[kind]
    server, clock = RobotServer(vendor()), Clock()
    try:
        server.vendor.signature = lambda _address, _body, _secret: True  # the clock stands in 2024
        turns = MemoryTurns(lambda: clock().timestamp())
        channel = robot(server, make, signs=kind != "wecom", now=clock, turns=turns)
        handed_over(channel, *(composed(channel, f"k{n}") for n in range(5)))
        again = robot(server, make, signs=kind != "wecom", now=clock, turns=turns)
        with pytest.raises(NotYet, match="群机器人 每分钟最多发送 20 条"):
            handed_over(again, composed(again))
        assert server.asked == 5
        clock.forward(MINUTE)
        assert handed_over(again, composed(again))
    finally:
        server.stop()


def test_a_batch_beyond_the_pace_goes_out_in_the_next_minutes() -> None:
    """Of 15 messages five go, the rest waits without a sleep and without another question, and all arrive once."""
    server, clock = RobotServer(robots.wecom()), Clock()
    try:
        turns = MemoryTurns(lambda: clock().timestamp())
        channel = robot(server, wecom.channel, signs=False, now=clock, turns=turns)
        rows = [replace(a_message(f"k{n}"), number=None, channel="chat", created_at=START) for n in range(15)]
        outbox, sent = MemoryOutbox(rows, now=clock), list[int]()
        for _ in range(3):
            done = _dispatched(outbox, channel, clock)
            sent.append(done.sent)
            assert (done.retried, done.dead) == (0, 0)
            assert server.asked == sum(sent)
            clock.forward(MINUTE)
        assert sent == [5, 5, 5]
        assert len(server.bodies) == 15
    finally:
        server.stop()


def _dispatched(outbox: MemoryOutbox, channel: Channel, clock: Clock) -> DispatchReport:
    contacts = MemoryContacts({"officer": CONTACT})
    return dispatch_once(outbox, contacts, TEMPLATES, [channel], owner="w", now=clock)


# answers


@pytest.mark.parametrize(
    ("kind", "answer", "failure", "told"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, ChannelDown, "重新添加机器人"),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, ChannelDown, "系统繁忙"),
        ("wecom", {"errcode": 77777, "errmsg": "new"}, TemporaryFailure, "77777：new"),
        ("wecom", {"errmsg": "?"}, Unanswered, "没有结果码"),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, ChannelDown, "keywords not in content"),
        ("dingtalk", {"errcode": 410100, "errmsg": "x"}, ChannelDown, "频率"),
        ("dingtalk", {"errcode": 430101, "errmsg": "x"}, PermanentFailure, "链接"),
        ("feishu", {"code": 19022, "msg": "Ip Not Allowed"}, ChannelDown, "IP 地址"),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, ChannelDown, "关键词"),
        ("feishu", {"StatusCode": 9499, "StatusMessage": "Bad Request"}, PermanentFailure, "Bad Request"),
    ],
)
def test_what_a_code_means(kind: str, answer: Any, failure: type[Exception], told: str) -> None:
    """Each code is temporary, for good or the channel's own fault; what is not known is temporary, no code tells nothing."""
    for peer in started(kind):
        peer.server.answer = json.dumps(answer).encode()
        with pytest.raises(failure, match=told) as caught:
            handed_over(peer.channel, composed(peer.channel))
        assert type(caught.value) is failure


def test_a_page_instead_of_an_answer(any_peer: RobotPeer) -> None:
    """HTML with 200, as a portal of the network gives it, is no acceptance; a key it repeats is not quoted."""
    server = any_peer.server
    server.answer = f"<html>{server.key} {server.webhook} 请先登录</html>".encode()
    with pytest.raises(Unanswered, match="不是约定的格式") as caught:
        handed_over(any_peer.channel, composed(any_peer.channel))
    assert server.key not in str(caught.value)


def test_a_secret_in_an_answer_is_not_quoted(any_peer: RobotPeer) -> None:
    """Nor one in the vendor's own words."""
    said = f"bad {any_peer.server.key} {any_peer.server.secret if any_peer.server.vendor.bad_signature else ''}"
    any_peer.server.answer = json.dumps({"errcode": 5, "errmsg": said, "code": 5, "msg": said}).encode()
    with pytest.raises(TemporaryFailure, match=r"\*\*\*") as caught:
        handed_over(any_peer.channel, composed(any_peer.channel))
    assert not [s for s in any_peer.secrets if s in str(caught.value)]


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
def test_a_wrong_key_for_signing(kind: str) -> None:
    """The server, which computes the signature by itself, refuses it; all wait until the key is mended."""
    make, vendor = VENDORS[kind]
    server = RobotServer(vendor())
    channel = robot(server, make, signs=False, secret="SEC-another")
    try:
        with pytest.raises(ChannelDown, match="安全设置"):
            handed_over(channel, composed(channel))
    finally:
        server.stop()


# settings


def test_every_problem_of_the_settings_at_once() -> None:
    """A key instead of an address, no group, nobody named, no key for signing, and a word that is none."""
    values: dict[str, Any] = {"kind": "dingtalk", "webhook": "693a91f6", "persons": [], "mentions": True}
    with pytest.raises(ChannelNotConfigured) as caught:
        dingtalk.channel(Given("群通道", values, Path()), About(signature="x", now=lambda: START, folder=Path()))
    assert [p for p in ("webhook 应是", "group", "persons", "secret", "mentions") if p not in str(caught.value)] == []
    assert "693a91f6" not in str(caught.value)


def test_secrets_from_files(tmp_path: Path) -> None:
    """The address and the key are files outside the settings, and show nowhere."""
    (tmp_path / "hook").write_text("https://open.feishu.cn/open-apis/bot/v2/hook/k-e-y\n")
    (tmp_path / "key").write_text("s-e-c\n")
    values = {"webhook_file": "hook", "secret_file": "key", "group": GROUP, "persons": ["a"]}
    read = read_robot(
        Given("群通道", values, tmp_path),
        About(signature="x", now=lambda: START, folder=tmp_path),
        key_mark="/hook/",
        signs=True,
        mentions=False,
    )
    assert (read.webhook[-5:], read.secret) == ("k-e-y", "s-e-c")
    assert "k-e-y" not in repr(read)
    assert "s-e-c" not in repr(read)
