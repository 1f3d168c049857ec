"""Messages from X in every shape: the emulator's, and real-shaped ones if they lie beside the checkout."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from local.emulators.x import faults, posts, writer
from tests.support import ROOT

_BESIDE = ROOT.parent / "shared" / "data" / "x_payloads.jsonl"  # may not be passed on with the project
_RULES = [{"id": "1", "tag": "t"}]
_OLD = {"data": {"id": "25712847277", "text": "x", "created_at": "2010-09-27T19:06:05.000Z"}}


def _made() -> list[str]:
    clock = posts.spread(150, datetime.now(UTC), timedelta(days=1))
    lines = [post.as_json(_RULES).decode() for post in itertools.islice(writer.write(3, clock), 150)]
    return [*lines, json.dumps(faults.disconnect()), json.dumps(_OLD), '{"info":{"message":"a new kind"}}']


SAMPLES = {"as the stand-in makes them": _made()}
if _BESIDE.exists():
    SAMPLES["as X sends them"] = _BESIDE.read_text(encoding="utf-8").splitlines()
