"""Run the command line as ``python -m rectiflow``."""

from __future__ import annotations

from rectiflow.cli import main

if __name__ == "__main__":
    main()
