"""python -m ingester."""

import signal


def main() -> None:
    # Ctrl-C during the imports: no traceback, and nothing that swallows it
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from . import options, queued_log  # noqa: PLC0415 - as above

    arguments = options.parser().parse_args()
    from .cli import main as run  # noqa: PLC0415 - Google's clients take a second to import

    signal.signal(signal.SIGINT, before)
    queued_log.end(run(arguments))


if __name__ == "__main__":
    main()
