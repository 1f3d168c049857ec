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
        drawn = {name for name, answer in report.results.items() if answer.chart}
        assert len(drawn) == 26
        for name in drawn:
            marks = ", ".join(
                f"#chart-{name} svg .mark-{kind}"
                for kind in ("rect path", "line path", "shape path", "symbol path", "text text")
            )
            assert seen.page.locator(marks).count() > 0, name
        totals = report.results["totals"].rows[0]
        for column in ("total_posts", "unique_posts", "authors"):
            assert seen.page.inner_text(f"#{column}") == f"{totals[column]:,}"
        assert seen.page.inner_text("#balance") == "0"
        for name, answer in report.results.items():
            rows = [
                [found.strip() for found in row]
                for row in seen.page.locator(f"section#{name} tbody tr").evaluate_all(
                    "rows => rows.map(row => [...row.cells].map(one => one.textContent))"
                )
            ]
            assert rows == [[cell(c, v).strip() for c, v in row.items()] for row in answer.rows[-200:]], name
        # what a chart holds is what the SQL gave
        charted = seen.page.evaluate(
            "() => window.views.posts_by_day.data(Object.keys(window.views.posts_by_day.getState({data: () => true}).data)"
            ".find(name => window.views.posts_by_day.data(name).some(row => row.kind)))"
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
        shades = seen.page.locator('#chart-posts_by_hour svg .mark-rect path[fill="#d1495b"]')
        assert shades.count() == 2
        widths = shades.evaluate_all("paths => paths.map(path => path.getBoundingClientRect().width)")
        # 9 h 20 min and 72 min of 28 days
        assert max(widths) / min(widths) == pytest.approx(560 / 72, rel=0.3)


@pytest.mark.slow
def test_it_fits_a_phone_and_prints_all_its_tables(weeks: Source, tmp_path: Path) -> None:
    _, address = written(weeks, Params(NOW - timedelta(days=28), NOW), tmp_path)
    with browsing(address, viewport={"width": 390, "height": 844}, is_mobile=True) as seen:
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390
        seen.page.emulate_media(media="print")
        seen.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        assert seen.page.locator("details.rows:not([open])").count() == 0
        assert len(seen.page.pdf()) > 50_000


@pytest.mark.slow
def test_a_hostile_post_does_nothing(session_client: bigquery.Client, tmp_path: Path) -> None:
    source = fresh(session_client, {"tweet_versions": attack.ROWS})
    _, address = written(source, asked(keyword="music", rule=None), tmp_path)
    with browsing(address) as seen:
        seen.page.locator("#chart-top_hashtags").hover()
        assert seen.page.evaluate("() => window.attacked") is None
        assert seen.page.locator("main img").count() == 0
        assert seen.page.locator("section b, section i").count() == 0
        text = seen.page.inner_text("section#sentiment_extremes")
        assert attack.FORMULA in text
        assert attack.SCRIPT in text
        hrefs = seen.page.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert all(re.fullmatch(r"#\d+|https://x\.com/[\w/]+", href) for href in hrefs), hrefs
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
            section = seen.page.inner_text(f"section#{name}")
            assert answer.question.title in section
            assert answer.rows or answer.empty in section
        if not rows:
            assert "No hashtag is on at least 1 posts" in seen.page.inner_text("section#top_hashtags")
        if "since" in more:
            assert len(report.results["posts_by_day"].rows) == 369
        assert seen.complaints == []
