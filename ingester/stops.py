"""What ends the ingester for a while: an answer of X's, or the user's own limit.

Each stop is a row of the ledger, and the next start obeys it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from runtime.bearer_token import Token
from runtime.errors import ExpectedError

from . import version
from .budget import LimitReached
from .errors import Done, Refused
from .ledger.events import Stopped, StopReason
from .timeouts import Timeouts
from .x.rate_limit import ServerClock
from .x.reconnect import Stop
from .x.rules import Rule


class StopForNow(Exception):
    """Raised to end the process with `error`, after `row` is in the ledger."""

    def __init__(self, error: ExpectedError, row: Stopped) -> None:
        super().__init__(str(error))
        self.error = error
        self.row = row


class BudgetExceeded(Exception):
    """The user's own limit is reached."""

    def __init__(self, reached: LimitReached) -> None:
        until = f"until {reached.until:%F %H:%M} UTC" if reached.until else "here"
        super().__init__(
            f"{reached.setting} is reached: {reached.units:,} of {reached.limit:,} units, each a post's price. The stream ends "
            f"{until}. To have more, raise the limit and start again."
        )
        self.reached = reached

    @property
    def row(self) -> Stopped:
        reason = StopReason.POSTS if self.reached.period == "run" else StopReason.BUDGET
        return Stopped(reason, retry_after=self.reached.until, note=str(self))


class Stops:
    """Makes stops of what X answers, with the condition whose change ends each."""

    def __init__(self, rules: Sequence[Rule], server_clock: ServerClock, times: Timeouts) -> None:
        self._rules = rules
        self._server_clock = server_clock
        self._times = times

    def conditions(self, token: Token) -> dict[str, str]:
        """Return, for each reason of a stop, the value whose change ends the stop."""
        return {
            StopReason.TOKEN: token.version,
            StopReason.FORBIDDEN: token.version,
            StopReason.PARAMETERS: version.code(),
            StopReason.RULES: version.content_hash([rule.value for rule in self._rules]),
        }

    def stop(self, stop: Stop, token: Token) -> NoReturn:
        """Raise StopForNow, with the token that X refused."""
        now, retry = self._server_clock.now(), None
        if stop.retry_after is not None:
            retry = now + timedelta(seconds=stop.retry_after)
            if stop.until is not None:  # a date that is over does not mean that X is to be asked at once
                retry = min(retry, max(stop.until, now + timedelta(seconds=self._times.stopped)))
        row = Stopped(
            stop.reason,
            retry_after=retry,
            condition=self.conditions(token).get(stop.reason),
            note=stop.message[:900],
        )
        raise StopForNow(Refused(stop.message), row)

    def refuse_rules(self, error: Refused, token: Token) -> NoReturn:
        """Raise StopForNow because X does not take one of the file's rules."""
        self.stop(Stop(StopReason.RULES, str(error), self._times.stopped), token)


def stop_at_start(reached: LimitReached) -> NoReturn:
    """Raise StopForNow because a limit is reached before the stream is asked for."""
    note = f"{reached.setting} is reached: {reached.units:,} of {reached.limit:,} units, each a post's price."
    raise StopForNow(Done(note), Stopped(StopReason.BUDGET, retry_after=reached.until, note=note))
