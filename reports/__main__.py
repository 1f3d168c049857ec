"""python -m reports."""

import signal
import sys


def main() -> int:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # Ctrl-C during the imports: no traceback, and nothing that swallows it
    from . import options  # noqa: PLC0415 - as above

    options.parser().parse_args()  # --help and mistakes are answered at once
    from .cli import main as run  # noqa: PLC0415 - Google's client, pandas' and networkx' friends take a second to import

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
