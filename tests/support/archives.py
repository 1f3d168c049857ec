"""Makes tar and zip archives in memory, for tests of the import."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any


def tar_of(content: Mapping[str, bytes], mode: Any = "w") -> bytes:
    """Return a tar archive of files, by name; `mode` w:gz compresses it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(*content: tuple[str, bytes]) -> bytes:
    """Return a zip archive whose files are stored as they are; a name may be there twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in content:
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()
