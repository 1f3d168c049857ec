"""The live page in a real browser, while posts arrive and after its server has ended."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports.query import Source
from tests.support import attack
from tests.support.browser import IN_BROWSER, browsing
from tests.support.live_page import live_page
from tests.support.report_rows import insert, recent_posts
from tests.support.waiting import eventually

pytestmark = [*IN_BROWSER, pytest.mark.slow]


def test_the_page_moves_while_posts_arrive(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    with live_page(live, bigquery_url, google_credentials, tmp_path, "--timezone", "Asia/Kolkata") as (address, _):  # noqa: SIM117
        with browsing(address, timezone_id="America/Los_Angeles") as seen:
            page = seen.page
            assert page.inner_text("#total_posts") == "3"
            assert {
                name: page.inner_text(f"#{name}")
                for name in ("received", "loaded", "filtered", "rejected", "gaps_open")
            } == {
                "received": "5",
                "loaded": "3",
                "filtered": "1",
                "rejected": "1",
                "gaps_open": "1",
            }
            assert page.inner_text("#dollars_today") == "$1.50"
            assert page.inner_text("#credit") == "$12.40"
            assert page.inner_text("#credit_days") == "2.5 days at the present rate"
            assert page.inner_text("#sentiment") == "+0.50"
            bars = page.locator("#rate svg .mark-rect path")
            assert bars.count() == 60
            assert page.locator("#hashtags svg .mark-rect path").count() == 1
            assert page.locator("#latest li").count() == 3
            insert(live, "tweet_versions", recent_posts(7, first=100, hashtags=["Tour"]))
            assert (
                eventually(lambda: page.inner_text("#total_posts") == "10", 30)
                or page.inner_text("#total_posts") == "10"
            )
            page.wait_for_function(
                "() => document.querySelectorAll('#hashtags svg .mark-rect path').length === 2", timeout=30_000
            )
            kolkata = datetime.now(UTC) + timedelta(hours=5, minutes=30)
            shown = page.inner_text("#state").split("as of ")[1][:5]
            assert abs(int(shown[:2]) * 60 + int(shown[3:]) - (kolkata.hour * 60 + kolkata.minute)) <= 1
            assert seen.complaints == []
            assert {request.removeprefix(address) for request in seen.requests} == {"/", "/now.json"}


def test_a_hostile_post_does_nothing_on_the_live_page(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    fields = ("text", "hashtags", "user_username", "user_name", "user_location")
    insert(
        live,
        "tweet_versions",
        [{**recent_posts(1, first=500)[0], **{name: row[name] for name in fields}} for row in attack.ROWS],
    )
    with live_page(live, bigquery_url, google_credentials, tmp_path) as (address, _), browsing(address) as seen:
        page = seen.page
        page.wait_for_function("() => document.querySelectorAll('#latest li').length === 4", timeout=30_000)
        assert page.evaluate("() => window.attacked") is None
        assert page.locator("#latest img, #latest script, #latest b").count() == 0
        assert attack.FORMULA in page.inner_text("#latest") or "@cmd" in page.inner_text("#latest")
        assert seen.complaints == []


def test_a_server_that_has_ended_is_told(
    live: Source, bigquery_url: str, google_credentials: Path, tmp_path: Path
) -> None:
    with live_page(live, bigquery_url, google_credentials, tmp_path) as (address, process), browsing(address) as seen:
        process.stop()
        seen.page.wait_for_selector("#error:not([hidden])", timeout=30_000)
        assert "Is python -m reports serve still running?" in seen.page.inner_text("#error")
        assert seen.page.inner_text("#total_posts") == "3"  # what was known stays
