"""python -m dataflow. The parts are in other modules, because Beam's workers cannot find what is defined in __main__."""

import signal
import sys


def main() -> int:
    # Ctrl-C during the imports: no traceback, and nothing that swallows it
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from . import options  # noqa: PLC0415 - as above

    options.parser().parse_known_args()  # --help and mistakes are answered at once
    from .cli import main as run  # noqa: PLC0415 - Beam takes seconds to import

    signal.signal(signal.SIGINT, before)
    return run()


if __name__ == "__main__":
    sys.exit(main())
