"""Print the coverage of each folder from the data of the last run: `python tests/support/coverage_by_folder.py`."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import coverage

PACKAGE = "src/rectiflow"


def main() -> None:
    """Read `.coverage`, add up lines and branches by folder, print one line each."""
    totals: dict[str, Counter[str]] = {}
    for name, entry in measured_files().items():
        totals.setdefault(folder_of(name), Counter()).update(entry["summary"])
    overall: Counter[str] = Counter()
    print("coverage by folder (lines and branches)")
    for folder, counts in sorted(totals.items()):
        overall.update(counts)
        print(f"  {folder:<16} {share(counts):6.1%}  {counts['num_statements']:>6} lines")
    print(f"  {'all':<16} {share(overall):6.1%}  {overall['num_statements']:>6} lines")


def measured_files() -> dict[str, Any]:
    """Ask coverage for its figures, by file."""
    data = coverage.Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "coverage.json")
        data.json_report(outfile=str(target))
        files: dict[str, Any] = json.loads(target.read_bytes())["files"]
    return files


def folder_of(name: str) -> str:
    """Name the folder that a file counts for; what stands beside the links counts as the facade."""
    path = Path(name)
    return PACKAGE if path.is_relative_to(PACKAGE) else path.parts[0]


def share(counts: Counter[str]) -> float:
    """Return the part that ran, from 0 to 1; nothing to run counts as 1."""
    possible = counts["num_statements"] + counts["num_branches"]
    return (counts["covered_lines"] + counts["covered_branches"]) / possible if possible else 1.0


if __name__ == "__main__":
    main()
