"""The options of python -m functions.remove_deleted."""

import argparse
from datetime import timedelta

from .policy import AGE


def _id(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no id: up to 19 digits are meant, as in the column id or user_id"
        )
    return text


def _minutes(text: str) -> timedelta:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of minutes")
    return timedelta(minutes=value)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m functions.remove_deleted",
        description="Removes what may not be kept: on X's word, or a person's.",
    )
    what = whole.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--post", type=_id, action="append", default=[], metavar="ID", help="this post; may be given several times"
    )
    what.add_argument("--user", type=_id, metavar="ID", help="every post of this author (the number, not the @name)")
    what.add_argument("--due", action="store_true", help="make one scheduled run: ask X, and apply its answers")
    what.add_argument("--status", action="store_true", help="show what was done lately")
    whole.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    whole.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    whole.add_argument(
        "--age",
        type=_minutes,
        default=AGE,
        metavar="MINUTES",
        help="leave rows alone that are younger (90: BigQuery's streaming buffer)",
    )
    return whole
