"""Bar charts with Chinese labels, as PNG.

The font is the one that comes with the package `pylopdf-fonts-zh-cn` (Noto Sans SC), so a chart looks the same
on a machine without any Chinese font.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .errors import GlyphMissing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

FONT_PACKAGE, FONT_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
WIDTH_INCHES = 6.14  # 156 mm, the text block of an official page
DPI = 200
BAR_INCHES = 0.105  # height of one bar
GAP_INCHES = 0.095  # between the groups of bars
FRAME_INCHES = 0.65  # legend and axis
_INK, _QUIET = "#222222", "#8a8a8a"


class Series(Struct, frozen=True, kw_only=True):
    """One bar per label; `color` is a matplotlib colour."""

    name: str
    values: tuple[int, ...]
    color: str


def bar_chart(labels: Sequence[str], series: Sequence[Series]) -> bytes:
    """Draw horizontal bars, one group per label from the top down, and return the PNG.

    The same input gives the same bytes (with the same version of matplotlib).

    Raises:
        GlyphMissing: a label has a character that the font cannot draw.
        ValueError: there is no label or no series, or a series has not one value per label.
    """
    if not labels or not series or any(len(one.values) != len(labels) for one in series):
        raise ValueError("a bar chart needs labels, and in every series one value per label")
    import matplotlib as mpl

    with mpl.rc_context(), as_file(files(FONT_PACKAGE) / FONT_FILE) as font_path:
        mpl.rcdefaults()
        check_glyphs([*labels, *(one.name for one in series)], str(font_path))
        return _draw(labels, series, str(font_path))


def check_glyphs(texts: Iterable[str], font_path: str) -> None:
    """Refuse texts with a character that the font at `font_path` does not have.

    Raises:
        GlyphMissing: names every such character and the text it stands in.
    """
    from matplotlib.ft2font import FT2Font

    drawn = FT2Font(font_path).get_charmap()
    missing = {char: text for text in texts for char in text if ord(char) not in drawn}
    if missing:
        where = "、".join(f"“{text}”中的“{char}”（U+{ord(char):04X}）" for char, text in sorted(missing.items()))
        raise GlyphMissing(f"图表所用字库没有{where}，请把名称改用常用字后再生成图表")


def _draw(labels: Sequence[str], series: Sequence[Series], font_path: str) -> bytes:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    group = BAR_INCHES * len(series) + GAP_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, group * len(labels) + FRAME_INCHES), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    font = FontProperties(fname=font_path, size=9)
    _bars(axes, series, font, share=BAR_INCHES / group)
    _dress(axes, labels, font)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _bars(axes: Axes, series: Sequence[Series], font: FontProperties, *, share: float) -> None:
    """Draw the bars of each series with their values; `share` is a bar's height, a group being 1."""
    small = font.copy()
    small.set_size(7)
    for position, one in enumerate(series):
        offset = (position - (len(series) - 1) / 2) * share
        places = [place + offset for place in range(len(one.values))]
        bars = axes.barh(places, one.values, height=share * 0.92, color=one.color, label=one.name)
        axes.bar_label(bars, padding=2, fontproperties=small, color=_INK)


def _dress(axes: Axes, labels: Sequence[str], font: FontProperties) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_yticks(range(len(labels)), labels, fontproperties=font, parse_math=False)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlim(0, max(1.0, axes.get_xlim()[1] * 1.04))
    for tick in axes.get_xticklabels():
        tick.set_fontproperties(font)
    axes.tick_params(length=0, colors=_INK)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(_QUIET)
    options: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "frameon": False}
    legend = axes.legend(prop=font, ncols=4, handlelength=1.2, handleheight=0.8, **options)
    for text in legend.get_texts():
        text.set_parse_math(False)
