"""Opens what is in tar and zip archives of several files, such as the Internet Archive's stream grab, as if each were a file of its own."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from .errors import Unreadable
from .unpack import CutOff

_TAR_MARK = slice(257, 262)
_ENCRYPTED = 1  # a zip member's flag
_NOT_POSTS = ("__MACOSX/", "._")  # what macOS puts beside each file


class Member(NamedTuple):
    """A file in an archive. `offset` is where its bytes begin in a tar archive; of a zip archive it is -1."""

    name: str
    offset: int
    size: int


def is_tar(head: bytes) -> bool:
    return head[_TAR_MARK] == b"ustar"


def tar_members(file: IO[bytes]) -> list[Member]:
    """Return the files of a tar archive that is not compressed. Raises Unreadable for one that is damaged."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            return [Member(one.name, one.offset_data, one.size) for one in tar if one.isfile() and _has_posts(one.name)]
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Unreadable(f"is a tar archive that is damaged ({error})") from None


def zip_members(file: IO[bytes]) -> list[Member]:
    """Return the files of a zip archive, if there are several; one alone is read as a compressed file. Raises Unreadable."""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir() and _has_posts(one.filename)]
    except (zipfile.BadZipFile, OSError, ValueError, IndexError, NotImplementedError):
        return []  # said where it is read as a compressed file
    if len(infos) > 1 and any(one.flag_bits & _ENCRYPTED for one in infos):
        raise Unreadable("is a zip archive with a password: unpack it first")
    return [Member(one.filename, -1, one.file_size) for one in infos] if len(infos) > 1 else []


@contextmanager
def opened(file: IO[bytes], member: Member) -> Iterator[IO[bytes]]:
    """Give the member as a file that can be read from its beginning."""
    if member.offset >= 0:
        with io.BufferedReader(_Slice(file, member.offset, member.size), 1_000_000) as content:
            yield content
        return
    with zipfile.ZipFile(file) as archive, archive.open(member.name) as unpacked:
        yield unpacked


def streamed(blocks: Iterable[bytes]) -> Iterator[io.BytesIO]:
    """Yield the files of a tar archive that is read from its beginning to its end. Raises CutOff where it is damaged."""
    try:
        with tarfile.open(fileobj=_Stream(blocks), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() and _has_posts(member.name) else None
                if content is not None:
                    yield io.BytesIO(content.read())
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CutOff(f"{type(error).__name__}: {error}") from None


def _has_posts(name: str) -> bool:
    return not name.startswith(_NOT_POSTS) and not name.rpartition("/")[2].startswith(_NOT_POSTS)


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
    """Blocks, as a file that can be read once."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
