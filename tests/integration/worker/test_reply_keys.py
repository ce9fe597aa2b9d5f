"""The secret that signs addresses: made once, whatever the folder, whoever comes first."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rectiflow._workplace import Workplace
from support.answers import interrupted


def test_a_folder_without_links(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory stick or a network folder knows no links: the key is made all the same; died in the middle, none is there."""

    def refused(*_words: object, **_more: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    file = open_place.folder / "secrets" / "reply.key"
    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _ = dataclasses.replace(open_place).reply_keys.keys
    assert not file.exists()
    assert len(dataclasses.replace(open_place).reply_keys.keys) == 1
    assert [f.name for f in file.parent.iterdir() if f.suffix != ".lock"] == ["reply.key"]


def test_two_processes_make_one_key(tmp_path: Path) -> None:
    """Eight that begin at once all sign with the same."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom rectiflow._answers.keys import ReplyKeys\n"
        "from rectiflow._settings import InboxSettings\nkeys = ReplyKeys(InboxSettings(), Path(sys.argv[1]), 'x')\n"
        "print('ready', flush=True)\nsys.stdin.readline()\nprint(keys.keys[0].hex())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    made = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for one in made:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in made:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = {one.communicate(timeout=60)[0].strip() for one in made}
    assert said == {(tmp_path / "secrets" / "reply.key").read_text().strip()}
