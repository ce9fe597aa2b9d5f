from __future__ import annotations

import re
from datetime import UTC, datetime

from rectiflow.reports.html import render_html
from rectiflow.reports.monthly import MonthlyReport, monthly_report
from rectiflow.reports.period import Period
from support.cases import a_case, a_month


def a_report(*, unit: str = "示例镇第一小学") -> MonthlyReport:
    """Write a report with one unit of this name beside a whole month."""
    return monthly_report(
        [*a_month(), a_case(number="X", unit_id="x", unit=unit)],
        Period.parse("2024-11"),
        cutoff=datetime(2024, 11, 30, 16, tzinfo=UTC),
        district_name="示例区",
        issuer="示例区教育局安全股",
        made_at=datetime(2024, 12, 2, 1, tzinfo=UTC),
    )


def test_page_is_one_file() -> None:
    """The page loads nothing: no script, no link, the chart inside it."""
    page = render_html(a_report())
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="zh-CN">' in page
    assert not re.search(r"<script|<link|https?://|@import", page)
    assert re.findall(r'src="([^"]{22})', page) == ["data:image/png;base64,"]
    assert "default-src 'none'" in page


def test_everything_is_on_the_page() -> None:
    """Headings, tables with header and total, notes, cut-off, issuer and sign-off are there."""
    page = render_html(a_report())
    assert page.count("<table>") == page.count("<thead>") == 8
    assert page.count('<tr class="total">') == 3
    for text in (
        "五、挂牌督办",
        "数据截至2024年11月30日24时",
        "示例区教育局安全股",
        "2024年12月2日",
        "审核：",
        "签发：",
    ):
        assert text in page
    assert "应整改＝上期结转＋本期新增" in page
    assert '<meta name="viewport"' in page
    assert "@page { size: A4" in page


def test_text_is_escaped() -> None:
    """A unit's name cannot become markup."""
    page = render_html(a_report(unit="<script>alert(1)</script>&小学\x00"))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;小学<" in page


def test_same_report_same_page() -> None:
    """The same report gives the same page."""
    assert render_html(a_report()) == render_html(a_report())
