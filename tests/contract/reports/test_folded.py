"""Texts are compared by BigQuery as by the filter: the SQL of FOLDED, and the expression for emoji."""

import emoji
import pytest
from google.cloud import bigquery

from posts.text import fold
from reports import questions
from tests.support.report_rows import asked

HARD = [
    "Café",
    "Cafe\u0301",
    "ＭＵＳＩＣ",
    "İSTANBUL",
    "ISPARTA ılık",
    "Μουσική ΜΟΥΣΙΚΗ",
    "ᾳ̈",
    "don’t",
    "donʼt",
    "don't",
    "soft\u00adhyphen",
    "نرم\u200cافزار",
    "كـــتاب",
    "ﷺ",
    "❤️",
    "❤",
    "Straße STRASSE ẞ",
    "ﬁne",
    "Nike™ ®",
    "한국어",
    "\u1112\u1161\u11ab",
    "ｱｲｳ ガ",
    "año ano",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "x" * 300,
    "",
    "à́̂",
    "ς σ Σ",
    "Ǆ",
    "㎏ ½",
]


def test_bigquery_folds_as_the_filter_does(session_client: bigquery.Client) -> None:
    folded = questions.expand("FOLDED(written)")
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ArrayQueryParameter("texts", "STRING", HARD)])
    rows = session_client.query(f"SELECT written, {folded} AS folded FROM UNNEST(@texts) AS written", config).result()
    assert {row["written"]: row["folded"] for row in rows} == {text: fold(text) for text in HARD}


# a sequence that Unicode recommends, with all its signs of presentation or without any
EMOJI = [sequence for sequence in emoji.EMOJI_DATA if sequence not in "©®™" and len(sequence) > 1]


@pytest.mark.parametrize("joined", [" ", "a"], ids=["apart", "within words"])
def test_each_emoji_of_unicode_is_found_whole(session_client: bigquery.Client, joined: str) -> None:
    sql = questions.load("top_emoji").sql(asked())
    expression = sql[sql.index("REGEXP_EXTRACT_ALL(text") : sql.index(" AS written") - 1]
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("text", "STRING", joined.join(EMOJI))]
    )
    (row,) = session_client.query(f"SELECT {expression} AS found FROM (SELECT @text AS text)", config).result()
    assert row["found"] == EMOJI
