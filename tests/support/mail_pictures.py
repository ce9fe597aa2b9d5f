"""Take the pictures of docs/pictures anew, with Chromium: `make pictures`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from rectiflow.notifiers import Param, TemplateSet, builtin_templates
from support.chromium import browsing
from support.sample_mails import html_of, sample_mail

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_NONE = dict.fromkeys(("level", "reason", "note", "measures", "interim", "next_step"))
MAILS: Mapping[str, Mapping[str, Param]] = {  # occasion → what it says in place of the long words of the tests
    "assigned": {**_NONE, "description": "疏散通道堆放课桌椅，应急照明灯损坏两盏"},
    "paper_served": {**_NONE, "paper": "整改通知书〔2024〕3号"},
    "digest": {},
}
WIDTHS = (375, 1024)  #: CSS pixels: a telephone, a screen


def main() -> None:
    """Show each mail at each width, as high as it is, and keep what is painted."""
    templates = TemplateSet.load([builtin_templates()])
    with tempfile.TemporaryDirectory() as folder, browsing(Path(folder)) as browser:
        for occasion, given in MAILS.items():
            html = html_of(sample_mail(occasion, templates, given))
            for width in WIDTHS:
                browser.show(html, width=width, height=100)
                name = f"mail-{occasion.replace('_', '-')}-{width}.png"
                browser.picture().quantize(64).save(FOLDER / name, optimize=True)
                print(f"docs/pictures/{name}")


if __name__ == "__main__":
    main()
