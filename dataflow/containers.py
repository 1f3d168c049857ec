"""Opens what is in tar and zip archives of several files, such as the Internet Archive's stream grab, as if each were a file of its own."""

import io
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from .errors import Nested, Unreadable
from .unpack import CutOff, has_posts

_TAR_MARK = slice(257, 262)
_BLOCK = 512  # bytes of a tar header
_ENCRYPTED = 1  # a zip member's flag
_TAIL = 65_536  # bytes of a streamed archive that are kept, to see how it ended: tarfile reads 10,240 at once
_COPIED = 1_000_000
PACKED = (".gz", ".bz2", ".xz", ".zst")
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Member(NamedTuple):
    """A file in an archive. `place` is where its bytes begin in a tar archive, and its number in a zip archive."""

    name: str
    place: int
    size: int
    is_zipped: bool = False


def is_tar(head: bytes) -> bool:
    return head[_TAR_MARK] == b"ustar"


def tar_members(file: IO[bytes]) -> tuple[list[Member], bool]:
    """Return the files of a tar archive that is not compressed, and whether it is damaged after them. Raises Unreadable for no archive."""
    members: list[Member] = []
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            try:
                members.extend(
                    Member(_printable(info.name), info.offset_data, info.size)
                    for info in tar
                    if info.isfile() and has_posts(info.name)
                )
            except (tarfile.TarError, OSError, ValueError):
                return members, True
            end = tar.offset
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Unreadable(f"is a tar archive that is damaged ({error})") from None
    file.seek(end)
    return members, bool(file.read(_BLOCK).strip(b"\0"))  # tarfile takes any header that it cannot read for the end


def zip_members(file: IO[bytes]) -> list[Member]:
    """Return the files of a zip archive, if there are several, or one that is compressed itself. Any other is read as a compressed file.

    Raises Unreadable.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
        kept = [(place, info) for place, info in enumerate(infos) if not info.is_dir() and has_posts(info.filename)]
    except (*ZIP_DAMAGE, OSError, ValueError, IndexError):
        return []  # said where it is read as a compressed file
    if not kept or (len(kept) == 1 and not kept[0][1].filename.endswith(PACKED)):
        return []
    if any(info.flag_bits & _ENCRYPTED for _, info in kept):
        raise Unreadable("is a zip archive with a password: unpack it first")
    if any(info.filename.endswith("data/tweets.js") for _, info in kept):
        raise Nested("is X's own data archive: unpack it, and name data/tweets.js")
    return [Member(_printable(info.filename), place, info.file_size, is_zipped=True) for place, info in kept]


@contextmanager
def opened(file: IO[bytes], member: Member) -> Iterator[IO[bytes]]:
    """Give the member as a file that can be read from its beginning. What is damaged in a zip archive raises CutOff."""
    if not member.is_zipped:
        with io.BufferedReader(_Slice(file, member.place, member.size), 1_000_000) as content:
            yield content
        return
    try:
        with zipfile.ZipFile(file) as archive, archive.open(archive.infolist()[member.place]) as unpacked:
            yield unpacked
    except ZIP_DAMAGE as error:
        raise CutOff(f"{type(error).__name__}: {error}") from None


def streamed(blocks: Iterable[bytes]) -> Iterator[tuple[Member, IO[bytes], bool]]:
    """Yield the files of a tar archive that is read from its beginning to its end: each as a temporary file, and whether it is whole.

    Raises CutOff where the archive is damaged or ends too early.
    """
    stream = _Stream(blocks)
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for info in tar:
                if info.isfile() and has_posts(info.name):
                    with tempfile.TemporaryFile() as copy:
                        is_whole = _copy(tar, info, copy)
                        yield Member(_printable(info.name), 0, copy.tell()), copy, is_whole
            end = tar.offset
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CutOff(f"{type(error).__name__}: {error}") from None
    if stream.at(end, _BLOCK).strip(b"\0"):
        raise CutOff("the header of the next file cannot be read")


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, copy: IO[bytes]) -> bool:
    """Copy as much of a file as can be read. Returns whether that is all of it. tar.extractfile would give nothing of what is cut."""
    stream: Any = tar.fileobj
    try:
        stream.seek(member.offset_data)
        while copy.tell() < member.size and (block := stream.read(min(_COPIED, member.size - copy.tell()))):
            copy.write(block)
    except (tarfile.TarError, OSError, EOFError, CutOff):
        return False
    return copy.tell() == member.size


def _printable(name: str) -> str:
    """Return a name of which not all bytes are UTF-8, so that it can be written."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _Slice(io.RawIOBase):
    """The bytes of a file from an offset on."""

    def __init__(self, file: IO[bytes], offset: int, size: int) -> None:
        self._file, self._offset, self._size, self._at = file, offset, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, to: int, whence: int = io.SEEK_SET) -> int:
        self._at = to + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._offset + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Stream(io.RawIOBase):
    """Blocks, as a file that can be read once. It remembers the last of what was read."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._unread = b""
        self._tail = b""
        self._read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._unread], len(self._unread)
        while have < size and (block := next(self._blocks, b"")):
            parts.append(block)
            have += len(block)
        whole = b"".join(parts)
        data, self._unread = whole[:size], whole[size:]
        self._tail = (self._tail + data)[-_TAIL:]
        self._read += len(data)
        return data

    def at(self, offset: int, size: int) -> bytes:
        """Return what was read at an offset, as far as it is remembered."""
        begin = self._read - len(self._tail)
        return self._tail[max(0, offset - begin) :][:size] if offset >= begin else b""
