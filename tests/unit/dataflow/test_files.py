"""Parts of files: every line belongs to one part, wherever the files are divided."""

import gzip
from pathlib import Path

import pytest

from dataflow import files
from dataflow.errors import UsageError
from dataflow.files import CutOff, File, Part


def read(parts: list[Part]) -> list[bytes]:
    return [line.data for part in parts for line in files.lines(part)]


@pytest.mark.parametrize("end", [b"\n", b""], ids=["with a line break at the end", "without"])
def test_every_line_is_in_one_part_wherever_a_file_is_divided(tmp_path: Path, end: bytes) -> None:
    content = b"\n".join([b"a", b"", b"bcd", b"ef" * 5, b"g"]) + end
    path = tmp_path / "posts.jsonl"
    path.write_bytes(content)
    expected = content.splitlines(keepends=True)
    for size in range(1, len(content) + 1):
        parts = [Part(str(path), at, min(at + size, len(content))) for at in range(0, len(content), size)]
        assert read(parts) == expected, size


def test_a_line_knows_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"one\ntwo\nthree\n")
    part = Part(str(path), 4, 14)
    found = list(files.lines(part))
    assert [(line.start, line.data) for line in found] == [(4, b"two\n"), (8, b"three\n")]
    assert [files.line_number(part, line.start) for line in found] == [2, 3]


def test_a_compressed_file_is_one_part_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(gzip.compress(b"one\n" * 100))
    (file,) = files.find([str(path)])
    (part,) = files.divide([file])
    assert read([part]) == [b"one\n"] * 100
    assert files.line_number(part, 8) == 3


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole[: len(whole) // 2], id="the second half is missing"),
        pytest.param(lambda whole: whole[:-8] + b"\0" * 8, id="the checksum is wrong"),
        pytest.param(lambda whole: whole[:30] + b"\xff" * 30 + whole[60:], id="bytes in the middle are others"),
    ],
)
def test_a_damaged_file_is_told_and_what_comes_before_is_read(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "posts.jsonl.gz"
    whole = gzip.compress(b"".join(b"line %d\n" % n for n in range(10_000)))
    path.write_bytes(damage(whole))  # type: ignore[operator]
    found: list[bytes] = []

    def read_all() -> None:
        for line in files.lines(Part(str(path), 0, len(whole))):
            found.append(line.data)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(CutOff):
        read_all()
    assert found == [b"line %d\n" % n for n in range(len(found))]


def test_of_a_line_that_is_too_long_the_beginning_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", 10)
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"short\n" + b"x" * 25 + b"\nend\n")
    found = [(line.start, line.data, line.is_whole) for line in files.lines(Part(str(path), 0, 36))]
    assert found == [(0, b"short\n", True), (6, b"x" * 10, False), (32, b"end\n", True)]


def test_the_same_files_are_divided_in_the_same_way_into_parts_of_a_few_seconds(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"x\n")
    for size, parts in ((1, 1), (1_999_999, 1), (2_000_001, 2), (320_000_000, 64), (32_000_000_000, 1_000)):
        divided = files.divide([File(str(path), size, 0.0)])
        assert len(divided) == parts
        assert [part.start for part in divided[1:]] == [part.end for part in divided[:-1]]
        assert (divided[0].start, divided[-1].end) == (0, size)


def test_a_pattern_without_a_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*\*\.jsonl"):
        files.find([str(tmp_path / "*.jsonl")])
