"""Tests run as root in a container: here they are, for a moment, somebody who has no special rights."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def ordinary_user() -> Generator[None]:
    """Give up root's rights over files; who is not root stays who he is."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def reachable_folder() -> Generator[Path]:
    """Make a folder that everybody can come to; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="rfo-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
