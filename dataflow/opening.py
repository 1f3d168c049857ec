"""Opens files here, in Cloud Storage (gs://) and in archives, and reads them block by block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from . import containers, unpack
from .containers import Member
from .unpack import CutOff

LINE_BYTES = 32_000_000  # a page of 500 posts has about 2 MB
BUFFER_BYTES = 1_000_000


@contextmanager
def opened(path: str, member: Member | None = None) -> Iterator[IO[bytes]]:
    with cast("IO[bytes]", FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)) as file:
        if member is None:
            yield file
        else:
            with containers.opened(file, member) as content:
                yield content


def exists(path: str) -> bool:
    try:
        with opened(path):
            return True
    except (OSError, BeamIOError):
        return False


def blocks(file: IO[bytes], packing: str) -> Iterator[bytes]:
    if file.tell():  # zipfile checks no sum of what it has sought in
        file.seek(0)
    if packing:
        yield from unpack.unpacked(file, packing)
        return
    try:
        while block := file.read(BUFFER_BYTES):
            yield block
    except containers.ZIP_DAMAGE as error:
        raise CutOff(f"{type(error).__name__}: {error}") from None
