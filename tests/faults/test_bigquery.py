"""BigQuery is unruly in each of its ways, for the function, the archive's subscription and the ledger alike."""

from pathlib import Path

import pytest
from google.cloud import bigquery

from tests.support.pipeline import Rest
from tests.support.trial import Trial, cases
from tests.support.waiting import eventually

# what BigQuery does with the next inserts
UNRULY = {
    "answers 500": ["500x40"],
    "answers 503": ["503x40"],
    "has had enough of us": ["429x40"],
    "has a quota that is used up": ["403x40"],
    "does not know the table for a while": ["404x40"],
    "answers a part and fails the rest": ["partialx40"],
    "answers no JSON": ["garbledx40"],
    "is slow": ["slowx30"],
    "stores it and its answer is lost": ["lostx40"],
    "does not answer at all, until the ack deadline has passed": [
        "hangx6@tweet_versions",
        "hangx4@filtered",
        "hangx2@archive",
    ],
    "does all of it": [
        "500x5",
        "lostx9",
        "403x3",
        "partialx9",
        "slowx3",
        "429x9",
        "404x3",
        "garbledx5",
        "lostx5",
        "503x5",
        "hangx2",
    ],
    "answers 503, loses answers and fails some rows": ["503x9", "lostx9", "partialx9"],
    "loses answers to the ledger": ["lostx8@ingester_events"],
    "takes nothing for the ledger": ["503x12@ingester_events"],
}


@pytest.mark.parametrize("words", cases(UNRULY, "answers 503, loses answers and fails some rows"))
def test_no_post_is_lost_while_bigquery_misbehaves(rest: Rest, tmp_path: Path, words: list[str]) -> None:
    """Real sockets: answers that Google's client retries, and some that it does not."""
    one = Trial(rest, tmp_path, posts=300, rate=80.0)
    try:
        one.start()
        assert one.sent(60)
        rest.go_wrong(*words)
        one.keep_running(90)
    finally:
        one.stop()
    rest.go_wrong()  # what nobody came to is forgotten
    one.check(60)


@pytest.mark.slow
def test_a_column_that_is_away_for_a_while_rejects_nothing(rest: Rest, tmp_path: Path) -> None:
    """Real tables. The function has seen it at start: inserts learn of a new column later than the table's description does."""
    rest.pipeline.processes["function"].stop()
    rest.pipeline.restart("function")
    one = Trial(rest, tmp_path, posts=300, rate=80.0)
    try:
        one.start()
        assert one.sent(60)
        rest.go_wrong("drop:sentiment")
        function = rest.pipeline.processes["function"]
        assert eventually(lambda: "no such field: sentiment" in function.complaint, 30)
        one.keep_running()
        rest.go_wrong()
    finally:
        one.stop()
    one.check(120)
    assert rest.ask("SELECT 1 FROM rejected") == []


@pytest.mark.slow
def test_a_column_that_is_added_disturbs_nobody(rest: Rest, tmp_path: Path) -> None:
    """Real tables: a column that nobody of ours knows."""
    rest.spoilt = True  # by the column
    one = Trial(rest, tmp_path, posts=200, rate=80.0)
    try:
        one.start()
        assert one.sent(60)
        for name in ("tweet_versions", "archive", "ingester_events"):
            table = rest.client.get_table(f"{rest.client.project}.twitter.{name}")
            table.schema = [*table.schema, bigquery.SchemaField("mine", "STRING")]
            rest.client.update_table(table, ["schema"])
        one.keep_running()
    finally:
        one.stop()
    assert rest.ask("SELECT 1 FROM rejected") == []
    one.check()
