"""What the supervisor is made of, and what ends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.bearer_token import Token
from runtime.errors import ExpectedError

from .budget import Spent
from .ledger.ledger import Ledger
from .ports import Clock, Http, Publisher, Random, Secret, Stream
from .settings import Settings
from .timeouts import Timeouts
from .x.fields import TweetFields
from .x.rate_limit import XTime
from .x.reception import Reception
from .x.rules import Rule


class StoppedByX(Exception):
    """A fatal answer of X's: its row in the ledger, and what the process ends with."""

    def __init__(self, error: ExpectedError, row: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.row = row


class BudgetSpent(Exception):
    """The user's own limit is reached."""

    def __init__(self, spent: Spent) -> None:
        until = f"until {spent.until:%F %H:%M} UTC" if spent.until else "here"
        super().__init__(
            f"{spent.setting} is reached: {spent.units:,} of {spent.limit:,} units, each a post's price. The stream ends "
            f"{until}. To have more, raise the limit and start again."
        )
        self.spent = spent


@dataclass(frozen=True, slots=True)
class Looks:
    """How often the held stream is looked at, and how late a look may come until this process counts as paused; in seconds."""

    every: float = 0.5
    late: float = 1.5


@dataclass(frozen=True, slots=True)
class Parts:
    """The outside world, and what the process is to do in it."""

    settings: Settings
    times: Timeouts
    rules: list[Rule]  # the file's
    token: Token
    environ: Mapping[str, str]
    clock: Clock
    random: Random
    x_time: XTime
    http: Http
    stream: Stream
    reception: Reception
    published: Publisher  # for what the stream gives
    searched: Publisher  # for what search gives
    ledger: Ledger
    secret: Secret
    looks: Looks = Looks()
    fields: TweetFields = field(default_factory=TweetFields)
    most_units: int = 0  # that this run may spend; 0: no limit but those of the settings
