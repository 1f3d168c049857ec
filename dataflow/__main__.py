"""python -m dataflow. The parts are in other modules, because Beam's workers cannot find what is defined in __main__."""

import sys

from . import options


def main() -> int:
    options.parser().parse_known_args()  # --help and mistakes are answered at once
    from .cli import main as run  # noqa: PLC0415 - Beam takes seconds to import

    return run()


if __name__ == "__main__":
    sys.exit(main())
