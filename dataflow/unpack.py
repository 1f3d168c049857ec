"""Unpacks compressed files block by block: as much of a damaged one as can be read, and then why there is no more."""

import bz2
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from typing import IO, Any

import zstandard

from .errors import Unreadable
from .units import Unit

_PACKINGS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
# a frame that readers of zstd skip may come first: https://www.rfc-editor.org/rfc/rfc8878#name-skippable-frames
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
# Large archives of posts are packed with zstd --long=31; the window is as much memory as its reader needs.
_WINDOW_BYTES = 2**31
_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)
_ZIP_DAMAGE = (zipfile.BadZipFile, OSError, ValueError, IndexError, NotImplementedError, EOFError)
_ENCRYPTED = 1  # a zip member's flag
# bytes before the name of a zip member: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7
_LOCAL_HEADER = 30

Decompressor = Any  # of zlib, bz2, lzma or zstandard: decompress(), eof, unused_data

_MAKE: dict[str, Callable[[], Decompressor]] = {
    "gzip": partial(zlib.decompressobj, 31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES).decompressobj(),
}
# Read at once. Of what repeats itself a byte becomes up to 1,000 bytes in gzip, 32,000 in zstd: 16 MB. bz2 and xz give a part when asked.
_BLOCK_BYTES = {"gzip": 16_384, "bz2": 16_384, "xz": 16_384, "zstd": 512}
_PIECE_BYTES = 1_000_000


class CutOff(Exception):
    """A compressed file ends in the middle, is damaged, or is followed by something else. What comes before was read.

    `incomplete` is the value that the damage is in, as far as it could be read.
    """

    incomplete: Unit | None = None


def detect_packing(head: bytes) -> str:
    """Return how a file that begins so is compressed: gzip, bz2, xz, zstd or zip; '' if it is not."""
    if _SKIPPABLE.match(head):
        return "zstd"
    return next((name for magic, name in _PACKINGS.items() if head.startswith(magic)), "")


def unpacked(file: IO[bytes], packing: str) -> Iterator[bytes]:
    """Yield the content in blocks. Raises CutOff after the last byte that can be read; Unreadable for a zip that is not one file."""
    if packing == "zip":
        start, make = _only_member(file)
        yield from _member(file, start, make, _BLOCK_BYTES["gzip"])
        return
    at = 0
    while (end := (yield from _member(file, at, _MAKE[packing], _BLOCK_BYTES[packing]))) is not None:
        at = end


def _member(
    file: IO[bytes], start: int, make: Callable[[], Decompressor], block_bytes: int
) -> Generator[bytes, None, int | None]:
    """Yield what begins at `start`, and return where it ends; None at the end of the file."""
    file.seek(start)
    member, at = make(), start
    while not member.eof:
        block = file.read(block_bytes)
        if at == start and not block.strip(b"\0"):  # the end, or what some programs fill the last block with
            return None
        if not block:
            raise CutOff("it ends in the middle")
        yielded = 0
        try:
            for piece in _pieces(member, block):
                yielded += len(piece)
                yield piece
        except _DAMAGE as error:
            yield from _without_first(yielded, _readable_before_damage(file, start, at, make, block))
            raise CutOff(f"{type(error).__name__}: {error}") from None
        at += len(block)
    return at - len(member.unused_data)


def _pieces(member: Decompressor, block: bytes) -> Iterator[bytes]:
    """Yield the content of a block, a part at a time where the decompressor can."""
    if not isinstance(member, bz2.BZ2Decompressor | lzma.LZMADecompressor):
        yield member.decompress(block)
        return
    yield member.decompress(block, _PIECE_BYTES)
    while not (member.needs_input or member.eof):
        yield member.decompress(b"", _PIECE_BYTES)


def _without_first(count: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[count:]
        count = max(0, count - len(piece))


def _readable_before_damage(
    file: IO[bytes], start: int, at: int, make: Callable[[], Decompressor], block: bytes
) -> Iterator[bytes]:
    """Yield what the block still gives before the byte at which it is damaged: a decompressor that fails returns nothing."""
    member, unread = make(), at - start
    file.seek(start)
    while unread > 0:
        reread = file.read(min(unread, 65_536))
        unread -= len(reread)
        member.decompress(reread)
    with suppress(*_DAMAGE):  # the caller raises it
        for byte in block:
            if content := member.decompress(bytes([byte])):
                yield content


def has_posts(name: str) -> bool:
    """Whether a file of an archive may hold posts: what macOS puts beside each file does not."""
    return not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith("._")


def _only_member(file: IO[bytes]) -> tuple[int, Callable[[], Decompressor]]:
    """Return where the data of a zip's only file begin, and what unpacks them. Raises Unreadable."""
    try:
        return _current_member(file)
    except _ZIP_DAMAGE as error:
        raise Unreadable(f"is a zip archive that is damaged ({error})") from None


def _current_member(file: IO[bytes]) -> tuple[int, Callable[[], Decompressor]]:
    # what macOS puts beside each file is none of them
    members = [
        member for member in zipfile.ZipFile(file).infolist() if not member.is_dir() and has_posts(member.filename)
    ]
    if len(members) != 1:
        raise Unreadable(f"is a zip archive of {len(members)} files: unpack it first")
    (member,) = members
    if member.flag_bits & _ENCRYPTED or member.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise Unreadable("is a zip archive with a password or an unusual compression: unpack it first")
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER)
    name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    start = member.header_offset + _LOCAL_HEADER + name + extra
    if member.compress_type == zipfile.ZIP_STORED:
        return start, partial(_Stored, member.file_size)
    return start, partial(zlib.decompressobj, -15)


class _Stored:
    """Passes on the bytes of a zip member that is not compressed."""

    def __init__(self, size: int) -> None:
        self._unread = size
        self.unused_data = b""
        self.eof = size == 0

    def decompress(self, block: bytes) -> bytes:
        content, self.unused_data = block[: self._unread], block[self._unread :]
        self._unread -= len(content)
        self.eof = self._unread == 0
        return content
