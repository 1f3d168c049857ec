"""What `plan --json` and `doctor --json` print: python3 as_json.py plan|doctor FILE. Standard library only.

plan    {"make": [{"kind", "name"}], "change": [...], "remove": [...], "unchanged": 12}, from lines "SIGN KIND NAME"
doctor  {"well": false, "checks": [{"ok": true, "what", "remedy"}]}, from lines of VERDICT, WHAT and REMEDY with tabs between
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_SIGNS = {"+": "make", "~": "change", "-": "remove"}


def plan(lines: Iterable[str]) -> dict[str, Any]:
    result: dict[str, Any] = {name: [] for name in _SIGNS.values()} | {"unchanged": 0}
    for line in lines:
        sign, kind, name = line.split(" ", 2)
        if sign in _SIGNS:
            result[_SIGNS[sign]].append({"kind": kind.replace("_", " "), "name": name})
        else:
            result["unchanged"] += 1
    return result


def doctor(lines: Iterable[str]) -> dict[str, Any]:
    checks = []
    for line in lines:
        verdict, what, remedy = line.split("\t", 2)
        checks.append({"ok": verdict == "ok", "what": what, "remedy": remedy or None})
    return {"well": all(check["ok"] for check in checks), "checks": checks}


if __name__ == "__main__":
    file = Path(sys.argv[2])
    read = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    print(json.dumps({"plan": plan, "doctor": doctor}[sys.argv[1]](read), ensure_ascii=False))
