"""python -m functions.remove_deleted."""

import sys

from . import options


def main() -> int:
    parser = options.parser()
    arguments = parser.parse_args()
    if (arguments.dry_run or arguments.yes) and (arguments.due or arguments.status):
        parser.error("--dry-run and --yes go with --post or --user")
    from .cli import main as run  # noqa: PLC0415 - Google's clients take a second to import

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
