"""python -m demo."""

import sys

from . import options


def main() -> int:
    arguments = options.parser().parse_args()
    from .cli import main as run  # noqa: PLC0415 - Google's clients take a second to import

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
