"""What is not a message's fault."""


class BadMoment(Exception):
    """BigQuery did not store, or did not answer; it may later."""
