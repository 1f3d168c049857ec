#!/usr/bin/env python3
"""What gcloud and bq were asked and what they printed, noted while deploy.sh runs, and compared with what the recording ones print.

The file is a program as well: linked as `gcloud` and `bq` on the PATH, it runs the real one and notes the command in the file TRANSCRIPT.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("transcript.jsonl")
RENEW = "RENEW_TRANSCRIPT=1 scripts/test tests/deploy/test_real_transcript.py -m '' writes it anew, where the Cloud SDK is installed"
_PROJECTS = ("demo-proj", "some-project")  # of the tests
LABELS = ("labels", "userLabels", "description")  # what the recording gcloud reads of a file that it is given


@dataclass
class Command:
    """One command: what it was given, what it printed on stdout where deploy.sh reads that, and how it ended."""

    arguments: list[str]  # with the program's name
    code: int
    printed: str = ""
    stdin: str | None = None
    files: dict[str, Any] = field(default_factory=dict)  # path: the labels in that file

    @property
    def form(self) -> str:
        """Return the command without values: its first words, and the format that it asks for."""
        words = [one for one in self.arguments if re.fullmatch(r"[a-z-]+", one) and one not in _PROJECTS][:4]
        formats = [one for one in self.arguments if one.startswith("--format=")]
        return " ".join([*words, *formats])


def links(folder: Path) -> Path:
    """Return a folder for the PATH in which gcloud and bq are this program."""
    folder.mkdir()
    for name in ("gcloud", "bq"):
        (folder / name).symlink_to(Path(__file__).resolve())
    return folder


def read(file: Path) -> list[Command]:
    return [Command(**json.loads(line)) for line in file.read_text().splitlines()]


def differences(transcript: list[Command], programs: Path, folder: Path) -> list[str]:
    """Give the commands of a transcript to other programs, and return what they print or how they end otherwise.

    What Google makes up (numbers, names of executions and triggers) may differ: it holds a digit, and no command has given it before. Each
    must then stand for the same thing to the end.
    """
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CLOUD": str(folder),
        "GOOGLE_CLOUD_PROJECT": "demo-proj",
    }
    found, given, ours_of = [], "", dict[str, str]()
    for number, command in enumerate(transcript):
        arguments = [_in_our_names(one, ours_of) for one in command.arguments]
        for path, labels in command.files.items():
            copy = folder / "given" / Path(path).name
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(json.dumps(labels))
            arguments = [one.replace(path, str(copy)) for one in arguments]
        done = subprocess.run(
            arguments,
            env=environment,
            input=command.stdin or "",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        printed = _kept(arguments, done.stdout)
        if (done.returncode == 0) != (command.code == 0):
            found.append(f"{number}: {' '.join(arguments)}: exit {done.returncode}, not {command.code}: {done.stderr}")
        elif command.code == 0 and not _match(command.printed, printed, given, ours_of):
            found.append(
                f"{number}: {' '.join(arguments)}\nthe real one: {command.printed!r}\nours:         {printed!r}"
            )
        given += " ".join([*command.arguments, command.stdin or "", json.dumps(command.files)])
    return found


def _in_our_names(argument: str, ours_of: dict[str, str]) -> str:
    for theirs in sorted(ours_of, key=len, reverse=True):
        argument = argument.replace(theirs, ours_of[theirs])
    return argument


def _match(theirs: str, ours: str, given: str, ours_of: dict[str, str]) -> bool:
    """Compare line by line in any order, and note what Google has made up."""
    left, right = (sorted(printed.rstrip("\n").splitlines()) for printed in (theirs, ours))
    if len(left) != len(right):
        return False
    for one in [line for line in left if line in right]:
        left.remove(one)
        right.remove(one)
    for one, other in zip(left, right, strict=True):
        fields, ours_fields = re.split(r"[~,\t]", one), re.split(r"[~,\t]", other)
        if len(fields) != len(ours_fields):
            return False
        for name, our_name in zip(fields, ours_fields, strict=True):
            made_up = re.search(r"\d", name) and name not in given
            if name != our_name and ours_of.get(name, our_name if made_up else None) != our_name:
                return False
            if name != our_name:
                ours_of[name] = our_name
    return True


def _kept(arguments: list[str], stdout: str) -> str:
    """Return what deploy.sh reads of an output: nothing of a command without --format, and of bq's JSON the labels and names."""
    if not any(one.startswith("--format=") for one in arguments):
        return ""
    if Path(arguments[0]).name == "bq" and stdout.startswith(("{", "[")):
        told = json.loads(stdout)
        if isinstance(told, dict):
            return json.dumps(told.get("labels", {}), sort_keys=True)
        return "\n".join(one["tableReference"]["tableId"] for one in told if "tableReference" in one)
    return stdout


def _labels(path: str) -> Any:
    given = json.loads(Path(path).read_text())
    return {name: given[name] for name in LABELS if name in given}


def _note() -> int:
    """Run the real program, and note what it was asked and what it printed."""
    own = Path(sys.argv[0])
    folders = [one for one in os.environ["PATH"].split(":") if Path(one) != own.parent]
    arguments = [own.name, *sys.argv[1:]]
    takes_stdin = "--data-file=-" in arguments or (own.name == "bq" and "query" in arguments)
    stdin = sys.stdin.read() if takes_stdin else None
    files = {path: _labels(path) for one in arguments if (path := one.partition("-from-file=")[2])}
    real = str(shutil.which(own.name, path=":".join(folders)))
    done = subprocess.run([real, *sys.argv[1:]], input=stdin or "", stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    if arguments[1:2] == ["config"]:  # bq asks gcloud for it
        return done.returncode
    command = Command(arguments, done.returncode, _kept(arguments, done.stdout), stdin, files)
    with Path(os.environ["TRANSCRIPT"]).open("a") as file:  # several run side by side
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(asdict(command), ensure_ascii=False) + "\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(_note())
