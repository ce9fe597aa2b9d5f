"""Headless Chromium, spoken to over two pipes in its DevTools protocol; only tests/peers uses it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

__all__ = ["Browser", "browsing"]

ANSWER_SECONDS = 60  # the first start on a slow machine
_SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe"),
)


class Browser:
    """One page of a browser; nothing it shows reaches the network.

    Args:
        requests, answers: file descriptors of the two pipes.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers, self._rest, self._count = requests, answers, b"", 0
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._ask("Page.enable")
        self._frame = self._ask("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def show(self, html: str, *, width: int, dark: bool = False, height: int = 667, scale: int = 1) -> None:
        """Show a page, as wide as this in CSS pixels; `dark` also lets the browser turn light pages dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", size)
        self._ask("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        })  # fmt: skip
        self._ask("Emulation.setAutoDarkModeOverride", {"enabled": dark})
        self._ask("Page.setDocumentContent", {"frameId": self._frame, "html": html})

    def run(self, script: str) -> Any:
        """Return what an expression of JavaScript comes to."""
        given = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self._ask("Runtime.evaluate", given)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self) -> Image.Image:
        """Return the whole page as it is painted."""
        given = {"format": "png", "captureBeyondViewport": True}
        found = self._ask("Page.captureScreenshot", given)
        return Image.open(BytesIO(base64.b64decode(found["data"]))).convert("RGB")

    def requested(self) -> list[str]:
        """Return what the page asked for beside itself."""
        found: list[str] = self.run("performance.getEntriesByType('resource').map(e => e.name)")
        return found

    def _ask(self, method: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._count += 1
        said: dict[str, Any] = {"id": self._count, "method": method, "params": given or {}}
        if hasattr(self, "_session"):
            said["sessionId"] = self._session
        os.write(self._requests, json.dumps(said).encode() + b"\0")
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            assert time.monotonic() < until, f"Chromium did not answer {method}"
            while b"\0" not in self._rest:
                more = os.read(self._answers, 1 << 20)
                assert more, "Chromium ended"
                self._rest += more
            line, self._rest = self._rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return dict(answer["result"])


@contextmanager
def browsing(folder: Path) -> Generator[Browser]:
    """Start Chromium with a profile in this folder, and end it."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    given = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]  # out of the way of 3 and 4
    script = f'exec chromium "$@" 3<&{given[0]} 4>&{given[1]}'  # where Chromium looks for them
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", script, "chromium", *_SWITCHES, f"--user-data-dir={folder / 'profile'}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=given,
        )
        for fd in (theirs_in, theirs_out, *given):
            os.close(fd)
        try:
            yield Browser(ours_out, ours_in)
        finally:
            os.close(ours_out)
            os.close(ours_in)
            process.terminate()
            process.wait(30)
