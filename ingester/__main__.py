"""python -m ingester stream: the command line of the ingester."""

import argparse
import os
import sys
from pathlib import Path

from . import log, rules, settings, stream
from .errors import IngesterError


def main() -> int:
    """Exit codes: 0 told to stop and all published; 2, 3, 4 as errors.py says; 1 a bug."""
    arguments = _parser().parse_args()
    log.quiet()
    try:
        stream.run(settings.read(os.environ), arguments.rules)
    except IngesterError as error:
        log.event("stopped", "CRITICAL", reason=type(error).__name__, message=str(error), exit_code=error.exit_code)
        print(f"ingester: {error}", file=sys.stderr)
        return error.exit_code
    log.event("stopped", reason="told", exit_code=0)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingester", description="Gets posts from X and publishes them to Pub/Sub."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    command = commands.add_parser("stream", help="hold X's filtered stream until told to stop (SIGTERM)")
    command.add_argument(
        "--rules", type=Path, default=rules.FILE, help="the rules to install where X has none (%(default)s)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
