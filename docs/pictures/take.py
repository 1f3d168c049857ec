"""Takes the pictures beside this file anew: .venv/bin/python docs/pictures/take.py (needs Chromium: apt-get install chromium).

Four weeks of synthetic posts in an embedded BigQuery; the same seed, so that only the times differ.
"""

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import altair as alt  # noqa: E402
import uvicorn  # noqa: E402
import vl_convert  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from reports import ask, demo, files, questions, results  # noqa: E402
from reports.ask import Source  # noqa: E402
from reports.asked import Asked  # noqa: E402
from reports.live.answers import Answers  # noqa: E402
from reports.live.serve import application  # noqa: E402

# what a dashboard would ask of each flat view, and draw of it
_ROWS = {
    "posts": "SELECT posted_at, sentiment, kind FROM posts "
    "WHERE created_at >= DATETIME(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 168 HOUR))",
    "posts_by_hour": "SELECT day, lang, SUM(posts) AS posts FROM posts_by_hour GROUP BY day, lang",
    "health": "SELECT hour, received, seconds_not_held / 60 AS minutes_not_held FROM health",
}
_VIEWS = {
    "posts": lambda chart: chart.mark_circle(size=14, opacity=0.5).encode(
        x=alt.X("posted_at:T", title=None), y="sentiment:Q", color="kind:N"
    ),
    "posts_by_hour": lambda chart: chart.mark_bar().encode(
        x=alt.X("day:T", title=None), y=alt.Y("posts:Q", title="posts a day"), color="lang:N"
    ),
    "health": lambda chart: alt.layer(
        chart.mark_bar(color="#2a9d8f").encode(
            x=alt.X("hour:T", title=None), y=alt.Y("received:Q", title="posts received an hour")
        ),
        chart.mark_bar(color="#d1495b", opacity=0.5).encode(
            x="hour:T", y=alt.Y("minutes_not_held:Q", title="minutes not held")
        ),
    ).resolve_scale(y="independent"),
}
_WIDE = {"width": 1160, "height": 900}
_PHONE = {"width": 390, "height": 844}


def main() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with (
        demo.bigquery_with_posts(now=now) as source,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        report = results.make(source, Asked(now - timedelta(days=28), now, "America/New_York"), questions.NAMES)
        files.write(report, Path(folder), with_page=True)
        for name, spec in _VIEWS.items():
            rows, _ = ask.query(source, _ROWS[name], {})
            drawn = alt.Chart(alt.InlineData(values=_plain(rows))).properties(width=700, height=220, title=name)
            (HERE / f"view_{name}.png").write_bytes(vl_convert.vegalite_to_png(spec(drawn).to_dict(), scale=1.5))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = _opened(browser, (Path(folder) / "report.html").as_uri(), _WIDE, "light")
        page.screenshot(path=HERE / "report.png", clip={"x": 0, "y": 0, "width": 1160, "height": 1010}, full_page=True)
        for name in ("engagement_by_hour_of_week", "sentiment_by_hour", "posts_by_region", "receipt"):
            page.locator(f"section#{name}").screenshot(path=HERE / f"{name}.png")
        dark = _opened(browser, (Path(folder) / "report.html").as_uri(), _PHONE, "dark")
        dark.screenshot(path=HERE / "phone.png")
        _arrive(source)
        with _served(source) as address:
            _opened(browser, address, _WIDE, "dark").screenshot(path=HERE / "live.png", full_page=True)
        browser.close()


def _plain(rows: ask.Rows) -> ask.Rows:
    return [{name: str(value) if isinstance(value, date) else value for name, value in row.items()} for row in rows]


def _opened(browser: Browser, address: str, size: dict[str, int], scheme: str) -> Page:
    page: Page = browser.new_context(viewport=size, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(address)
    page.wait_for_selector("body.drawn", timeout=60_000)
    page.wait_for_timeout(1_000)  # the fonts
    return page


def _arrive(source: Source) -> None:
    """The newest posts, as if they had come in the last minutes."""
    now = datetime.now(UTC)
    made = demo.make(4_000, 28, now, seed=2)["tweet_versions"][-280:]
    for number, row in enumerate(made):
        moment = now - timedelta(seconds=300 * (1 - (number / len(made)) ** 0.7))
        row["created_at"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
        row["received_at"] = moment.isoformat()
    source.client.insert_rows_json(f"{source.name}.tweet_versions", made)
    archived = [
        {"id": row["id"], "received_at": row["received_at"], "source": "stream", "message_id": f"n{row['id']}"}
        for row in made
    ]
    source.client.insert_rows_json(f"{source.name}.archive", archived)


@contextmanager
def _served(source: Source) -> Iterator[str]:
    app = application(Answers(source, refresh=2.0, step=5), "127.0.0.1", "America/New_York")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True


if __name__ == "__main__":
    main()
