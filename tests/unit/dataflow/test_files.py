"""Files: every line is in one part, wherever a file is divided; what is packed, damaged or laid out otherwise is read as far as it goes."""

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard

from dataflow import convert, files, opening, reading
from dataflow.errors import UnreadableFile, UsageError
from dataflow.files import File, Part
from dataflow.shapes import Shape
from dataflow.unpack import _DAMAGE, _MAKE, CutOff, unpacked
from posts.errors import BadMessage

POSTS = [json.dumps({"id": str(n), "text": f"post {n} ✨"}, ensure_ascii=False).encode() for n in range(2_000)]
LINES = b"".join(post + b"\n" for post in POSTS)


def zipped(content: bytes, *more: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in ("posts.jsonl", *more):
            archive.writestr(name, content)
    return made.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "zip": zipped,
    "zip, stored": lambda content: zipped(content, method=zipfile.ZIP_STORED),
}


def read(parts: list[Part]) -> list[bytes]:
    return [line.data for part in parts for line in reading.lines(part)]


def parts_of(folder: Path, content: bytes, name: str = "posts") -> list[Part]:
    path = folder / name
    path.write_bytes(content)
    return files.divide(files.find([str(path)]))


def found_in(folder: Path, content: bytes) -> list[str]:
    """Return the id of each message, or why there is none, in their order."""
    return [
        found.record.reason
        if isinstance(found.record, BadMessage)
        else f"no post: {found.data.decode()}"
        if found.record.no_post
        else id_of(found.record.payload)
        for part in parts_of(folder, content)
        for found in convert.file_records(part, "")
    ]


def id_of(payload: str) -> str:
    try:
        return str(json.loads(payload)["data"]["id"])
    except (ValueError, KeyError):
        return "other"  # the row code rejects it


@pytest.mark.parametrize("end", [b"\n", b""], ids=["with a line break at the end", "without"])
def test_every_line_is_in_one_part_wherever_a_file_is_divided(tmp_path: Path, end: bytes) -> None:
    content = b"\n".join([b"a", b"", b"bcd", b"ef" * 5, b"g"]) + end
    path = tmp_path / "posts.jsonl"
    path.write_bytes(content)
    expected = content.splitlines(keepends=True)
    for size in range(1, len(content) + 1):
        parts = [Part(str(path), at, min(at + size, len(content))) for at in range(0, len(content), size)]
        assert read(parts) == expected, size
        numbers = [reading.lines_before(part) + line.line for part in parts for line in reading.lines(part)]
        assert numbers == list(range(len(expected))), size


@pytest.mark.parametrize("packing", PACK)
def test_a_compressed_file_is_one_part_whatever_its_name(tmp_path: Path, packing: str) -> None:
    (part,) = parts_of(tmp_path, PACK[packing](LINES))
    assert read([part]) == LINES.splitlines(keepends=True)
    assert [line.line for line in reading.lines(part)] == list(range(len(POSTS)))


@pytest.mark.parametrize("packing", ["gzip", "bz2", "xz", "zstd"])
def test_compressed_files_that_were_joined_are_read_to_the_end(tmp_path: Path, packing: str) -> None:
    assert b"".join(read(parts_of(tmp_path, PACK[packing](LINES) * 3))) == LINES * 3


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "the second half is missing": lambda whole: whole[: len(whole) // 2],
    "the last bytes are others": lambda whole: whole[:-8] + b"\1" * 8,
    "something follows": lambda whole: whole + b"garbage that is no file",
}


@pytest.mark.parametrize("packing", ["gzip", "bz2", "xz", "zstd"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_every_line_before_the_damage_is_read_and_the_rest_is_one_rejected_message(
    tmp_path: Path, packing: str, damage: str
) -> None:
    content = DAMAGE[damage](PACK[packing](LINES))
    found = found_in(tmp_path, content)
    assert found[-1] == "cut_off"
    assert found[:-1] == [str(n) for n in range(len(found) - 1)]
    assert len(found) - 1 >= whole_lines(packing, content)


@pytest.mark.parametrize("packing", ["gzip", "bz2", "xz"])
def test_damage_in_the_middle_costs_nothing_that_comes_before(tmp_path: Path, packing: str) -> None:
    whole = PACK[packing](LINES)
    half = len(whole) // 2
    found = found_in(tmp_path, whole[:half] + b"\xff" * 60 + whole[half + 60 :])
    before = whole_lines(packing, whole[:half])
    assert found[-1] == "cut_off"
    assert found[:before] == [str(n) for n in range(before)]


def whole_lines(packing: str, content: bytes) -> int:
    """Return how many lines the damaged file still gives, fed byte by byte to the library's own decompressor."""
    member = _MAKE[packing]()
    given = bytearray()
    with suppress(*_DAMAGE):
        for byte in content:
            given += member.decompress(bytes([byte]))
    return given.count(b"\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packing", [None, "gzip"])
def test_what_windows_writes_is_read(tmp_path: Path, encoding: str, packing: str | None) -> None:
    content = LINES.decode().replace("\n", "\r\n").encode(encoding)
    assert found_in(tmp_path, PACK[packing](content) if packing else content) == [str(n) for n in range(len(POSTS))]


LAYOUTS: dict[str, bytes] = {
    "an array on one line": b"[" + b",".join(POSTS[:9]) + b"]",
    "an array, an element a line": b"[\n" + b",\n".join(POSTS[:9]) + b"\n]\n",
    "an array of one element a line": b"[" + b",\n".join(POSTS[:9]) + b"]",
    "an indented array": json.dumps([json.loads(post) for post in POSTS[:9]], indent=2).encode(),
    "an indented page": json.dumps({"data": [json.loads(post) for post in POSTS[:9]]}, indent=2).encode(),
    "indented posts, one after the other": b"\n".join(json.dumps(json.loads(p), indent=1).encode() for p in POSTS[:9]),
    "pages longer than what is looked at, in an array": b"["
    + b",\n".join(b'{"data":[%b],"meta":{"note":"%b"}}' % (post, b"x" * 1_100_000) for post in POSTS[:9])
    + b"]",
    "a page over a few lines": b'{"data":[\n' + b",\n".join(POSTS[:9]) + b'\n],"meta":\n{}}\n',
    "posts that nothing separates": b"".join(POSTS[:9]),
    "blank lines first": b"\n" * 60 + json.dumps({"data": [json.loads(p) for p in POSTS[:9]]}, indent=1).encode(),
    "lines that a carriage return ends": b"\r".join(POSTS[:9]) + b"\r",
    "an indented array whose lines a carriage return ends": json.dumps(
        [json.loads(post) for post in POSTS[:9]], indent=2
    )
    .replace("\n", "\r")
    .encode(),
    "an indented post after one on a line": POSTS[0]
    + b"\n"
    + b"\n".join(json.dumps(json.loads(p), indent=1).encode() for p in POSTS[1:9]),
    "arrays, one a line": b"[" + b",".join(POSTS[:5]) + b"]\n[" + b",".join(POSTS[5:9]) + b"]\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_is_read_however_it_is_laid_out(tmp_path: Path, layout: str) -> None:
    assert found_in(tmp_path, LAYOUTS[layout]) == [str(n) for n in range(9)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b"[%b,null,7,%b]" % (POSTS[0], POSTS[1]), ["0", "no_post", "no_post", "1"], id="odd elements of an array"
        ),
        pytest.param(
            b'{"data":[%b,{"id":"9","username":"ann"},%b]}' % (POSTS[0], POSTS[1]),
            [
                "0",
                'no post: {"data":[' + f'{POSTS[0].decode()},{{"id":"9","username":"ann"}},{POSTS[1].decode()}]}}',
                "1",
            ],
            id="an account among posts",
        ),
        pytest.param(
            b'{"data": {"id\n%b\nno json\n%b' % (POSTS[0], POSTS[1]),
            ["not_json", "0", "not_json", "1"],
            id="damaged lines",
        ),
        pytest.param(
            b'{"data":{"id":"7","text":"a"}\n{"data":{"id":"8","text":"a"}\n%b\n%b\n' % (POSTS[0], POSTS[1]),
            ["not_json", "not_json", "0", "1"],
            id="two lines cut off outside of a string",
        ),
        pytest.param(b"[\n%b},\n%b\n]" % (POSTS[0], POSTS[1]), ["0", "not_json", "1"], id="a bracket too many"),
        pytest.param(b"\n\n", [], id="blank lines"),
    ],
)
def test_invalid_parts_of_a_file_are_rejected_without_the_posts_around_them(
    tmp_path: Path, content: bytes, expected: list[str]
) -> None:
    assert found_in(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id,text\n1,hello\n", "holds no JSON"),
        (b'window.YTD.tweets.part0 = [\n  {\n    "tweet" : {', "is X's own data archive"),
        (b"PAR1\0\0", "is Parquet"),
        (zipped(b"hello", "another.jsonl"), "no file holds posts"),
        (zipped(b"{}")[:60], "is a zip archive that is damaged"),
        (gzip.compress(b"id,text\n1,hello\n"), "holds no JSON"),
        (b"\0" * 257 + b"ustar" + b"\0" * 250, "is a tar archive"),
        ("id;text\n".encode("utf-16"), "holds no JSON"),
    ],
    # by its bytes a case would be named by the second in which it was packed, and two workers would collect different tests
    ids=[
        "CSV",
        "tweets.js",
        "Parquet",
        "a zip of two files",
        "a damaged zip",
        "CSV, compressed",
        "tar",
        "CSV in UTF-16",
    ],
)
def test_another_kind_of_file_is_refused_before_anything_is_read(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says) as refused:
        parts_of(tmp_path, content)
    assert refused.value.exit_code == 1
    assert str(tmp_path / "posts") in str(refused.value)


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        files.find([str(tmp_path)])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe"):
        files.find([str(tmp_path / "pipe")])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.jsonl cannot be read: No such file"):
        files.fingerprint(files.File(str(tmp_path / "gone.jsonl"), 1, 0.0))


def test_of_a_line_that_is_too_long_the_beginning_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LINE_BYTES", 10)
    content = b"{short}\n" + b"x" * 25 + b"\n{end}\n"
    expected = [(0, b"{short}\n", True), (1, b"x" * 10, False), (2, b"{end}\n", True)]
    for packed in (content, gzip.compress(content)):
        assert [
            (line.line, line.data, line.is_whole) for line in reading.lines(*parts_of(tmp_path, packed))
        ] == expected


def test_the_same_files_are_divided_in_the_same_way_into_parts_of_a_few_seconds(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"{}\n")
    for size, parts in ((1, 1), (1_999_999, 1), (2_000_001, 2), (320_000_000, 64), (32_000_000_000, 1_000)):
        divided = files.divide([File(str(path), size, 0.0)])
        assert len(divided) == parts
        assert [part.start for part in divided[1:]] == [part.end for part in divided[:-1]]
        assert (divided[0].start, divided[-1].end) == (0, size)
        assert {part.shape for part in divided} == {Shape()}


def test_reading_a_truncated_gzip_file_raises_cut_off(tmp_path: Path) -> None:
    with pytest.raises(CutOff):
        read(parts_of(tmp_path, gzip.compress(LINES)[:-20]))


def test_a_pattern_without_a_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*\*\.jsonl"):
        files.find([str(tmp_path / "*.jsonl")])


def test_a_long_array_on_one_line_is_read_to_its_end(tmp_path: Path) -> None:
    content = b"[" + b",".join(POSTS * 20) + b"]"
    assert len(found_in(tmp_path, content)) == 20 * len(POSTS)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda whole: whole.replace(b"posts.jsonl", b"\0" * 11), id="no name"),
        pytest.param(
            lambda whole: whole.replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\x99"), id="a version to come"
        ),
        pytest.param(lambda whole: whole[:-40] + b"\xff" * 20 + whole[-20:], id="an offset beyond the end"),
    ],
)
def test_a_damaged_zip_is_refused_in_words(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnreadableFile, match="is a zip archive"):
        parts_of(tmp_path, damage(zipped(LINES)))


def skippable(content: bytes) -> bytes:
    return b"\x57\x2a\x4d\x18\x05\0\0\0hello" + content


@pytest.mark.parametrize("first", [True, False])
def test_frames_that_zstd_skips_are_skipped(tmp_path: Path, first: bool) -> None:
    packed = [zstandard.compress(LINES[: len(LINES) // 2]), skippable(zstandard.compress(LINES[len(LINES) // 2 :]))]
    if first:
        packed[0] = skippable(packed[0])
    assert b"".join(read(parts_of(tmp_path, b"".join(packed) + skippable(b"")))) == LINES


def test_a_zstd_of_a_large_window_is_read(tmp_path: Path) -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    packed = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    assert b"".join(read(parts_of(tmp_path, packed.compress(LINES) + packed.flush()))) == LINES


@pytest.mark.parametrize("packing", ["gzip", "bz2", "xz", "zstd", "zip"])
def test_what_repeats_itself_is_unpacked_little_by_little(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "posts"
    path.write_bytes(PACK[packing](b"\n" * 60_000_000))
    with path.open("rb") as file:
        assert max(map(len, unpacked(file, packing))) < 20_000_000


def test_what_macos_puts_into_a_zip_is_no_second_file(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("posts.jsonl", LINES)
        archive.writestr("__MACOSX/._posts.jsonl", b"\0")
    assert len(found_in(tmp_path, made.getvalue())) == len(POSTS)


def test_zeros_after_a_gzip_are_nothing(tmp_path: Path) -> None:
    assert found_in(tmp_path, gzip.compress(LINES) + b"\0" * 500) == [str(n) for n in range(len(POSTS))]


def test_damage_after_a_value_of_several_lines_is_on_the_line_where_it_ends(tmp_path: Path) -> None:
    content = gzip.compress(json.dumps([json.loads(post) for post in POSTS[:50]], indent=1).encode())
    *_, last = [found for part in parts_of(tmp_path, content[:-6]) for found in convert.file_records(part, "")]
    assert last.place
    assert last.place.attributes()["line"] == "201"
