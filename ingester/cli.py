"""The command line of the ingester: runs a command, and says why it ended."""

import argparse
import os
import sys
from contextlib import suppress

from google.auth.exceptions import GoogleAuthError

from runtime import log
from runtime.errors import ConfigurationError, ExpectedError

from . import queued_log, run, settings
from .errors import Done
from .timeouts import Timeouts

_LAST_LINES_SECONDS = 1.0  # for the last lines: Cloud Run gives 10 s in all
_FLUSH_SECONDS = 5.0  # where nobody waits for us, and the lines say why


def main(arguments: argparse.Namespace) -> int:
    """Exit codes: 0 told to stop and all published, or nothing to do; 2 to 5 as errors.py says; 1 a bug, or rules differ."""
    queued_log.start()
    queued_log.silence_tweepy()
    code = 1
    try:
        code = _say(arguments)
    finally:
        queued_log.flush(_LAST_LINES_SECONDS if code == 0 else _FLUSH_SECONDS)
    return code


def _say(arguments: argparse.Namespace) -> int:
    """Run, and say why it ended: in the log of the stream, and on stderr where it is an error."""
    hold = arguments.command == "stream"
    try:
        code = _run(arguments)
    except Done as done:
        log.event("stopped", reason="done", message=str(done), exit_code=0)
        return 0
    except (ExpectedError, GoogleAuthError) as problem:
        error = problem if isinstance(problem, ExpectedError) else _no_credentials(problem)
        if hold:
            log.event("stopped", "CRITICAL", reason=type(error).__name__, message=str(error), exit_code=error.exit_code)
        # stdout and stderr may be one pipe: a sentence within a line of JSON would make both unreadable
        queued_log.flush(_LAST_LINES_SECONDS)
        with suppress(OSError, ValueError, AttributeError):  # a closed stderr changes no exit code
            sys.stderr.write(f"ingester: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("ingester: Stopped, as you asked.\n")
        return 130
    if hold:
        log.event("stopped", reason="told", exit_code=0)
    return code


def _no_credentials(problem: GoogleAuthError) -> ExpectedError:
    return ConfigurationError(
        f"Google gives no credentials: {problem}. On your own machine: gcloud auth application-default login; in the cloud the "
        "service account's are there by themselves."
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "rules" and arguments.action == "check":
        from .commands import sync_rules  # noqa: PLC0415 - the stream needs no terminal

        return sync_rules.check(arguments)
    loaded = settings.read(os.environ, needs_x=arguments.command not in ("archive", "rejected"))
    times = Timeouts().scaled(arguments.time_scale)
    if arguments.command == "stream":
        run.run(loaded, arguments.rules, times, posts=arguments.posts)
        return 0
    from .commands import fetch, refresh, republish, session, sync_rules  # noqa: PLC0415 - the stream needs no terminal

    opened = session.open_session(loaded, times)
    if arguments.command == "rules":
        command = sync_rules.plan if arguments.action == "plan" else sync_rules.apply
    else:
        command = {"search": fetch.fetch, "refresh": refresh.refresh}.get(arguments.command, republish.republish)
    return session.run(command(opened, arguments))
