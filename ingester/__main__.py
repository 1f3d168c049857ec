"""python -m ingester."""

import signal


def main() -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # Ctrl-C during the imports: no traceback, and nothing that swallows it
    from . import log, options  # noqa: PLC0415 - as above

    arguments = options.parser().parse_args()
    from .cli import main as run  # noqa: PLC0415 - Google's clients take a second to import

    signal.signal(signal.SIGINT, signal.default_int_handler)
    log.end(run(arguments))


if __name__ == "__main__":
    main()
