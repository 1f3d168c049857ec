"""Coverage-guided: python -m tests.fuzz [SECONDS] (600). The corpus begins with X's shapes and is not kept.

Exit code 0 if nothing was found; otherwise the input is in the file that is named.
"""

import itertools
import json
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["functions.load_tweet"]):
    from tests.fuzz import judge

from local.emulators.x import posts, writer


def one(data: bytes) -> None:
    """The first byte chooses the entry point."""
    if not data:
        return
    if data[0] % 4 == 0:
        judge.judge_request(data[1:])
    else:
        judge.judge_payload(data[1:].decode("utf-8", "replace"))


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for number, post in enumerate(
            itertools.islice(writer.write(1, posts.spread(60, judge.NOW, timedelta(days=1))), 60)
        ):
            line = post.as_json([{"id": "1", "tag": "t"}])
            Path(folder, str(number)).write_bytes(b"\x01" + line)
            Path(folder, f"envelope{number}").write_bytes(b"\x00" + json.dumps({"message": {"data": "e30="}}).encode())
        options = (
            f"-artifact_prefix={tempfile.gettempdir()}/",
            f"-max_total_time={seconds}",
            "-timeout=10",
            "-max_len=16384",
            "-print_final_stats=1",
        )
        atheris.Setup([sys.argv[0], folder, *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
