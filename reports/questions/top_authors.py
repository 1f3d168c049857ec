"""The author with the largest reach, in words."""

from ..rows import Context, Rows
from ..sentences import posts


def finding(rows: Rows, context: Context) -> str:
    return f"@{rows[0]['username']} has the largest reach: {posts(rows[0]['posts'])}, {rows[0]['followers'] or 0:,} followers."
