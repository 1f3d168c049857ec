"""The columns that we fill: one type a table, the allow-list of what may be sent to it.

A test holds each to `infra/bigquery/<table>.json`, name, type and mode; `schema.py` holds them to the tables that are there.
Named tuples, because one is made for each row. Of TweetRow none is made: rows.py makes a dict of the same columns, which is faster.
"""

from typing import Annotated, Any, NamedTuple

# what BigQuery's column is, where a string stands for something else
Bytes = Annotated[str, "BYTES"]  # in base64
Datetime = Annotated[str, "DATETIME"]  # UTC
Json = Annotated[str, "JSON"]
Timestamp = Annotated[str, "TIMESTAMP"]  # UTC


class TweetRow(NamedTuple):
    """One accepted delivery of a post, as infra/bigquery/tweet_versions.json describes it."""

    id: str
    created_at: Datetime | None  # to the second
    tweet_location: str | None
    text: str | None
    retweet_count: int | None
    favorite_count: int | None
    user_name: str | None
    user_location: str | None
    user_followers_count: int | None
    user_id: str | None
    user_username: str | None
    lang: str | None
    conversation_id: str | None
    retweet_of: str | None
    quote_of: str | None
    reply_to: str | None
    edit_of: str | None
    hashtags: list[str]
    mentions: list[str]
    urls: list[str]
    rules: list[str]
    keywords: list[str]
    longitude: float | None
    latitude: float | None
    country_code: str | None
    sentiment: float | None
    sentiment_model: str | None
    possibly_sensitive: bool | None
    quote_count: int | None
    reply_count: int | None
    original_retweet_count: int | None
    original_favorite_count: int | None
    source: str
    received_at: Timestamp
    loaded_at: Timestamp
    payload: Json


class FilteredRow(NamedTuple):
    """A post that the filter dropped; its content stays in `archive`."""

    id: str
    reason: str
    received_at: Timestamp
    loaded_at: Timestamp
    source: str


class SupersededRow(NamedTuple):
    """An earlier version of an edited post."""

    id: str
    by_id: str
    at: Timestamp


class RejectedRow(NamedTuple):
    """A message that can never become a post's row, whole."""

    data: Bytes
    subscription_name: str
    message_id: str
    publish_time: Timestamp | None
    attributes: Json
    reason: str
    error: str
    rejected_at: Timestamp


TABLES: dict[str, type[tuple[Any, ...]]] = {
    "tweet_versions": TweetRow,
    "filtered": FilteredRow,
    "superseded": SupersededRow,
    "rejected": RejectedRow,
}


def columns(row: TweetRow | FilteredRow | SupersededRow | RejectedRow) -> dict[str, Any]:
    """Return a row as insertAll takes it. NULLs are left out: BigQuery treats an absent key as NULL."""
    return {name: value for name, value in zip(row._fields, row, strict=True) if value is not None}
