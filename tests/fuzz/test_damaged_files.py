"""10,000 lines of mixed damage: everything that was read has an outcome, and every line that holds a post is loaded."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataflow import convert, files, opening
from dataflow.convert import Options
from posts.filter import Filter
from tests.support import x_messages
from warehouse.settings import Settings

LINES = 10_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
_OPTIONS = Options(Filter(), Settings("p", "d", frozenset(), keep_retweets=True), 0)
_LONGEST = 200_000  # bytes in the place of 32 MB, and lines as long in proportion


def lines(chance: random.Random) -> list[bytes]:
    """Return the lines; each post has an id of its own."""
    numbers = iter(range(10**15, 10**15 + 10 * LINES))

    def post(text: str = 'about music ✨ \\ "') -> dict[str, Any]:
        return x_messages.post(next(numbers), text)

    def message() -> bytes:
        return json.dumps({"data": post(), "matching_rules": []}, ensure_ascii=chance.random() < 0.5).encode()

    def page() -> bytes:
        return json.dumps({"data": [post() for _ in range(chance.randint(0, 4))], "includes": {}}).encode()

    def array() -> bytes:
        elements = [json.dumps(post()), "null", "7", '"text"', "[]", "{}", '{"id": "1"', json.dumps(post())]
        return f"[{', '.join(chance.sample(elements, chance.randint(1, 6)))}]".encode()

    def doubled() -> bytes:
        return message().replace(b'"text"', b'"text": "twice", "text"', 1)

    kinds: dict[Callable[[], bytes], float] = {
        message: 60,
        page: 5,
        array: 5,
        doubled: 3,
        lambda: json.dumps(post()).encode(): 10,
        lambda: message()[: chance.randint(1, 60)]: 5,
        lambda: b'{"data":' + b"[" * 5_000 + b"]" * 5_000 + b"}": 1,
        lambda: message().replace(b"music", b"mu\xff\xfesic"): 3,
        lambda: json.dumps({"data": post("long " * 60_000)}).encode(): 0.2,
        lambda: bytes(chance.randrange(256) for _ in range(30)).replace(b"\n", b""): 3,
        lambda: b"": 2,
        lambda: b'{"data": {"id": "77", "username": "ann", "name": "Ann"}}': 2,
    }
    return [chance.choices(list(kinds), list(kinds.values()))[0]() for _ in range(LINES)]


def posts_in(line: bytes) -> list[str]:
    """Return the ids of the posts that a JSON parser finds in a line, in the shapes of API v2."""
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError):
        return []
    values = value if isinstance(value, list) else [value]
    found = [data for one in values if isinstance(one, dict) for data in _data(one)]
    return [data["id"] for data in found if isinstance(data, dict) and "id" in data and "text" in data]


def _data(value: dict[str, Any]) -> list[Any]:
    data = value.get("data", value)
    return data if isinstance(data, list) else [data]


def outcomes(path: Path) -> tuple[Counter[str], list[str]]:
    counts: Counter[str] = Counter()
    loaded: list[str] = []
    for part in files.divide(files.find([str(path)])):
        for found in convert.file_records(part, ""):
            result = convert.to_rows(found, _OPTIONS, NOW)
            counts["read"] += 1
            counts[result.outcome] += 1
            loaded += [row["id"] for table, _, row in result.rows if table == "tweet_versions"]
    return counts, loaded


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_what_was_read_has_an_outcome_and_every_post_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(opening, "LINE_BYTES", _LONGEST)
    written = lines(random.Random(seed))
    expected = [name for line in written if len(line) < _LONGEST for name in posts_in(line)]
    assert len(expected) > LINES * 0.7
    content = b"\n".join(written) + b"\n"
    for name, whole in (("lines", content), ("lines.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(whole)
        counts, loaded = outcomes(tmp_path / name)
        assert counts["read"] == counts["loaded"] + counts["filtered"] + counts["rejected"]
        assert set(expected) - set(loaded) == set()
        assert sorted(loaded) == sorted(set(loaded))


def test_of_a_truncated_file_all_that_decompresses_is_loaded(tmp_path: Path) -> None:
    written = [line for line in lines(random.Random(3)) if len(line) < _LONGEST]
    packed = gzip.compress(b"\n".join(written) + b"\n")
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 2 // 3])
    counts, loaded = outcomes(tmp_path / "cut.gz")
    assert counts["read"] == counts["loaded"] + counts["filtered"] + counts["rejected"]
    all_of_it = [name for line in written for name in posts_in(line)]
    # of an array that is damaged, the elements that are not are loaded too: no JSON parser finds them
    written_posts = set(all_of_it)
    kept = [name for name in loaded if name in written_posts]
    assert len(kept) > len(all_of_it) // 2
    assert kept == all_of_it[: len(kept)]
