"""The options of python -m functions.load_tweet.filter."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

_FILE = Path(__file__).parents[1] / "keywords.txt"


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= 3_650:
        raise argparse.ArgumentTypeError(f"{text} days cannot be looked back: name a number between 0 and 3650")
    return days


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m functions.load_tweet.filter",
        description="What keywords.txt, LANGUAGES and KEEP_RETWEETS do with posts.",
    )
    what = whole.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--explain",
        action="store_true",
        help="say of each post on stdin which keyword keeps or drops it: "
        "X's messages, rows with a payload, or just texts, one a line",
    )
    what.add_argument(
        "--what-if",
        type=Path,
        metavar="FILE",
        help="compare FILE with the file in force on the archive, and say what it would save in X's rule",
    )
    whole.add_argument(
        "--keywords", type=Path, default=_FILE, metavar="FILE", help="the file in force (the shipped one)"
    )
    whole.add_argument("--json", action="store_true", help="with --explain: one JSON object a post")
    whole.add_argument("--days", type=_days, default=7.0, help="with --what-if: so many days until now (7)")
    whole.add_argument("--from", dest="since", type=_time, metavar="TIME", help="or from this time, ISO 8601, UTC")
    whole.add_argument("--to", dest="until", type=_time, metavar="TIME", help="until this time")
    whole.add_argument(
        "--max-dollars", type=float, default=1.0, help="what BigQuery may charge for reading the archive (1)"
    )
    return whole
