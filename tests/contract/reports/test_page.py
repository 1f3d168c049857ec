"""report.html in a real browser."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import bigquery

from demo import load, posts
from reports import page, questions, results
from reports.params import Params
from reports.query import Source
from reports.tables import cell
from tests.support import attack
from tests.support.browser import IN_BROWSER, browsing
from tests.support.report_rows import asked, fresh

pytestmark = IN_BROWSER
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def weeks(session_client: bigquery.Client) -> Source:
    """Four weeks of synthetic posts."""
    source = fresh(session_client, {})
    load.fill(source.client, source.dataset, posts.make(3_000, 28, NOW))
    return source


def written(source: Source, asked: Params, folder: Path) -> tuple[results.Report, str]:
    report = results.make_report(source, asked, questions.names())
    path = folder / "report.html"
    path.write_text(page.html(report), encoding="utf-8")
    return report, path.as_uri()


@pytest.mark.processes
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_chart_is_drawn_with_the_numbers_of_the_sql(weeks: Source, tmp_path: Path, scheme: Any) -> None:
    report, address = written(weeks, Params(NOW - timedelta(days=28), NOW, "Europe/Berlin"), tmp_path)
    with browsing(address, color_scheme=scheme, viewport={"width": 1200, "height": 900}) as seen:
        drawn = {name: answer.charts for name, answer in report.results.items() if answer.charts}
        assert len(drawn) == 31
        for name, charts in drawn.items():
            for number, _ in enumerate(charts):
                place = f"#chart-{name}-{number}" if number else f"#chart-{name}"
                kinds = ("rect path", "line path", "shape path", "symbol path")
                marks = ", ".join(f"{place} svg .mark-{kind}" for kind in kinds)
                assert seen.page.locator(marks).count() > 0, place
        assert seen.page.locator("[id^=glance-] svg").count() == 6
        totals = report.results["totals"].rows[0]
        for column in ("total_posts", "unique_posts", "authors"):
            assert seen.page.inner_text(f"#{column}") == f"{totals[column]:,}"
        assert seen.page.inner_text("#balance") == "0"
        for name, answer in report.results.items():
            if answer.question.is_beside:
                continue
            rows = [
                [found.strip() for found in row]
                for row in seen.page.locator(f"section#{name} tbody tr").evaluate_all(
                    "rows => rows.map(row => [...row.cells].map(one => one.textContent))"
                )
            ]
            shown = answer.rows[-200:] if answer.question.is_by_time else answer.rows[:200]
            assert rows == [[cell(c, v).strip() for c, v in row.items()] for row in shown], name
        # what a chart holds is what the SQL gave
        charted = seen.page.evaluate(
            "() => window.views.posts_over_time.data(Object.keys(window.views.posts_over_time.getState({data: () => true}).data)"
            ".find(name => window.views.posts_over_time.data(name).some(row => row.posts)))"
        )
        by_day = report.results["posts_by_day"].rows
        assert sum(row["posts"] for row in charted) == sum(row["posts"] for row in by_day) == totals["total_posts"]
        assert seen.complaints == []
        assert seen.requests == [address]
        ground = seen.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(17, 22, 28)") == (scheme == "dark")


@pytest.mark.slow
def test_gaps_are_shaded_where_they_were(weeks: Source, tmp_path: Path) -> None:
    report, address = written(weeks, Params(NOW - timedelta(days=28), NOW), tmp_path)
    assert len(report.results["gaps"].rows) == 2
    with browsing(address, viewport={"width": 1200, "height": 900}) as seen:
        shades = seen.page.locator('#chart-posts_over_time svg .mark-rect path[fill="#d1495b"]')
        assert shades.count() == 2
        widths = shades.evaluate_all("paths => paths.map(path => path.getBoundingClientRect().width)")
        # 9 h 20 min and 72 min of 28 days
        assert max(widths) / min(widths) == pytest.approx(560 / 72, rel=0.3)


@pytest.mark.slow
def test_sections_open_and_close_and_a_link_opens_its_own(weeks: Source, tmp_path: Path) -> None:
    _, address = written(weeks, Params(NOW - timedelta(days=28), NOW), tmp_path)
    with browsing(address, viewport={"width": 1400, "height": 900}) as seen:
        opened = seen.page.locator(".group:not(.closed)")
        assert opened.count() == 0
        assert not seen.page.locator("section#words").is_visible()
        seen.page.click("nav a[href='#topics-and-words']")
        seen.page.wait_for_selector("section#words", state="visible")
        assert opened.count() == 1
        seen.page.click("#glance-kinds >> xpath=../h3/a")
        seen.page.wait_for_selector("section#kinds", state="visible")
        seen.page.click("#open-all")
        assert opened.count() == seen.page.locator(".group").count()
        seen.page.click("#open-all")
        assert opened.count() == 0


@pytest.mark.slow
def test_it_fits_a_phone_and_twelve_sheets_of_paper(weeks: Source, tmp_path: Path) -> None:
    _, address = written(weeks, Params(NOW - timedelta(days=28), NOW), tmp_path)
    with browsing(address, viewport={"width": 390, "height": 844}, is_mobile=True) as seen:
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390
        seen.page.emulate_media(media="print")
        assert seen.page.locator("section#words").is_visible(), "closed sections are printed"
    with browsing(address, viewport={"width": 1200, "height": 900}) as seen:
        sheets = re.findall(rb"/Type\s*/Page\b(?!s)", seen.page.pdf(prefer_css_page_size=True))
        assert 4 <= len(sheets) <= 12


@pytest.mark.slow
def test_a_hostile_post_does_nothing(session_client: bigquery.Client, tmp_path: Path) -> None:
    source = fresh(session_client, {"tweet_versions": attack.ROWS})
    _, address = written(source, asked(keyword="music", rule=None), tmp_path)
    with browsing(address) as seen:
        seen.page.click("#open-all")
        seen.page.locator("#chart-top_hashtags").hover()
        assert seen.page.evaluate("() => window.attacked") is None
        assert seen.page.locator("main img").count() == 0
        assert seen.page.locator("section b, section i").count() == 0
        text = seen.page.text_content("section#sentiment_extremes") or ""
        assert attack.FORMULA in text
        assert attack.SCRIPT in text
        hrefs = seen.page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert all(re.fullmatch(r"#[\w-]+|https://x\.com/[\w/]+", href) for href in hrefs), hrefs
        assert seen.complaints == []
        assert seen.requests == [address]


@pytest.mark.slow
def test_a_script_that_is_not_ours_would_not_run(
    session_client: bigquery.Client, nothing: Source, tmp_path: Path
) -> None:
    """The page's content security policy is a second lock, should the escaping ever fail."""
    _, address = written(nothing, asked(), tmp_path)
    path = tmp_path / "report.html"
    path.write_text(path.read_text().replace("</footer>", f"{attack.SCRIPT}{attack.IMAGE}</footer>"))
    with browsing(address) as seen:
        assert seen.page.evaluate("() => window.attacked") is None
        assert any("Content Security Policy" in complaint for complaint in seen.complaints)


FEW: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "an empty table": ([], {}),
    "one post": ([{"id": "1", "created_at": "2026-11-01T04:10:00", "text": "hi"}], {}),
    "a year's hole": (
        [
            {"id": str(n), "created_at": f"{year}-11-01T04:10:00", "text": "love", "sentiment": 0.5}
            for n, year in enumerate((2025, 2026))
        ],
        {"since": "2025-10-31T00:00:00", "until": "2026-11-03T00:00:00"},
    ),
    "one language that has no sentiment": (
        [{"id": str(n), "created_at": "2026-11-01T04:10:00", "text": "日本", "lang": "ja"} for n in range(5)],
        {},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "more"), FEW.values(), ids=FEW.keys())
def test_every_section_shows_rows_or_a_message_when_there_is_little_data(
    session_client: bigquery.Client, tmp_path: Path, rows: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    source = fresh(session_client, {"tweet_versions": rows})
    report, address = written(source, asked(**more), tmp_path)
    with browsing(address) as seen:
        assert seen.page.inner_text("#total_posts") == str(len(rows))
        for name, answer in report.results.items():
            if answer.question.is_beside or (answer.question.when == "streamed" and not answer.rows):
                assert seen.page.locator(f"section#{name}").count() == 0
                continue
            section = seen.page.text_content(f"section#{name}") or ""
            assert answer.question.title in section
            assert answer.rows or answer.empty in section
        if not rows:
            assert "No hashtag is in at least 1 post of" in (seen.page.text_content("section#top_hashtags") or "")
        if "since" in more:
            assert len(report.results["posts_by_day"].rows) == 369
        assert seen.complaints == []
