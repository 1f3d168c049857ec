"""Why a run fails. The texts are for people: what happened, why it may have, what to do now."""


class LocalError(Exception):
    """Shown without a traceback; the program ends with `exit_code`."""

    exit_code = 1


class UsageError(LocalError):
    """What was asked for is not possible."""

    exit_code = 2
