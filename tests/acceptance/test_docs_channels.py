"""What docs/channels.md shows works as it stands there: every block of settings makes its channel, every command is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rectiflow._workplace import Workplace
from rectiflow.notifiers.registry import kinds
from support.plugins import install

from .conftest import Cli

PAGE = Path(__file__).parents[2] / "docs" / "channels.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PACKAGE = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^ {4,6}rectiflow (.+)$", TEXT, re.MULTILINE)
WEBHOOKS = {
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=k",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/k",
}


@pytest.mark.parametrize(
    "block", BLOCKS, ids=lambda block: " ".join(re.findall(r"\[(.+?)\]|kind = \"(\w+)\"", block)[0])
)
def test_settings_work(block: str, workplace: Path) -> None:
    """With the secrets in their files nothing is wrong, and the channel is there."""
    said = tomllib.loads(block)
    _keep_secrets(said, workplace)
    file = workplace / "rectiflow.toml"
    first = file.read_text("utf-8").partition("\n[")[0]
    file.write_text(f"{first}\n{block}", "utf-8")
    place = Workplace.open(file)
    try:
        assert place.ways.problems() == []
        wanted = [*(["mail"] if "mail" in said else []), *said.get("channels", {})]
        assert [c.name for c in place.ways.channels()] == wanted
        if "inbox" in said:
            assert place.settings.inbox.address == said["inbox"]["address"]
        if "outgoing" in said:
            assert place.settings.outgoing.model_dump(exclude_unset=True) == said["outgoing"]
    finally:
        place.flow.close()


def test_every_kind_is_there() -> None:
    """No kind of channel is left out, and none is shown that does not exist."""
    shown = {t["kind"] for b in BLOCKS for t in tomllib.loads(b).get("channels", {}).values()}
    assert shown == set(kinds())


def test_a_channel_of_another_package(
    cli: Cli, workplace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The example is installed, named in the settings as it says there, and carries the short messages that wait."""
    (source,) = PACKAGE
    install(monkeypatch, tmp_path / "site", "fax", source)
    said = re.search(r'^    (\[channels\.sms\]\n    kind = "fax"\n    spool = .+\n)', TEXT, re.MULTILINE)
    assert said
    file = workplace / "rectiflow.toml"
    first = file.read_text("utf-8").partition("\n[")[0]
    file.write_text(f"{first}\n{said[1].replace('    ', '')}", "utf-8")
    assert "短信，已配置" in cli("doctor").out
    assert "已交传真程序" in cli("outbox", "test", "示例一镇初级中学校长").out
    assert cli("outbox", "send", "--anyway").out.startswith("发出 ")
    lines = (workplace / "fax.log").read_text("utf-8").splitlines()
    assert any("LZH-2024-000002" in line.split("\t")[1] for line in lines)
    file.write_text(file.read_text("utf-8").replace("spool", "spol"), "utf-8")
    told = cli("outbox", "test").out
    assert "没有填写 spool；没有名为 spol 的设置项，是不是 spool" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_known(command: str, cli: Cli) -> None:
    """Noun, verb and options of each line are in the command's own help."""
    words = command.partition("#")[0].split()
    answer = cli(*words[:2], "--help", by=None, now=None)
    assert answer.code == 0
    assert all(option in answer.out for option in words if option.startswith("--"))


def test_links_and_pictures_are_there() -> None:
    """Every relative link names a file, and no picture is large."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT)
    assert len(links) == 7
    assert all((PAGE.parent / link).stat().st_size < 150_000 for link in links)


def _keep_secrets(said: Mapping[str, Any], folder: Path) -> None:
    for table, name, value in _files(said):
        file = folder / value
        file.parent.mkdir(exist_ok=True)
        text = WEBHOOKS[table["kind"]] if name == "webhook_file" else "b2a1" * 16
        if value.endswith(".pem"):
            key = Ed25519PrivateKey.generate()
            text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        file.write_text(text, "utf-8")


def _files(table: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _files(cast("Mapping[str, Any]", value))
        elif name.endswith("_file"):
            yield table, name, value
