"""Packages of others that bring a kind of channel: really installed, as far as Python's own look-up of entry points goes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

__all__ = ["FAULTY", "install"]

#: A package whose factory fails.
FAULTY = """
def channel(given, about):
    raise RuntimeError("boom")
"""


def install(patch: pytest.MonkeyPatch, folder: Path, kind: str, source: str) -> None:
    """Install a package with one module, whose function `channel` makes the channels of a kind, for one test.

    Args:
        kind: of the channel; its package is `other_<kind>`.
        source: of the module.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"other_{kind}.py").write_text(source, "utf-8")
    described = folder / f"other_{kind}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: other-{kind}\nVersion: 1.0\n", "utf-8")
    points = f"[rectiflow.channels]\n{kind} = other_{kind}:channel\n"
    (described / "entry_points.txt").write_text(points, "utf-8")
    patch.syspath_prepend(str(folder))
    patch.delitem(sys.modules, f"other_{kind}", raising=False)  # of an earlier test
