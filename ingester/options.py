"""The options of the command line. Imports nothing heavy, so that --help answers at once."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from runtime import version

RULES = Path(__file__).with_name("rules.yaml")


def parse_time(text: str) -> datetime:
    """Parse ISO 8601; UTC if no zone is named. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is outside of the calendar") from None


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _posts(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of posts")
    return int(text)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m ingester", description="Gets posts from X and publishes them to Pub/Sub."
    )
    whole.add_argument("--version", action="version", version=version.number())
    whole.add_argument(
        "--time-scale",
        type=_above_zero,
        default=1.0,
        metavar="F",
        help="multiply all waiting times by this factor, for trials (1)",
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="command")
    with_rules = argparse.ArgumentParser(add_help=False)
    with_rules.add_argument("--rules", type=Path, default=RULES, metavar="FILE", help="rules file (%(default)s)")
    asking = argparse.ArgumentParser(add_help=False)
    asking.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    counting = argparse.ArgumentParser(add_help=False)
    counting.add_argument("--dry-run", action="store_true", help="only say how many there are")

    action = commands.add_parser(
        "stream", parents=[with_rules], help="hold X's filtered stream until told to stop (SIGTERM)"
    )
    action.add_argument(
        "--posts",
        type=_posts,
        default=0,
        metavar="N",
        help="end after N posts; searches and requests for counts spend no more than N posts can cost (no limit)",
    )
    action = commands.add_parser(
        "search",
        parents=[with_rules, asking, counting],
        help="fetch what the stream did not deliver, or years of history",
    )
    action.add_argument(
        "--from", dest="since", type=parse_time, required=True, metavar="TIME", help="start, in ISO 8601, UTC"
    )
    action.add_argument("--to", dest="until", type=parse_time, metavar="TIME", help="end (now)")
    action.add_argument("--rule", action="append", metavar="TAG", help="only the rule with this tag (repeatable)")
    action.add_argument(
        "--sample", type=_posts, metavar="N", help="fetch only about N posts, in slices spread evenly over the time"
    )
    action = commands.add_parser(
        "refresh",
        parents=[asking, counting],
        help="read stored posts again for their likes, reposts, replies and quotes as they are now",
    )
    action.add_argument(
        "--from", dest="since", type=parse_time, required=True, metavar="TIME", help="made from, in ISO 8601, UTC"
    )
    action.add_argument("--to", dest="until", type=parse_time, metavar="TIME", help="made before (now)")
    action.add_argument(
        "--share",
        type=_above_zero,
        default=1.0,
        metavar="S",
        help="only this part of the posts, the same ones each time: 0.1 is a tenth (1)",
    )
    for name, what in (
        ("archive", "publish posts of the table archive again"),
        ("rejected", "publish messages of the table rejected again"),
    ):
        action = commands.add_parser(name, parents=[counting], help=what)
        first = name == "archive"
        action.add_argument(
            "--from", dest="since", type=parse_time, required=first, metavar="TIME", help="start, in ISO 8601, UTC"
        )
        action.add_argument("--to", dest="until", type=parse_time, metavar="TIME", help="end (now)")
        action.add_argument(
            "--rate", type=_above_zero, default=200.0, metavar="R", help="at most so many messages per second (200)"
        )
        action.set_defaults(again=False)
        if not first:
            action.add_argument("--again", action="store_true", help="also messages that were published again before")
    action = commands.add_parser("rules", help="compare and change X's rules")
    actions = action.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser(
        "check", parents=[with_rules], help="check the file, without X or a token; exit code 1 if there is a mistake"
    )
    action = actions.add_parser(
        "plan", parents=[with_rules], help="show what apply would change; exit code 1 if anything would"
    )
    action.add_argument(
        "--price", action="store_true", help="show posts and dollars per day, by X's counts of the last seven days"
    )
    action.add_argument("--json", action="store_true", help="print JSON to stdout")
    action = actions.add_parser("apply", parents=[with_rules, asking], help="sync X's rules with the file")
    action.add_argument("--remove-foreign", action="store_true", help="also remove rules that the file does not name")
    return whole
