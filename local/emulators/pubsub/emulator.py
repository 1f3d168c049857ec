"""Google's own Pub/Sub emulator: a Java program that comes with gcloud."""

import shutil
import subprocess
from pathlib import Path

HOW = (
    "Install it with 'gcloud components install pubsub-emulator' (or Debian's google-cloud-cli-pubsub-emulator) and a Java runtime, "
    "or leave --pubsub emulator out: the embedded broker needs neither."
)


class NotInstalled(Exception):
    """Java, gcloud or the emulator is missing. The text says which, and what to do."""


def command(port: int) -> list[str]:
    """Return the command that runs it. Raises NotInstalled."""
    java = shutil.which("java")
    if java is None:
        raise NotInstalled(f"Google's Pub/Sub emulator needs Java, and there is no 'java' on the PATH. {HOW}")
    jars = sorted((_sdk() / "platform" / "pubsub-emulator" / "lib").glob("cloud-pubsub-emulator-*-all.jar"))
    if not jars:
        raise NotInstalled(f"gcloud is there, but its Pub/Sub emulator is not. {HOW}")
    return [java, "-Xmx512m", "-jar", str(jars[-1]), "--host=127.0.0.1", f"--port={port}"]


def is_installed() -> bool:
    try:
        command(0)
    except NotInstalled:
        return False
    return True


def _sdk() -> Path:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise NotInstalled(f"Google's Pub/Sub emulator comes with gcloud, and there is no 'gcloud' on the PATH. {HOW}")
    beside = Path(gcloud).resolve().parents[1]
    if (beside / "platform").is_dir():
        return beside
    result = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return Path(result.stdout.strip() or beside)
