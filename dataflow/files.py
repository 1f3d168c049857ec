"""Finds files, here or in Cloud Storage (gs://), divides them into parts that can be read side by side, and reads the lines of a part."""

import codecs
import hashlib
import io
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import IO, NamedTuple, cast

import orjson
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from posts.includes import Object
from posts.prices import dollars

from . import containers, unpack
from .containers import Member
from .errors import Unreadable, UnreadableFile, UsageError
from .formats import pairs, personal, tables
from .units import Unit, is_open, units
from .unpack import CutOff

# of a part: at least thousands of posts, so that Beam's own work is small beside it, and at most seconds of work
_LEAST_BYTES, _MOST_BYTES = 2_000_000, 32_000_000
_PARTS = 64  # wanted, within these bounds, so that all workers have about the same work
LINE_BYTES = 32_000_000  # a page of 500 posts has about 2 MB
_BUFFER_BYTES = 1_000_000
_SNIFFED_BYTES = 1_000_000  # bytes at the beginning of a file that say what it is
_SNIFFED_LINES = 50

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What people have beside X's JSON, by how it begins.
_OTHER_KINDS = {
    b"window.YTD": "a part of X's own data archive that holds no posts (its posts are in tweets.js)",
    b"PAR1": "Parquet",
    b"%PDF": "PDF",
    b"<": "HTML or XML",
    b"SQLite": "an SQLite database",
}


class File(NamedTuple):
    """A file, as it was when it was found: `changed` in seconds since 1970."""

    path: str
    size: int
    changed: float


class Shape(NamedTuple):
    """How a file is to be read: what it is compressed with ('' if it is not), its encoding, and whether each line is a JSON value.

    With `line_break` \\r a carriage return alone ends a line. `format` is '' for JSON, else the NAME of one of formats/, or tar.
    """

    packing: str = ""
    encoding: str = "utf-8"
    is_lines: bool = True
    line_break: bytes = b"\n"
    format: str = ""
    delimiter: str = ","  # of a table


_TAR = "tar"


class Part(NamedTuple):
    """The lines of a file that begin at `start` or later, and before `end`, in bytes. All of it if it can only be read from its start.

    `member` is the file in the archive `path`, if that is one.
    """

    path: str
    start: int
    end: int
    shape: Shape = Shape()
    member: Member | None = None

    @property
    def name(self) -> str:
        """Return the path, and what it is in the archive, for a person."""
        return f"{self.path}: {self.member.name}" if self.member else self.path


def find(patterns: Sequence[str]) -> list[File]:
    """Return the files that match, each once, in the order of their paths. Raises UsageError."""
    by_path: dict[str, File] = {}
    for pattern in patterns:
        try:
            matched = FileSystems.match([pattern])[0].metadata_list
        except (BeamIOError, ValueError, OSError) as error:
            raise UsageError(f"{pattern} cannot be looked for: {error}") from None
        if not matched:
            raise UsageError(
                f"There is no file {pattern}. Name files or a pattern, here or in Cloud Storage (gs://...)."
            )
        for match in matched:
            _require_file(match.path)
            by_path[match.path] = File(match.path, match.size_in_bytes, match.last_updated_in_seconds or 0.0)
    return [by_path[path] for path in sorted(by_path)]


def fingerprint(file: File) -> str:
    """Return what tells a file from others: its content, so that one that was only touched or moved is the same.

    In Cloud Storage, where reading costs, it is the path, the size and the time of the last change. Raises UsageError.
    """
    if "://" in file.path:
        return f"{file.path} {file.size} {file.changed}"
    try:
        with Path(file.path).open("rb") as content:
            return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise UsageError(f"{file.path} cannot be read: {error.strerror or error}. Nothing was loaded.") from None


def _require_file(path: str) -> None:
    """Raise UsageError for what is here and is no file: its size says nothing, and several processes cannot read it."""
    if "://" in path or not Path(path).exists():
        return
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path} is a folder. Name its files: '{path.rstrip('/')}/*.jsonl'.")
    if not stat.S_ISREG(mode):
        raise UsageError(
            f"{path} is a pipe or a device, which can be read only once. Write it to a file first, and name that."
        )


def detect_shape(path: str, member: Member | None = None) -> Shape:
    """Return how the file is to be read, from its beginning. Raises Unreadable for one that holds no posts of X's."""
    with _open(path, member) as file:
        packing = unpack.detect_packing(file.read(8))
        head = _read_beginning(file, packing)
    if containers.is_tar(head):
        return Shape(packing, format=_TAR)
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "") or _encoding_without_mark(
        head
    )
    if encoding != "utf-8":
        head = head.decode(encoding, "replace").encode()
    head = head.removeprefix(codecs.BOM_UTF8)
    line_break = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    head = head.replace(line_break, b"\n")
    lines = [line.strip() for line in islice(head.lstrip().split(b"\n"), _SNIFFED_LINES) if line.strip()]
    if personal.IS_OF_POSTS.match(head.lstrip()):
        if not _account(path):
            raise Unreadable(
                "is X's own data archive, and account.js, which says whose posts these are, is not in the same folder"
            )
        return Shape(packing, encoding, format=personal.NAME)
    if lines and (table := tables.detect(lines[0])):
        return Shape(packing, encoding, format=table[0], delimiter=table[1])
    if (users := pairs.users_file(path)) and _exists(users):
        return Shape(packing, encoding, format=pairs.NAME)
    _refuse_other_kinds(lines)
    return Shape(packing, encoding, not _spans_lines(lines), line_break)


def _refuse_other_kinds(lines: list[bytes]) -> None:
    """Raise Unreadable for a file that is none of X's JSON, from its first lines."""
    for begin, kind in _OTHER_KINDS.items():
        if lines and lines[0].startswith(begin):
            raise Unreadable(f"is {kind}")
    ids = [line.strip(b'",') for line in lines]
    if len(ids) > 1 and all(one.isdigit() for one in ids[1:]):
        prices = f"${dollars('post'):.3f} each, and ${dollars('user'):.3f} an author"
        raise Unreadable(
            f"is a list of ids, without the posts. X gives posts by id at {prices}: twarc2 hydrate does it, and its file can be imported"
        )
    if lines and not any(line[:1] in b"{[" for line in lines):
        raise Unreadable("holds no JSON: none of its first lines begins with { or [")


def _read_beginning(file: IO[bytes], packing: str) -> bytes:
    """Return enough of the content to see what it is: its first two lines at the least, if they are no longer than lines may be."""
    head = bytearray()
    with suppress(CutOff):  # said when it is read
        for block in _blocks(file, packing):
            head += block
            breaks = head.count(b"\n") or head.count(b"\r")
            if len(head) >= _SNIFFED_BYTES and (breaks > 1 or len(head) >= LINE_BYTES):
                break
    return bytes(head)


def _encoding_without_mark(head: bytes) -> str:
    """Return the encoding of a text without a byte order mark: JSON begins with a sign of ASCII."""
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[1:2] != b"\0" else "utf-8"


def _spans_lines(lines: list[bytes]) -> bool:
    """Whether values go on over lines. The first of JSON lines may be damaged; then all others begin objects all the same.

    An array is read element by element in any case.
    """
    if not lines or lines[0][:1] == b"[":
        return bool(lines)
    if is_open(lines[0]):
        return any(line[:1] != b"{" for line in lines[1:])
    # JSON lines may be followed by indented values
    return any(line[-1:] in b"{[," and is_open(line) and following[:1] in b'"]}' for line, following in pairwise(lines))


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return False
    return True


def divide(files: Sequence[File]) -> list[Part]:
    """Return parts of about the same size; what can only be read from its start is one part.

    The same files are always divided in the same way. Raises UnreadableFile, before anything is read, for a file without posts of X's.
    """
    part_bytes = min(max(sum(file.size for file in files) // _PARTS, _LEAST_BYTES), _MOST_BYTES)
    parts: list[Part] = []
    names = {file.path for file in files}
    for file in files:
        if pairs.is_users_file(file.path) and file.path.replace("users_", "data_") in names:
            continue  # read with the posts beside it
        try:
            if members := _members(file.path):
                inside = [
                    Part(file.path, 0, one.size, shape, one)
                    for one in members
                    if (shape := _member_shape(file.path, one)) is not None
                ]
                if not inside:
                    raise Unreadable("is an archive in which no file holds posts of X's")
                parts += inside
                continue
            shape = detect_shape(file.path)
        except Unreadable as error:
            raise UnreadableFile(file.path, error) from None
        if shape == Shape():
            parts += [Part(file.path, at, min(at + part_bytes, file.size)) for at in range(0, file.size, part_bytes)]
        else:
            parts.append(Part(file.path, 0, file.size, shape))
    return parts


def _members(path: str) -> list[Member]:
    """Return the files of an archive that can be read each by itself; none for anything else. Raises Unreadable."""
    with _open(path) as file:
        head = file.read(512)
        if unpack.detect_packing(head) == "zip":
            return containers.zip_members(file)
        file.seek(0)
        if containers.is_tar(head):
            members = containers.tar_members(file)
            if not members:
                raise Unreadable("is a tar archive without files")
            return members
    return []


def _member_shape(path: str, member: Member) -> Shape | None:
    """Return how a file in an archive is to be read; None for what holds no posts: such archives have indexes and read-me files too."""
    try:
        return detect_shape(path, member) if member.size else None
    except Unreadable:
        return None


def _exists(path: str) -> bool:
    try:
        with _open(path):
            return True
    except (OSError, BeamIOError):
        return False


def _account(path: str) -> Object:
    """Return the account of X's own data archive, from the files beside its posts."""
    folder, slash, _ = path.rpartition("/")
    said = []
    for name in ("account.js", "profile.js"):
        try:
            with _open(f"{folder}{slash}{name}") as file:
                said.append(file.read(_SNIFFED_BYTES))
        except (OSError, BeamIOError):
            said.append(b"")
    return personal.account(*said)


def lines(part: Part) -> Iterator[Unit]:
    """Yield the lines of a part, or the JSON values of one that is not written in lines, numbered from 0 on. Raises CutOff."""
    with _open(part.path, part.member) as file:
        if part.shape != Shape():
            damage: list[CutOff] = []
            blocks = _as_utf8(_until_damage(_blocks(file, part.shape.packing), damage), part.shape.encoding)
            if part.shape.line_break != b"\n":
                blocks = (block.replace(part.shape.line_break, b"\n") for block in blocks)
            yield from _raise_at_damage(_values(blocks, part), damage)
            return
        file.seek(max(0, part.start - 1))
        reader = io.BufferedReader(file, _BUFFER_BYTES)  # type: ignore[type-var]
        at = max(0, part.start - 1)
        if part.start:
            at += _skip_line(reader)  # the part before reads the line that crosses the border
        yield from _lines(reader, at, part.end)


def _values(blocks: Iterator[bytes], part: Part) -> Iterator[Unit]:
    """Yield the values of a text, by its format."""
    shape = part.shape
    match shape.format:
        case "":
            return _split_lines(blocks) if shape.is_lines else units(blocks, LINE_BYTES)
        case personal.NAME:
            return personal.read(blocks, _account(part.path), LINE_BYTES)
        case pairs.NAME:
            with _open(pairs.users_file(part.path)) as users:
                return iter([pairs.page(b"".join(blocks), users.read())])
        case _ if shape.format == _TAR:
            return _lines_of_files(containers.streamed(blocks))
    return tables.read(blocks, shape.format, shape.delimiter, LINE_BYTES)


def _lines_of_files(files: Iterable[IO[bytes]]) -> Iterator[Unit]:
    """Yield the lines of files one after the other, numbered through."""
    number = 0
    for file in files:
        packing = unpack.detect_packing(file.read(8))
        last = -1
        for unit in _split_lines(_blocks(file, packing)):
            if unit.data.lstrip()[:1] in (b"{", b"["):
                yield unit._replace(line=number + unit.line)
            last = unit.line
        number += last + 1


@lru_cache(maxsize=256)
def lines_before(part: Part) -> int:
    """Return how many lines of the file begin before those of the part. Reads the file up to there."""
    count, unread = 0, part.start
    with _open(part.path, part.member) as file:
        while unread > 0 and (block := file.read(min(unread, _BUFFER_BYTES))):
            unread -= len(block)
            count += block.count(b"\n")
            ended = block.endswith(b"\n")
    return count if not part.start or ended else count + 1


def _lines(reader: IO[bytes] | io.BufferedReader, at: int, end: int) -> Iterator[Unit]:
    number = 0
    while at < end:
        data = reader.readline(LINE_BYTES)
        if not data:
            return
        is_whole = len(data) < LINE_BYTES or data.endswith(b"\n")
        skipped = 0 if is_whole else _skip_line(reader)
        yield Unit(number, data, is_whole)
        number += 1
        at += len(data) + skipped


def _skip_line(reader: IO[bytes] | io.BufferedReader) -> int:
    """Read on to the next line, and return how many bytes that were."""
    skipped = 0
    while block := reader.readline(_BUFFER_BYTES):
        skipped += len(block)
        if block.endswith(b"\n"):
            break
    return skipped


def _blocks(file: IO[bytes], packing: str) -> Iterator[bytes]:
    file.seek(0)
    return unpack.unpacked(file, packing) if packing else iter(lambda: file.read(_BUFFER_BYTES), b"")


def _until_damage(blocks: Iterator[bytes], damage: list[CutOff]) -> Iterator[bytes]:
    """Yield blocks, and note why there are no more: those who wait for the end of a line get what there is of it."""
    try:
        yield from blocks
    except CutOff as error:
        damage.append(error)


def _raise_at_damage(values: Iterator[Unit], damage: list[CutOff]) -> Iterator[Unit]:
    """Yield the whole values, then raise CutOff if the file is damaged; the error carries the incomplete last value, if there is one."""
    last: Unit | None = None
    for unit in values:
        if last:
            yield last
        last = unit
    if last and (not damage or _is_json(last.data)):
        yield last
    elif last:
        damage[0].incomplete = last
    if damage:
        raise damage[0]


def _as_utf8(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield UTF-8 without a byte order mark."""
    first = next(blocks, b"")
    while len(first) < len(codecs.BOM_UTF8) and (following := next(blocks, b"")):
        first += following
    if encoding == "utf-8":
        yield from chain([first.removeprefix(codecs.BOM_UTF8)], blocks)
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for number, block in enumerate(chain([first], blocks)):
        text = decoder.decode(block)
        yield (text if number else text.removeprefix("\ufeff")).encode()


def _split_lines(blocks: Iterable[bytes]) -> Iterator[Unit]:
    """Yield the lines of a text that comes in blocks."""
    line_buffer, number, is_whole = bytearray(), 0, True
    for block in blocks:
        line_buffer += block
        if b"\n" in block:
            *ended, incomplete = bytes(line_buffer).split(b"\n")
            for line in ended:
                data = line + b"\n"
                yield Unit(number, data[:LINE_BYTES], is_whole and len(data) <= LINE_BYTES)
                number, is_whole = number + 1, True
            line_buffer = bytearray(incomplete)
        if len(line_buffer) > LINE_BYTES:
            del line_buffer[LINE_BYTES:]
            is_whole = False
    if line_buffer:
        yield Unit(number, bytes(line_buffer), is_whole)


@contextmanager
def _open(path: str, member: Member | None = None) -> Iterator[IO[bytes]]:
    with cast("IO[bytes]", FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)) as file:
        if member is None:
            yield file
        else:
            with containers.opened(file, member) as content:
                yield content
