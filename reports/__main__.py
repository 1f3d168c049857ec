"""python -m reports."""

import signal
import sys


def main() -> int:
    # Ctrl-C during the imports: no traceback, and nothing that swallows it
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from . import options  # noqa: PLC0415 - as above

    options.parser().parse_args()  # --help and mistakes are answered at once
    from .cli import main as run  # noqa: PLC0415 - Google's client, pandas' and networkx' friends take a second to import

    signal.signal(signal.SIGINT, before)
    return run()


if __name__ == "__main__":
    sys.exit(main())
