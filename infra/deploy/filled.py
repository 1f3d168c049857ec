"""A file of JSON with its ${NAMES} filled in from the environment, and fields set: python3 filled.py FILE [a.b=VALUE] [a.b+=MORE].

Standard library only. A name that is not set is an error: nothing is sent to Google half filled.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = re.compile(r"\$\{([A-Z_]+)\}")


def fill(value: Any, environ: Mapping[str, str]) -> Any:
    """The same value with each text filled in. Small letters are Monitoring's own: ${outcome}."""
    if isinstance(value, dict):
        return {key: fill(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, environ) for item in value]
    return NAME.sub(lambda match: environ[match[1]], value) if isinstance(value, str) else value


def put(document: dict[str, Any], assignment: str) -> None:
    path, _, value = assignment.partition("=")
    adds = path.endswith("+")
    *parents, last = path.rstrip("+").split(".")
    for name in parents:
        document = document.setdefault(name, {})
    document[last] = document.get(last, "") + value if adds else value


if __name__ == "__main__":
    filled = fill(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), os.environ)
    for argument in sys.argv[2:]:
        put(filled, argument)
    print(json.dumps(filled, indent=1, ensure_ascii=False))
