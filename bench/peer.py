"""Peers of the benchmark: each is a program of its own, in a virtual environment of its own, asked over a pipe.

    spiff = Peer("spiff")
    missing = spiff.prepare()        # None, or why it cannot be measured
    spiff.start()
    spiff.run(2.0)                   # lifecycles per second
    spiff.close()

All sides of a round are started first and asked in turn, so that they are measured side by side.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

__all__ = ["HERE", "PEERS", "Peer", "PeerFailed", "Side"]

HERE = Path(__file__).resolve().parent
SIDES, VENVS = HERE / "peers", HERE / ".venvs"
PEERS = ("naive", "spiff", "django_fsm", "viewflow_fsm", "dbos", "psycopg_raw")
STAMP = "installed.stamp"  #: in an environment that is complete: what it was made from
PIP = "--disable-pip-version-check --no-input --retries=1 --quiet"
INSTALL_SECONDS = 600.0
GRACE_SECONDS = 60.0  #: a side has to answer so long after its time is over; the first answer waits for its start too
LINES_TOLD, CHARACTERS_TOLD = 3, 300


class PeerFailed(Exception):
    """A side that does not answer, with the last it said."""


class Peer:
    """One peer: `bench/peers/<name>` holds what it needs and what it does; `folder` gets its environment."""

    def __init__(self, name: str, folder: Path = VENVS) -> None:
        self.name, self.folder, self.venv = name, folder, folder / name
        self._side: Side | None = None

    def prepare(self) -> str | None:
        """Make its environment unless it is there already; return why it cannot be, None when it can be measured."""
        needed, stamp = SIDES / self.name / "requirements.txt", self.venv / STAMP
        try:
            mark = f"{sys.version_info[:2]} {hashlib.sha256(needed.read_bytes()).hexdigest()}"
            if stamp.exists() and stamp.read_text("utf-8") == mark:
                return None
            self.folder.mkdir(exist_ok=True)
            _told([sys.executable, "-m", "venv", "--clear", str(self.venv)])
            _told([str(_python(self.venv)), "-m", "pip", *PIP.split(), "install", "--requirement", str(needed)])
            stamp.write_text(mark, "utf-8")
        except PeerFailed as exc:
            return f"cannot be installed: {exc}"
        except (OSError, subprocess.SubprocessError) as exc:
            return f"cannot be installed: {type(exc).__name__}: {exc}"
        return None

    def start(self, *args: str) -> None:
        """Start its `side.py` with these arguments, in an empty folder for its files.

        Raises:
            PeerFailed: it has not been installed.
        """
        self.close()
        if not (self.venv / STAMP).exists():
            raise PeerFailed(f"{self.name} has not been installed")
        self._side = Side([str(_python(self.venv)), str(SIDES / self.name / "side.py"), *args])

    def run(self, seconds: float) -> float:
        """Let it live through hazards for about so many seconds; return lifecycles per second.

        Raises:
            PeerFailed: it was not started, it ended, or it does not answer in time.
        """
        if self._side is None:
            raise PeerFailed(f"{self.name} has not been started")
        try:
            return self._side.run(seconds)
        except PeerFailed as exc:
            self.close()
            raise PeerFailed(f"{self.name}: {exc}") from None

    def close(self) -> None:
        """End it and remove its files; nothing happens when it is not running."""
        side, self._side = self._side, None
        if side is not None:
            side.close()


class Side:
    """A running side: its process, its folder, and what it says on standard error."""

    def __init__(self, command: Sequence[str], path: Sequence[str] = (str(SIDES),)) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True)
        self._said = Path(self._folder.name) / "stderr.txt"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=self._folder.name,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"},
                text=True,
                encoding="utf-8",
            )

    def run(self, seconds: float) -> float:
        """Ask for a run and return its rate."""
        answer = self._ask(f"run {seconds}", seconds + GRACE_SECONDS)
        try:
            told = json.loads(answer)
            return float(told["lifecycles"]) / float(told["seconds"])
        except (ValueError, KeyError, TypeError, ZeroDivisionError):
            silent = f"it answered {answer!r}" if answer else "it did not answer in time"
            raise PeerFailed(self._last_words() or silent) from None

    def _ask(self, line: str, limit: float) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        patience = threading.Timer(limit, self._process.kill)
        patience.start()
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except OSError:
            return ""
        finally:
            patience.cancel()

    def _last_words(self) -> str:
        return _gist(self._said.read_text("utf-8", "replace"))

    def close(self) -> None:
        """Let it end by itself, or else end it, and remove its folder."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate("quit\n", timeout=GRACE_SECONDS / 4)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def _told(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode:
        raise PeerFailed(_gist(done.stderr or done.stdout) or f"ended with {done.returncode}")


def _gist(text: str) -> str:
    """Return the first lines of what a program ended with: of a traceback, what stands below it."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("WARNING")]
    below = next((i for i in range(len(lines), 0, -1) if lines[i - 1].startswith("  ")), 0)
    return " / ".join((lines[below:] or lines[-1:])[:LINES_TOLD])[:CHARACTERS_TOLD].strip()


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
