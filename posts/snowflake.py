"""X's ids hold the time of their post: milliseconds since 2010-11-04T01:42:54.657Z above the 22nd bit. Pure."""

EPOCH = 1_288_834_974.657  # seconds since 1970


def snowflake_time(post_id: int) -> float:
    """Return when the post was made, in seconds since 1970."""
    return (post_id >> 22) / 1_000 + EPOCH
