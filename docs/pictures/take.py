"""Takes the pictures beside this file anew: .venv/bin/python docs/pictures/take.py (needs Chromium: apt-get install chromium).

Four weeks of synthetic posts in an embedded BigQuery; the same seed, so that only the times differ.
"""

import hashlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import uvicorn  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from demo import posts  # noqa: E402
from reports import embedded, files, questions, results  # noqa: E402
from reports.live.serve import application  # noqa: E402
from reports.live.snapshot import Snapshots  # noqa: E402
from reports.params import Params  # noqa: E402
from reports.query import Source  # noqa: E402

_SECTIONS = (
    "trend",
    "engagement_by_hour_of_week",
    "posts_by_region",
    "sentiment_by_hour",
    "sentiment_by_language",
    "topics",
    "words",
    "distinctive_words",
    "authors_by_day",
    "languages_over_time",
    "network_of_hashtags",
    "network_of_mentions",
    "posts_to_read",
    "receipt",
)
# what the pictures show: a test compares it with made_from.txt
SOURCES = (
    "docs/pictures/take.py",
    "reports/page.py",
    "reports/overview.py",
    "reports/charts/*.py",
    "reports/templates/*",
)
_WIDE = {"width": 1160, "height": 900}
_PHONE = {"width": 390, "height": 844}


def main() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with (
        embedded.serve_demo(now) as source,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
    ):
        report = results.make_report(
            source, Params(now - timedelta(days=28), now, "America/New_York"), questions.names()
        )
        files.write(report, Path(folder), with_page=True)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = _opened(browser, (Path(folder) / "report.html").as_uri(), _WIDE, "light")
        first = _opened(browser, (Path(folder) / "report.html").as_uri(), {"width": 1320, "height": 1000}, "light")
        first.screenshot(path=HERE / "report.png")
        page.click("#open-all")
        for name in _SECTIONS:
            page.locator(f"section#{name}").screenshot(path=HERE / f"{name}.png")
        phone = _opened(browser, (Path(folder) / "report.html").as_uri(), _PHONE, "light")
        phone.screenshot(path=HERE / "phone.png")
        _arrive(source)
        with _served(source) as address:
            _opened(browser, address, _WIDE, "dark").screenshot(path=HERE / "live.png", full_page=True)
        browser.close()
    (HERE / "made_from.txt").write_text(f"{fingerprint()}\n")


def fingerprint() -> str:
    """Return a hash of what makes the pages."""
    root = HERE.parents[1]
    files = sorted(file for pattern in SOURCES for file in root.glob(pattern))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _opened(browser: Browser, address: str, size: dict[str, int], scheme: str) -> Page:
    page: Page = browser.new_context(viewport=size, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(address)
    page.wait_for_selector("body.drawn", timeout=60_000)
    page.wait_for_timeout(1_000)  # the fonts
    return page


def _arrive(source: Source) -> None:
    """The newest posts, as if they had come in the last minutes."""
    now = datetime.now(UTC)
    rows = posts.make(4_000, 28, now, seed=2)["tweet_versions"][-280:]
    for number, row in enumerate(rows):
        moment = now - timedelta(seconds=300 * (1 - (number / len(rows)) ** 0.7))
        row["created_at"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
        row["received_at"] = moment.isoformat()
    source.client.insert_rows_json(f"{source.name}.tweet_versions", rows)
    archived = [
        {"id": row["id"], "received_at": row["received_at"], "source": "stream", "message_id": f"n{row['id']}"}
        for row in rows
    ]
    source.client.insert_rows_json(f"{source.name}.archive", archived)


@contextmanager
def _served(source: Source) -> Iterator[str]:
    app = application(Snapshots(source, refresh=2.0, step=5), "127.0.0.1", "America/New_York")
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
