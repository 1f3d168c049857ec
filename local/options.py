"""The options of scripts/run."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from . import runs

RULES = Path(__file__).parents[1] / "ingester" / "rules.yaml"


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="scripts/run",
        allow_abbrev=False,
        description="Runs the whole pipeline on this machine: posts flow from X's API through Pub/Sub and the function into BigQuery.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=runs.VERSION)
    whole.add_argument(
        "--posts",
        type=_posts,
        default=1_500,
        metavar="N|FILE",
        help="number of synthetic posts to send, or a file of X's JSON lines whose posts are sent",
    )
    whole.add_argument("--rate", type=_positive(float), default=150.0, help="posts a second")
    whole.add_argument(
        "--seed", type=int, default=1, help="seed of the synthetic posts; the same seed gives the same posts"
    )
    whole.add_argument("--keep", action="store_true", help="keep the tables in .runs/, to query them afterwards")
    whole.add_argument(
        "--json",
        action="store_true",
        help="print the result as one JSON object, the last line of stdout; everything else goes to stderr",
    )
    whole.add_argument(
        "--twice", action="store_true", help="let Pub/Sub deliver every message twice; the view must not change"
    )
    whole.add_argument(
        "--pubsub",
        choices=("embedded", "emulator"),
        default="embedded",
        help="use the embedded broker or Google's emulator (needs gcloud and java)",
    )
    whole.add_argument("--rules", type=Path, default=RULES, help="file with the rules to install at X")
    whole.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="folder for report.html and the CSV files (results/<time>, linked from results/latest)",
    )
    whole.add_argument("--no-report", dest="report", action="store_false", help="make no report")
    whole.add_argument(
        "--watch", action="store_true", help="show the live page while posts arrive, and until Ctrl-C afterwards"
    )
    whole.add_argument(
        "--bigquery-port", type=int, default=0, metavar="PORT", help="port of the embedded BigQuery; 0 takes a free one"
    )
    whole.add_argument(
        "--real", action="store_true", help="read the real stream with X_BEARER_TOKEN: costs money, and asks first"
    )
    whole.add_argument("--yes", action="store_true", help="with --real: do not ask for confirmation")
    whole.set_defaults(began=time.monotonic())
    return whole


def _posts(text: str) -> int | Path:
    """A number of posts, or the file that has them."""
    if text.lstrip("-").isdecimal():
        return int(_positive(int)(text))
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is neither a number of posts nor a file")
    return path


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        value: float = kind(text)
        if not 0 < value <= 10_000_000:
            raise argparse.ArgumentTypeError(f"{text} is not a positive number")
        return value

    return read
