"""How a connection to X's stream ended. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DisconnectKind(StrEnum):
    """What ended it."""

    CLOSED = "closed"  # X closed it
    NETWORK = "network"  # it was refused, reset or cut
    CERTIFICATE = "certificate"  # the certificate is not valid
    SILENT = "silent"  # no byte came
    STALLED = "stalled"  # keep-alives came, and no posts
    RULES_LOST = "rules_lost"  # X lacks some of our rules
    ANNOUNCED = "announced"  # X announced the end in the stream
    HTTP = "http"  # X gave another answer than a stream
    LIMIT = "limit"  # our own limit is reached


@dataclass(frozen=True, slots=True)
class Disconnect:
    """How one connection ended, after so many `seconds` and `posts`.

    `status` and `problem` are X's HTTP answer, `reset_in` the seconds that it asks to wait; `reason` is for a person.
    """

    kind: DisconnectKind
    seconds: float = 0.0
    status: int = 0
    problem: dict[str, Any] = field(default_factory=dict)
    reset_in: float | None = None
    reason: str = ""
    posts: int = 0
