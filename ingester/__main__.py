"""python -m ingester: the command line of the ingester."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from google.auth.exceptions import GoogleAuthError

from . import log, run, settings, version
from .errors import ConfigurationError, Done, IngesterError
from .timeouts import Timeouts
from .x import rules
from .x.search import parse_time

_TOLD_SECONDS = 1.0  # for the last lines: Cloud Run gives 10 s in all
_FLUSH_SECONDS = 5.0  # where nobody waits for us, and the lines say why


def main() -> int:
    """Exit codes: 0 told to stop and all published, or nothing to do; 2 to 5 as errors.py says; 1 a bug, or rules differ."""
    arguments = _parser().parse_args()
    log.quiet()
    code = 1
    try:
        code = _say(arguments)
    finally:
        log.flush(_TOLD_SECONDS if code == 0 else _FLUSH_SECONDS)
    return code


def _say(arguments: argparse.Namespace) -> int:
    """Run, and say why it ended: in the log of the stream, and on stderr where it is an error."""
    hold = arguments.command == "stream"
    try:
        code = _run(arguments)
    except Done as done:
        log.event("stopped", reason="done", message=str(done), exit_code=0)
        return 0
    except (IngesterError, GoogleAuthError) as problem:
        error = problem if isinstance(problem, IngesterError) else _no_credentials(problem)
        if hold:
            log.event("stopped", "CRITICAL", reason=type(error).__name__, message=str(error), exit_code=error.exit_code)
        # stdout and stderr may be one pipe: a sentence within a line of JSON would make both unreadable
        log.flush(_TOLD_SECONDS)
        with suppress(OSError, ValueError, AttributeError):  # a closed stderr changes no exit code
            sys.stderr.write(f"ingester: {error}\n")
        return error.exit_code
    if hold:
        log.event("stopped", reason="told", exit_code=0)
    return code


def _no_credentials(problem: GoogleAuthError) -> IngesterError:
    return ConfigurationError(
        f"Google gives no credentials: {problem}. On your own machine: gcloud auth application-default login; in the cloud the "
        "service account's are there by themselves."
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "rules" and arguments.action == "check":
        from .commands import sync_rules  # noqa: PLC0415 - the stream needs no terminal

        return sync_rules.check(arguments)
    environment = settings.read(os.environ, needs_x=arguments.command not in ("archive", "rejected"))
    times = Timeouts().scaled(arguments.time_scale)
    if arguments.command == "stream":
        run.run(environment, arguments.rules, times, posts=arguments.posts)
        return 0
    from .commands import fetch, republish, sync_rules  # noqa: PLC0415 - the stream needs no terminal

    if arguments.command == "rules":
        return (sync_rules.plan if arguments.action == "plan" else sync_rules.apply)(environment, arguments)
    if arguments.command == "search":
        return fetch.fetch(environment, arguments, times)
    return republish.again(environment, arguments)


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _posts(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of posts")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingester", description="Gets posts from X and publishes them to Pub/Sub."
    )
    parser.add_argument("--version", action="version", version=version.NUMBER)
    parser.add_argument(
        "--time-scale",
        type=_above_zero,
        default=1.0,
        metavar="F",
        help="multiply all waiting times by this factor, for trials (1)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    with_rules = argparse.ArgumentParser(add_help=False)
    with_rules.add_argument("--rules", type=Path, default=rules.FILE, metavar="FILE", help="rules file (%(default)s)")
    asking = argparse.ArgumentParser(add_help=False)
    asking.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    counting = argparse.ArgumentParser(add_help=False)
    counting.add_argument("--dry-run", action="store_true", help="only say how many there are")

    one = commands.add_parser(
        "stream", parents=[with_rules], help="hold X's filtered stream until told to stop (SIGTERM)"
    )
    one.add_argument(
        "--posts",
        type=_posts,
        default=0,
        metavar="N",
        help="end after N posts; searches and requests for counts spend no more than N posts can cost (no limit)",
    )
    one = commands.add_parser(
        "search",
        parents=[with_rules, asking, counting],
        help="fetch what the stream did not deliver, or years of history",
    )
    one.add_argument(
        "--from", dest="since", type=parse_time, required=True, metavar="TIME", help="start, in ISO 8601, UTC"
    )
    one.add_argument("--to", dest="until", type=parse_time, metavar="TIME", help="end (now)")
    one.add_argument("--rule", action="append", metavar="TAG", help="only the rule with this tag (repeatable)")
    one.add_argument(
        "--sample", type=_posts, metavar="N", help="fetch only about N posts, in slices spread evenly over the time"
    )
    for name, what in (
        ("archive", "publish posts of the table archive again"),
        ("rejected", "publish messages of the table rejected again"),
    ):
        one = commands.add_parser(name, parents=[counting], help=what)
        first = name == "archive"
        one.add_argument(
            "--from", dest="since", type=parse_time, required=first, metavar="TIME", help="start, in ISO 8601, UTC"
        )
        one.add_argument("--to", dest="until", type=parse_time, metavar="TIME", help="end (now)")
        one.add_argument(
            "--rate", type=_above_zero, default=200.0, metavar="R", help="at most so many messages per second (200)"
        )
        one.set_defaults(again=False)
        if not first:
            one.add_argument("--again", action="store_true", help="also messages that were published again before")
    one = commands.add_parser("rules", help="compare and change X's rules")
    actions = one.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser(
        "check", parents=[with_rules], help="check the file, without X or a token; exit code 1 if there is a mistake"
    )
    one = actions.add_parser(
        "plan", parents=[with_rules], help="show what apply would change; exit code 1 if anything would"
    )
    one.add_argument(
        "--price", action="store_true", help="show posts and dollars per day, by X's counts of the last seven days"
    )
    one.add_argument("--json", action="store_true", help="print JSON to stdout")
    one = actions.add_parser("apply", parents=[with_rules, asking], help="sync X's rules with the file")
    one.add_argument("--remove-foreign", action="store_true", help="also remove rules that the file does not name")
    return parser


if __name__ == "__main__":
    log.end(main())
