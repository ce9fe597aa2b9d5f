from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.image import imread

from rectiflow.reports.charts import DPI, WIDTH_INCHES, Series, bar_chart
from rectiflow.reports.errors import GlyphMissing

LABELS = ["消防安全", "大型集会（研学）", "校园周边$x$与_y"]
SERIES = [
    Series(name="应整改", values=(12, 3, 0), color="#a9bccb"),
    Series(name="逾期", values=(1, 0, 0), color="#b83227"),
]


def test_chart_is_a_png_as_wide_as_the_page() -> None:
    """The chart fills the text block's width, and the same input gives the same bytes."""
    png = bar_chart(LABELS, SERIES)
    assert png == bar_chart(LABELS, SERIES)
    _, width, _ = imread(io.BytesIO(png)).shape
    assert width == round(WIDTH_INCHES * DPI)
    assert b"Software" not in png
    assert b"tIME" not in png


def test_chart_draws_its_bars_and_labels() -> None:
    """Both colours of the bars and the ink of the labels are on the picture."""
    picture = imread(io.BytesIO(bar_chart(LABELS, SERIES)))[..., :3]
    for color in ("#a9bccb", "#b83227", "#222222"):
        wanted = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        assert (abs(picture - wanted).max(axis=2) < 0.01).any(), color


def test_a_missing_character_is_an_error() -> None:
    """A label the font cannot draw is refused, with the character and the label; no empty boxes."""
    with pytest.raises(GlyphMissing) as refused:
        bar_chart(["消防\U0001f600", "安全"], [Series(name="新增", values=(1, 2), color="red")])
    assert "“消防\U0001f600”中的“\U0001f600”（U+1F600）" in str(refused.value)


@pytest.mark.parametrize(("labels", "values"), [([], ()), (["消防"], (1, 2))])
def test_a_chart_of_nothing_is_refused(labels: list[str], values: tuple[int, ...]) -> None:
    """Without labels, or with another number of values, there is no chart."""
    with pytest.raises(ValueError, match="one value per label"):
        bar_chart(labels, [Series(name="新增", values=values, color="red")])


def test_a_users_own_style_changes_nothing(tmp_path: Path) -> None:
    """A matplotlibrc of the user neither changes the chart nor is changed by it."""
    plain = bar_chart(LABELS, SERIES)
    style = tmp_path / "matplotlibrc"
    style.write_text("figure.facecolor: black\nsavefig.dpi: 20\n")
    with mpl.rc_context(fname=style):
        assert bar_chart(LABELS, SERIES) == plain
        assert mpl.rcParams["savefig.dpi"] == 20
