"""Is the topic still the example's? python3 infra/deploy/topic.py says so, one line a warning. Standard library only.

Whoever keeps the example's music words in keywords.txt with rules of their own pays for posts that the words then drop.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

# sha256 of what each file says, without comments, empty lines and spacing; a test holds them to the files that ship
RULES = "995637d9f4444b20f4c930b8c4b34b8affa2ac3ffae11b4bffbe655da46af9ca"
KEYWORDS = "71b83309ada12c619389dc5d3db89463936b8a9ae313bbc10997788597643667"


def digest(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    said = "\n".join(line for line in lines if line and not line.startswith("# ") and line != "#")
    return hashlib.sha256(said.encode()).hexdigest()


def warnings(root: Path) -> list[str]:
    """Return sentences for a person; a file that is missing is no example."""
    files = {name: root / name for name in ("ingester/rules.yaml", "functions/load_tweet/keywords.txt")}
    said = {name: digest(path.read_text(encoding="utf-8-sig")) for name, path in files.items() if path.is_file()}
    if said.get("ingester/rules.yaml") == RULES:
        return [
            "ingester/rules.yaml is the example, one artist's music, and X would bill it to you. Write your own rule."
        ]
    if said.get("functions/load_tweet/keywords.txt") == KEYWORDS:
        return [
            "functions/load_tweet/keywords.txt has the example's music words: a post of your rules without one of them is paid for "
            "and dropped. Empty the file to keep everything, or write your own words."
        ]
    return []


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python3 infra/deploy/topic.py", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="of the project")
    print("\n".join(warnings(parser.parse_args().root)))
