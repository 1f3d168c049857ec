"""Finds files, here or in Cloud Storage (gs://), divides them into parts that can be read side by side, and reads the lines of a part."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple, cast

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from .errors import UsageError

# of a part: at least thousands of posts, so that Beam's own work is small beside it, and at most seconds of work
_LEAST_BYTES, _MOST_BYTES = 2_000_000, 32_000_000
_PARTS = 64  # wanted, within these bounds, so that all workers have about the same work
LINE_BYTES = 32_000_000  # a page of 500 posts has about 2 MB
_GZIP = b"\x1f\x8b"
_BUFFER_BYTES = 1_000_000


class File(NamedTuple):
    """A file, as it was when it was found: `changed` in seconds since 1970."""

    path: str
    size: int
    changed: float


class Part(NamedTuple):
    """The lines of a file that begin at `start` or later, and before `end`, in bytes. All of it if the file is compressed."""

    path: str
    start: int
    end: int


class CutOff(Exception):
    """A compressed file ends in the middle, or is damaged. The lines before that were read."""


class Line(NamedTuple):
    """A line, its bytes with the line break, and the offset in the (uncompressed) file at which it begins.

    Of a line that is longer than LINE_BYTES only the beginning is kept, and `is_whole` is False.
    """

    start: int
    data: bytes
    is_whole: bool


def find(patterns: Sequence[str]) -> list[File]:
    """Return the files that match, each once, in the order of their paths. Raises UsageError."""
    found: dict[str, File] = {}
    for pattern in patterns:
        try:
            matched = FileSystems.match([pattern])[0].metadata_list
        except (BeamIOError, ValueError, OSError) as error:
            raise UsageError(f"{pattern} cannot be looked for: {error}") from None
        if not matched:
            raise UsageError(
                f"There is no file {pattern}. Name files or a pattern, here or in Cloud Storage (gs://...)."
            )
        for one in matched:
            found[one.path] = File(one.path, one.size_in_bytes, one.last_updated_in_seconds or 0.0)
    return [found[path] for path in sorted(found)]


def divide(files: Sequence[File]) -> list[Part]:
    """Return parts of about the same size; a compressed file is one part. The same files are always divided in the same way."""
    part_bytes = min(max(sum(file.size for file in files) // _PARTS, _LEAST_BYTES), _MOST_BYTES)
    parts: list[Part] = []
    for file in files:
        if _is_gzip(file.path):
            parts.append(Part(file.path, 0, file.size))
            continue
        parts += [Part(file.path, at, min(at + part_bytes, file.size)) for at in range(0, file.size, part_bytes)]
    return parts


def lines(part: Part) -> Iterator[Line]:
    """Yield the lines of a part. Raises CutOff."""
    with _open(part.path) as file:
        if file.read(2) == _GZIP:
            file.seek(0)
            unzipped = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
            yield from _lines(io.BufferedReader(unzipped, _BUFFER_BYTES), 0, None)  # type: ignore[type-var]
            return
        at = max(0, part.start - 1)
        file.seek(at)
        reader = io.BufferedReader(file, _BUFFER_BYTES)  # type: ignore[type-var]
        if part.start:
            at += _skip_line(reader)  # the part before reads the line that crosses the border
        yield from _lines(reader, at, part.end)


def line_number(part: Part, start: int) -> int:
    """Return which line of the file begins at the offset, from 1 on. Reads the file up to there: for the lines that are rejected."""
    count, left = 1, start
    with _open(part.path) as file:
        reader = gzip.GzipFile(fileobj=file) if _is_gzip(part.path) else file
        while left > 0 and (block := reader.read(min(left, _BUFFER_BYTES))):
            count += block.count(b"\n")
            left -= len(block)
    return count


def _lines(reader: IO[bytes] | io.BufferedReader, at: int, end: int | None) -> Iterator[Line]:
    while end is None or at < end:
        try:
            data = reader.readline(LINE_BYTES)
            is_whole = len(data) < LINE_BYTES or data.endswith(b"\n")
            rest = 0 if is_whole else _skip_line(reader)
        except (EOFError, OSError, zlib.error) as error:
            raise CutOff(f"{type(error).__name__}: {error}") from None
        if not data:
            return
        yield Line(at, data, is_whole)
        at += len(data) + rest


def _skip_line(reader: IO[bytes] | io.BufferedReader) -> int:
    """Read on to the next line, and return how many bytes that were."""
    skipped = 0
    while block := reader.readline(_BUFFER_BYTES):
        skipped += len(block)
        if block.endswith(b"\n"):
            break
    return skipped


def _is_gzip(path: str) -> bool:
    with _open(path) as file:
        return bool(file.read(2) == _GZIP)


def _open(path: str) -> IO[bytes]:
    return cast("IO[bytes]", FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED))
