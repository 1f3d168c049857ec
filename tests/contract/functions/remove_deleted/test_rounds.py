"""The whole loop against X's emulator and a real SQL engine: what X names is gone from every table, and nothing else."""

import json
from datetime import timedelta

import pytest
from google.cloud import bigquery

from functions.remove_deleted import names
from functions.remove_deleted.errors import BadMoment
from functions.remove_deleted.rounds import Run, record
from functions.remove_deleted.store import Store
from functions.remove_deleted.sweep import sweep
from functions.remove_deleted.x import X
from runtime.errors import ConfigurationError
from tests.support.removal import Clock, StandIn, Stored
from tests.support.waiting import eventually
from tests.support.x_messages import message, post, refer

GONE = post(1, "secret words of a deleted post", days_ago=3)
KEPT = post(2, "words that stay", days_ago=2)
FRESH = timedelta(minutes=5)


def until_it_rests(run: Run, clock: Clock, runs: int = 12) -> None:
    """Run the schedule, a quarter of an hour apart, until there is nothing left to do."""
    for _ in range(runs):
        try:
            if run.run_steps().startswith("there is nothing to do until"):
                return
        except BadMoment:
            pass  # the next run goes on from there
        clock.pass_by(minutes=15)
    raise AssertionError(f"after {runs} runs there is still something to do")


def test_a_deleted_post_goes_with_its_copies_and_nothing_else_does(stored: Stored, x: StandIn, run: Run) -> None:
    retweet = post(3, "RT @user771: secret words of a dele…", **refer("retweeted", GONE))
    references = [{"type": "quoted", "id": GONE["id"]}, {"type": "replied_to", "id": KEPT["id"]}]
    quote = post(4, "what I think of it", referenced_tweets=references)
    stored.add(message(GONE), message(KEPT), message(retweet, GONE), message(quote, GONE, KEPT))
    message_payload = json.dumps({"data": {"id": GONE["id"], "text": "secret"}})
    stored.reject(json.dumps({"id": GONE["id"], "payload": message_payload}).encode())
    stored.reject(b"\xff\xfe secret bytes of " + GONE["id"].encode())
    stored.reject(b"nothing of it")
    x.say({GONE["id"]: "deleted"})
    assert run.run_steps().startswith("there is nothing to do until")
    text = stored.text()
    assert "secret" not in text
    assert "name of 771" not in text
    assert "words that stay" in text
    kept = sorted([KEPT["id"], quote["id"]])
    assert stored.shown() == stored.ids("tweet_versions") == stored.ids("archive") == kept
    assert [row["data"] for row in stored.ask("SELECT data FROM rejected")] == [b"nothing of it"]
    for table in ("tweet_versions", "archive"):
        (row,) = stored.ask(f"SELECT payload FROM {table} WHERE id = '{quote['id']}'")
        payload = row["payload"] if table == "tweet_versions" else json.loads(row["payload"])
        assert payload == message(quote, KEPT)
    audit = stored.ask(
        "SELECT id, inside, table_name, action, reason FROM removals ORDER BY table_name, action, id, inside"
    )
    assert [tuple(row.values()) for row in audit] == [
        (GONE["id"], quote["id"], "archive", "copy_removed", "deleted"),
        (GONE["id"], None, "archive", "row_removed", "deleted"),
        (retweet["id"], None, "archive", "row_removed", "deleted"),
        (GONE["id"], None, "rejected", "row_removed", "deleted"),
        (GONE["id"], None, "rejected", "row_removed", "deleted"),
        (GONE["id"], quote["id"], "tweet_versions", "copy_removed", "deleted"),
        (GONE["id"], None, "tweet_versions", "row_removed", "deleted"),
        (retweet["id"], None, "tweet_versions", "row_removed", "deleted"),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "deleted",
        *(
            pytest.param(reason, marks=pytest.mark.slow)
            for reason in ("deactivated", "suspended", "protected", "bounced")
        ),
        "a_word_of_tomorrow",
    ],
)
def test_every_reason_but_a_scrubbed_location_takes_the_post(stored: Stored, x: StandIn, run: Run, reason: str) -> None:
    stored.add(message(GONE), message(KEPT))
    x.say({GONE["id"]: reason})
    run.run_steps()
    assert stored.ids("tweet_versions") == stored.ids("archive") == [KEPT["id"]]
    assert {row["reason"] for row in stored.ask("SELECT reason FROM removals")} == {reason}


def test_a_scrubbed_location_goes_from_its_row_its_message_and_its_copies(stored: Stored, x: StandIn, run: Run) -> None:
    place = {"id": "p", "full_name": "Secret Place", "country_code": "XY"}
    geo = {"place_id": "p", "coordinates": {"type": "Point", "coordinates": [12.51234, 41.54321]}}
    there = post(5, "I am here", geo=geo)
    quote = post(6, "look where", **refer("quoted", there))
    stored.add(message(there, places=[place]), message(quote, there, places=[place]))
    x.say({there["id"]: "scrub_geo"})
    run.run_steps()
    text = stored.text()
    assert "Secret Place" not in text
    assert "41.54321" not in text
    assert stored.shown() == sorted([there["id"], quote["id"]])
    (row,) = stored.ask(
        f"SELECT text, tweet_location, longitude, latitude, country_code FROM tweet_versions WHERE id = '{there['id']}'"
    )
    assert row == {
        "text": "I am here",
        "tweet_location": None,
        "longitude": None,
        "latitude": None,
        "country_code": None,
    }
    assert {row["action"] for row in stored.ask("SELECT action FROM removals")} == {"location_removed"}


def test_what_is_too_fresh_is_out_of_the_view_at_once_and_of_the_table_later(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    retweet = post(3, "RT @user771: secret", **refer("retweeted", GONE))
    quote = post(4, "what I think of it", **refer("quoted", GONE))
    stored.add(message(GONE), message(retweet, GONE), message(quote, GONE), age=FRESH)
    x.say({GONE["id"]: "deleted"})
    run.run_steps()
    assert stored.shown() == [quote["id"]]
    (shown,) = stored.ask("SELECT payload FROM tweets")
    assert "secret" not in json.dumps(shown["payload"])
    assert len(stored.ids("tweet_versions")) == 3
    clock.pass_by(minutes=90)
    run.run_steps()
    assert len(stored.ids("tweet_versions")) == 3
    clock.pass_by(minutes=6)
    run.run_steps()
    assert stored.ids("tweet_versions") == stored.ids("archive") == [quote["id"]]
    assert "secret" not in stored.text()


def test_rows_that_bigquery_keeps_longer_in_its_buffer_are_left_for_later(
    client: bigquery.Client, dataset: str, clock: Clock
) -> None:
    """This engine refuses DML on streamed rows, whatever their columns say."""
    stored = Stored(client, dataset)
    stored.add(message(GONE), message(KEPT))
    store = Store("local", dataset)
    store.change("record", answers=json.dumps([{"id": GONE["id"], "reason": "deleted"}]), event="j", now=clock())
    done = sweep(store, clock())
    assert (done.removed, done.left_fresh) == (0, 2)
    assert stored.shown() == [KEPT["id"]]


def test_deleting_one_version_removes_every_version_of_the_edit_chain(stored: Stored, x: StandIn, run: Run) -> None:
    first, second, third = (post(number, f"version {number}") for number in (11, 12, 13))
    chain = [first["id"], second["id"], third["id"]]
    edits = [first, second | {"edit_history_tweet_ids": chain[:2]}, third | {"edit_history_tweet_ids": chain}]
    stored.add(*(message(one) for one in (edits[2], edits[0], edits[1])))  # in any order
    assert stored.shown() == [third["id"]]
    x.say({second["id"]: "deleted"})
    run.run_steps()
    assert stored.shown() == stored.ids("tweet_versions") == stored.ids("archive") == []
    rows = stored.ask("SELECT id, chain_id, copy_of FROM deletions ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        (first["id"], first["id"], second["id"]),
        (second["id"], first["id"], None),
        (third["id"], first["id"], second["id"]),
    ]


def test_what_comes_back_later_is_not_shown_and_goes_with_the_next_round(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    stored.add(message(GONE))
    x.say({GONE["id"]: "deleted"})
    run.run_steps()
    stored.add(message(GONE))  # a redelivery, a replay
    retweet = post(3, "RT @user771: secret", **refer("retweeted", GONE))
    stored.add(message(retweet, GONE))
    assert stored.shown() == []
    clock.pass_by(hours=13)
    run.run_steps()
    assert "secret" not in stored.text()


def test_a_post_that_was_filtered_out_and_one_that_is_only_quoted_are_asked_about_too(
    stored: Stored, x: StandIn, run: Run
) -> None:
    only_quoted = post(21, "secret words that only a quote carries")
    quote = post(22, "a quote", **refer("quoted", only_quoted))
    cut = post(23, "RT @nobody: secret words without their original", **refer("retweeted", GONE))
    stored.add(message(quote, only_quoted), message(cut))
    moment = "2026-11-20T00:00:00Z"
    filtered = post(24, "secret words that the filter dropped")
    row = {
        "id": filtered["id"],
        "payload": json.dumps(message(filtered)),
        "received_at": moment,
        "source": "stream",
        "message_id": "f",
        "publish_time": moment,
    }
    stored.insert("archive", [row])
    stored.insert(
        "archive",
        [
            row
            | {
                "id": "",
                "payload": '{"data":{"id":"' + filtered["id"] + '","text":"secret and cut of',
                "message_id": "c",
            }
        ],
    )
    x.say({only_quoted["id"]: "deleted", GONE["id"]: "suspended", filtered["id"]: "deleted"})
    run.run_steps()
    assert "secret" not in stored.text()
    assert stored.shown() == [quote["id"]]


def test_a_round_takes_as_many_jobs_as_the_posts_need(stored: Stored, x: StandIn, run: Run, clock: Clock) -> None:
    posts = [post(number, f"post {number}", days_ago=1 + number / 100) for number in range(7)]
    stored.add(*(message(one) for one in posts))
    run.most = 3
    x.say({posts[1]["id"]: "deleted", posts[6]["id"]: "deleted"})
    run.run_steps()
    jobs = stored.ask("SELECT ids FROM compliance_jobs WHERE event = 'created' ORDER BY `at`")
    assert [row["ids"] for row in jobs] == [3, 3, 1]
    assert stored.ids("tweet_versions") == sorted(one["id"] for number, one in enumerate(posts) if number not in (1, 6))
    clock.pass_by(hours=6)
    before = len(stored.ask("SELECT event FROM compliance_jobs"))
    assert run.run_steps().startswith("there is nothing to do until")
    assert len(stored.ask("SELECT event FROM compliance_jobs")) == before, "twelve hours have not passed"


WRONG = [
    ["job-503"],
    ["job-429"],
    ["upload-503"],
    ["failed"],
    ["expired"],
    ["download-403"],
    ["download-cut"],
    ["job-503", "upload-503", "failed", "download-cut"],
    ["job-429", "expired", "download-403"],
]


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, id=" then ".join(words), marks=[pytest.mark.slow] * (len(words) == 1)) for words in WRONG],
)
def test_whatever_goes_wrong_at_x_the_next_runs_go_on(
    stored: Stored, x: StandIn, run: Run, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(run.clock, Clock)
    stored.add(message(GONE), message(KEPT))
    x.say({GONE["id"]: "deleted"})
    x.go_wrong(*words)
    until_it_rests(run, run.clock)
    assert stored.ids("tweet_versions") == stored.ids("archive") == [KEPT["id"]]
    assert "signature" not in stored.text() + capsys.readouterr().out


def test_an_x_plan_without_batch_compliance_is_a_configuration_error(stored: Stored, x: StandIn, run: Run) -> None:
    stored.add(message(GONE))
    x.go_wrong("create-403")
    with pytest.raises(ConfigurationError, match="batch compliance"):
        run.run_steps()


def test_a_run_that_was_cut_off_after_x_made_the_job_is_gone_on_with(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    stored.add(message(GONE), message(KEPT))
    x.say({GONE["id"]: "deleted"})
    last = max((GONE["id"], KEPT["id"]), key=int)
    X(lambda: "local", x.url).create(
        names.name(run.store.dataset, names.JobName(clock().replace(microsecond=0), "0", last, 2))
    )
    until_it_rests(run, clock)
    assert stored.ids("tweet_versions") == [KEPT["id"]]
    assert eventually(lambda: x.process.totals.get("compliance_jobs") == 1)


def test_another_programs_job_is_left_alone(stored: Stored, x: StandIn, run: Run, clock: Clock) -> None:
    stored.add(message(GONE))
    other = X(lambda: "local", x.url)
    job = other.create("somebody else's")
    x.say({GONE["id"]: "deleted"})
    assert "another job" in run.run_steps()
    assert stored.ids("tweet_versions") == [GONE["id"]]
    other.upload(job, ["1"])
    clock.pass_by(minutes=15)
    until_it_rests(run, clock)
    assert stored.ids("tweet_versions") == []


def test_a_job_of_another_dataset_is_not_taken_for_ours(stored: Stored, x: StandIn, run: Run, clock: Clock) -> None:
    stored.add(message(GONE))
    x.say({GONE["id"]: "deleted"})
    other = X(lambda: "local", x.url)
    began = clock().replace(microsecond=0)
    job = other.create(names.name("local.other", names.JobName(began, "0", str(3 * 10**18), 2)))
    assert "another job" in run.run_steps()
    other.upload(job, ["111111"])
    clock.pass_by(minutes=15)
    until_it_rests(run, clock)
    assert stored.ids("tweet_versions") == []


def test_a_finished_job_is_not_taken_up_again_while_another_runs(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    stored.add(message(KEPT))
    run.run_steps()
    X(lambda: "local", x.url).create("somebody else's")
    clock.pass_by(hours=13)
    for _ in range(3):
        assert "another job" in run.run_steps()
        clock.pass_by(minutes=15)
    assert len(stored.ask("SELECT job_id FROM compliance_jobs WHERE event = 'created'")) == 1


def test_the_ids_of_a_job_that_is_uploaded_late_are_all_of_its_range(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    posts = [post(number, f"post {number}", days_ago=5 - number) for number in range(3)]
    stored.add(*(message(one) for one in posts[:2]))
    run.most = 2
    x.say({posts[1]["id"]: "deleted"})
    x.go_wrong("upload-503", "upload-503", "upload-503")
    with pytest.raises(BadMoment):
        run.run_steps()
    stored.add(message(post(7, "an older one", days_ago=9)))
    until_it_rests(run, clock)
    assert posts[1]["id"] not in stored.ids("tweet_versions")


def test_a_sweep_that_fails_keeps_nothing_else_from_being_done(
    stored: Stored, x: StandIn, run: Run, clock: Clock
) -> None:
    stored.add(message(GONE), message(KEPT))
    run.run_steps()
    clock.pass_by(hours=13)
    x.say({GONE["id"]: "deleted"})
    stored.client.delete_table(f"local.{stored.dataset}.removals")
    with pytest.raises(ConfigurationError):
        run.run_steps()
    assert stored.shown() == [KEPT["id"]]


def test_a_round_without_an_answer_for_over_a_day_is_logged_as_late(
    stored: Stored, x: StandIn, run: Run, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    stored.add(message(GONE))
    for _ in range(2):
        x.go_wrong("job-503")
        with pytest.raises(BadMoment):
            run.run_steps()
        clock.pass_by(hours=25)
    x.go_wrong("job-503")
    with pytest.raises(BadMoment):
        run.run_steps()
    assert '"event":"late"' in capsys.readouterr().out


def test_a_number_that_is_no_post_of_x_harms_no_message(stored: Stored, x: StandIn, run: Run) -> None:
    """Ids of old users are like ids of old posts, which are often deleted."""
    stored.reject(b'{"cut":{"id":"3","author_id":"12345678"')
    stored.add_payloads(['{"data":{"author_id":"12345678","text":"cut'])
    x.say({"12345678": "deleted"})
    run.run_steps()
    assert len(stored.ask("SELECT * FROM rejected WHERE message_id LIKE 'd%'")) == 1
    assert len(stored.ids("archive")) == 1


def test_a_message_that_is_json_and_no_post_is_judged_by_the_ids_that_it_names(
    stored: Stored, x: StandIn, run: Run
) -> None:
    stored.add_payloads(['{"data":[{"id":"' + GONE["id"] + '","text":"secret"}]}'])
    x.say({GONE["id"]: "deleted"})
    run.run_steps()
    assert "secret" not in stored.text()


def test_the_author_of_a_deleted_post_leaves_no_profile_in_an_answer_to_it(
    stored: Stored, x: StandIn, run: Run
) -> None:
    answer = post(
        8,
        "I disagree",
        in_reply_to_user_id=GONE["author_id"],
        entities={"mentions": [{"id": GONE["author_id"]}]},
        **refer("replied_to", GONE),
    )
    stored.add(message(answer, GONE))
    x.say({GONE["id"]: "suspended"})
    run.run_steps()
    assert "name of 771" not in stored.text()
    assert stored.shown() == [answer["id"]]


def test_an_empty_location_is_nothing_to_remove(stored: Stored, x: StandIn, run: Run, clock: Clock) -> None:
    stored.add(message(post(9, "nowhere", geo={})))
    x.say({post(9, "")["id"]: "scrub_geo"})
    run.run_steps()
    assert stored.ask("SELECT * FROM removals") == []


def test_the_view_hides_a_deleted_post_between_its_recording_and_the_sweep(
    stored: Stored, run: Run, clock: Clock
) -> None:
    """A deletion shows once it is recorded, for all versions, retweets and quotes. Kept posts show whole again once they are clean."""
    first, second = post(31, "secret one"), post(32, "secret two")
    second |= {"edit_history_tweet_ids": [first["id"], second["id"]]}
    retweet = post(33, "RT @x: secret one", **refer("retweeted", first))
    quote = post(34, "a quote", **refer("quoted", first))
    stored.add(message(first), message(second, first), message(retweet, first), message(quote, first))
    record(run.store, [{"id": second["id"], "reason": "deleted"}], "j", clock)
    (shown,) = stored.ask("SELECT id, payload FROM tweets")
    assert shown == {
        "id": quote["id"],
        "payload": {name: value for name, value in message(quote).items() if name != "includes"},
    }
    sweep(run.store, clock())
    (shown,) = stored.ask("SELECT id, payload FROM tweets")
    assert shown["payload"] == message(quote)


def test_a_second_sweep_finds_nothing(stored: Stored, x: StandIn, run: Run, clock: Clock) -> None:
    quote = post(4, "what I think of it", **refer("quoted", GONE))
    stored.add(message(GONE), message(quote, GONE))
    stored.reject(json.dumps({"id": "9", "payload": json.dumps(message(quote, GONE))}).encode())
    x.say({GONE["id"]: "deleted"})
    run.run_steps()
    audit = stored.ask("SELECT * FROM removals")
    done = sweep(run.store, clock())
    assert (done.removed, done.rewritten, done.left_fresh) == (0, 0, 0)
    assert stored.ask("SELECT * FROM removals") == audit


def test_the_receipt_stays_in_balance_while_rows_leave(stored: Stored, x: StandIn, run: Run) -> None:
    stored.add(message(GONE), message(KEPT))
    run.store.change(
        "record", answers=json.dumps([{"id": GONE["id"], "reason": "deleted"}]), event="j", now=run.clock()
    )
    stored.client.query(f"DELETE FROM {stored.dataset}.tweet_versions WHERE id = '{GONE['id']}'").result()
    assert [row["balance"] for row in stored.ask("SELECT * FROM receipt")] == [0]


def test_a_missing_table_says_what_to_do(stored: Stored, run: Run) -> None:
    stored.client.delete_table(f"local.{stored.dataset}.compliance_jobs")
    with pytest.raises(ConfigurationError, match=r"deploy\.sh up bigquery"):
        run.run_steps()
