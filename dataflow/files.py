"""Finds files, here or in Cloud Storage (gs://), and divides them into parts that can be read side by side."""

import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from . import containers, unpack
from .containers import Member
from .errors import Nested, Unreadable, UnreadableFile, UsageError
from .formats import pairs
from .opening import opened
from .shapes import DAMAGED, Shape, beside, detect_shape
from .unpack import CutOff

# of a part: at least thousands of posts, so that Beam's own work is small beside it, and at most seconds of work
_LEAST_BYTES, _MOST_BYTES = 2_000_000, 32_000_000
_POST_BYTES = 3_000  # of API v2 with its author; old formats have about as much
_COMPRESSED = (*containers.PACKED, ".tgz", ".zip")
_COMPRESSION = 8
_PARTS = 64  # wanted, within these bounds, so that all workers have about the same work


class File(NamedTuple):
    """A file, as it was when it was found: `changed` in seconds since 1970."""

    path: str
    size: int
    changed: float


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


def guess_posts(files: Sequence[File]) -> int:
    """Return about how many posts files hold, by their sizes alone: for a sentence about the time that an import takes."""
    uncompressed_bytes = sum(file.size * (_COMPRESSION if file.path.endswith(_COMPRESSED) else 1) for file in files)
    return round(uncompressed_bytes / _POST_BYTES)


def fingerprint(file: File) -> str:
    """Return what tells a file from others: its content, and that of what is read with it. One that was only touched or moved is the same.

    In Cloud Storage, where reading costs, it is the path, the size and the time of the last change. Raises UsageError.
    """
    if "://" in file.path:
        return f"{file.path} {file.size} {file.changed}"
    try:
        digests = []
        for path in (file.path, *(path for path in beside(file.path) if Path(path).is_file())):
            with Path(path).open("rb") as content:
                digests.append(hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest())
        return " ".join(digests)
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


def divide(files: Sequence[File]) -> list[Part]:
    """Return parts of about the same size; what can only be read from its start is one part.

    The same files are always divided in the same way. Raises UnreadableFile, before anything is read, for a file without posts of X's.
    """
    part_bytes = min(max(sum(file.size for file in files) // _PARTS, _LEAST_BYTES), _MOST_BYTES)
    parts: list[Part] = []
    names = {file.path for file in files}
    for file in files:
        if pairs.data_file(file.path) in names:
            continue  # read with the posts beside it
        try:
            if inside := _parts_inside(file.path):
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


def _parts_inside(path: str) -> list[Part]:
    """Return the files of an archive, each as a part; none for a file that is no such archive. Raises Unreadable."""
    with opened(path) as file:
        head = file.read(512)
        file.seek(0)
        if containers.is_tar(head):
            members, is_damaged = containers.tar_members(file)
        elif unpack.detect_packing(head) == "zip" and (members := containers.zip_members(file)):
            is_damaged = False
        else:
            return []
    parts = [
        Part(path, 0, member.size, shape, member)
        for member in members
        if (shape := _member_shape(path, member)) is not None
    ]
    if not parts:
        raise Unreadable("is an archive in which no file holds posts of X's")
    return [*parts, Part(path, 0, 0, Shape(format=DAMAGED))] if is_damaged else parts


def _member_shape(path: str, member: Member) -> Shape | None:
    """Return how a file in an archive is to be read; None for what holds no posts: such archives have indexes and read-me files too.

    Raises Nested.
    """
    try:
        return detect_shape(path, member) if member.size else None
    except Nested as error:
        raise Nested(f"has {member.name}, which {error}") from None
    except CutOff:
        return Shape()  # what can be read of it is, and the damage is recorded
    except Unreadable:
        return None
