"""Says what a file is, from its beginning: how it is compressed, in which encoding, in which format. Refuses what holds no posts."""

import codecs
from contextlib import suppress
from itertools import islice, pairwise
from typing import IO, NamedTuple

from apache_beam.io.filesystem import BeamIOError

from posts.includes import Object
from posts.prices import dollars

from . import containers, opening, unpack
from .containers import Member
from .errors import Nested, Unreadable
from .formats import pairs, personal, tables
from .opening import blocks, exists, opened
from .units import is_open
from .unpack import CutOff

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


TAR = "tar"
DAMAGED = "damaged"  # what comes after an archive's last file that can be read


def detect_shape(path: str, member: Member | None = None) -> Shape:
    """Return how the file is to be read, from its beginning. Raises Unreadable for one that holds no posts of X's, CutOff for one that is
    damaged at its beginning.
    """
    with opened(path, member) as file:
        return shape_of(file, path, in_archive=member is not None)


def shape_of(file: IO[bytes], path: str, *, in_archive: bool) -> Shape:
    """The same of a file that is open. `path` says what is beside it. Raises Nested for an archive in an archive."""
    packing = unpack.detect_packing(file.read(8))
    if in_archive and packing == "zip":
        raise Nested("holds another archive: unpack it first")
    head = _read_beginning(file, packing)
    if containers.is_tar(head):
        if in_archive:
            raise Nested("holds another archive: unpack it first")
        return Shape(packing, format=TAR)
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
        if not account_beside(path):
            raise Unreadable(
                "is X's own data archive, and account.js, which says whose posts these are, is not in the same folder"
            )
        return Shape(packing, encoding, line_break=line_break, format=personal.NAME)
    if lines and (table := tables.detect(lines[0])):
        return Shape(packing, encoding, line_break=line_break, format=table[0], delimiter=table[1])
    if (users := pairs.users_file(path)) and exists(users):
        return Shape(packing, encoding, format=pairs.NAME)
    _refuse_other_kinds(lines)
    return Shape(packing, encoding, not _spans_lines(lines), line_break)


def _refuse_other_kinds(lines: list[bytes]) -> None:
    """Raise Unreadable for a file that is none of X's JSON, from its first lines."""
    for begin, kind in _OTHER_KINDS.items():
        if lines and lines[0].startswith(begin):
            raise Unreadable(f"is {kind}")
    ids = [line.strip(b'",') for line in lines]
    if len(ids) > 1 and all(post_id.isdigit() for post_id in ids[1:]):
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
        for block in blocks(file, packing):
            head += block
            breaks = head.count(b"\n") or head.count(b"\r")
            if len(head) >= _SNIFFED_BYTES and (breaks > 1 or len(head) >= opening.LINE_BYTES):
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


def beside(path: str) -> list[str]:
    """Return the files that are read with this one, whether they are there or not."""
    if users := pairs.users_file(path):
        return [users]
    return _account_files(path) if path.endswith(".js") else []


def account_beside(path: str) -> Object:
    """Return the account of X's own data archive, from the files beside its posts."""
    return personal.account(*map(_read_or_empty, _account_files(path)))


def _account_files(path: str) -> list[str]:
    folder, slash, _ = path.rpartition("/")
    return [f"{folder}{slash}{name}" for name in ("account.js", "profile.js")]


def _read_or_empty(path: str) -> bytes:
    try:
        with opened(path) as file:
            return file.read(_SNIFFED_BYTES)
    except (OSError, BeamIOError):
        return b""
