"""The options of python -m demo."""

import argparse
from datetime import UTC, datetime

POSTS = 12_000


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m demo",
        description="BigQuery on this machine with four weeks of synthetic posts, until Ctrl-C. "
        "It is lost then; scripts/reports --demo starts and stops it for you.",
    )
    whole.add_argument("--posts", type=int, default=POSTS, help="how many (%(default)s)")
    whole.add_argument(
        "--until", type=_moment, default=datetime.now(UTC), metavar="TIME", help="when they end (default: now)"
    )
    whole.add_argument("--port", type=int, default=0, help="REST port (%(default)s takes a free one)")
    return whole
