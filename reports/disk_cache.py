"""Keeps on disk, beside the packages, what takes a second to make of them: the names of places, the page's script."""

import hashlib
import inspect
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import orjson

T = TypeVar("T")

_FOLDER = Path(sys.prefix) / "cache"


def on_disk(*packages: str) -> Callable[[Callable[[], T]], Callable[[], T]]:
    """Cache a function's result, which JSON can hold, until one of the packages or the function's own file changes."""

    def decorate(make: Callable[[], T]) -> Callable[[], T]:
        @cache
        @wraps(make)
        def cached() -> T:
            file = _file(make, packages)
            with suppress(OSError, orjson.JSONDecodeError):
                cached_value: T = orjson.loads(file.read_bytes())
                return cached_value
            value = make()
            with suppress(OSError):  # it is made again the next time
                _FOLDER.mkdir(exist_ok=True)
                unfinished = file.with_suffix(f".{uuid.uuid4().hex}")
                unfinished.write_bytes(orjson.dumps(value))
                unfinished.replace(file)
            return value

        return cached

    return decorate


def _file(make: Callable[[], object], packages: tuple[str, ...]) -> Path:
    digest = hashlib.sha256(Path(inspect.getfile(make)).read_bytes())
    for package in packages:
        digest.update(f"\0{package} {version(package)}".encode())
    return _FOLDER / f"{make.__module__}.{make.__qualname__}.{digest.hexdigest()[:16]}.json"
