"""Why a run ends before its end. The text is for a person: what happened, why it may have, what to do now."""


class LocalError(Exception):
    """Shown without a traceback; ends with `exit_code`."""

    exit_code = 1


class UsageError(LocalError):
    """Something that was asked for cannot be had."""

    exit_code = 2
