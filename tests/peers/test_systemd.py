"""systemd reads the unit that lies in deploy/."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """systemd-analyze verify says nothing about the unit, once there is a program at its place."""
    unit = (DEPLOY / "rectiflow.service").read_text("utf-8")
    changed = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    assert changed != unit
    (tmp_path / "rectiflow.service").write_text(changed, "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "rectiflow.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    told = [line for line in done.stderr.splitlines() if "rectiflow" in line]
    assert (done.returncode, told) == (0, [])
