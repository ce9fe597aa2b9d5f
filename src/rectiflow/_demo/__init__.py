"""The demonstration: the whole job on the sample district, through one school term, under a virtual clock."""

from __future__ import annotations

from .show import DemoSummary, run_demo

__all__ = ["DemoSummary", "run_demo"]
