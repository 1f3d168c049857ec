"""python -m reports."""

import sys

from . import options


def main() -> int:
    options.parser().parse_args()  # --help and mistakes are answered at once
    from .cli import main as run  # noqa: PLC0415 - Google's client, pandas' and networkx' friends take a second to import

    return run()


if __name__ == "__main__":
    sys.exit(main())
