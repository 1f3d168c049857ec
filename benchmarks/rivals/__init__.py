"""What is measured: our function, what people would write instead, and the ceilings of the layers below."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_RIVALS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Rival:
    """`threads`: 0 leaves the framework's default; -1 sets them to the concurrency. `stores`: each message leaves a row."""

    name: str
    source: Path
    threads: int = 0
    stores: bool = True
    framework: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, port: int = 0) -> list[str]:
        if self.framework:
            server = ["functions_framework", "--source", str(self.source), "--target", "load_tweet"]
        else:
            server = ["uvicorn", "--app-dir", str(self.source.parent), "main:app", "--no-access-log"]
        return [sys.executable, "-m", *server, "--host", "127.0.0.1", "--port", str(port)]

    def variables(self, concurrency: int) -> dict[str, str]:
        threads = {"THREADS": str(concurrency)} if self.threads < 0 else {}
        return {**self.environment, **threads}


_MAIN = ROOT / "functions" / "load_tweet" / "main.py"
# The others score with VADER, so the comparison is with the lexicon. The other two settings stand beside it.
LOAD_TWEET = Rival("load_tweet", _MAIN, environment={"SENTIMENT": "english"})
MULTILINGUAL = Rival("load_tweet, multilingual", _MAIN, environment={"SENTIMENT": "multilingual"})
UNSCORED = Rival("load_tweet, no sentiment", _MAIN, environment={"SENTIMENT": "off"})
ORIGINAL = Rival("original", _RIVALS / "original" / "main.py")
TUTORIAL = Rival("tutorial", _RIVALS / "tutorial" / "main.py")
TUNED = Rival("tutorial, tuned", _RIVALS / "tutorial" / "main.py", threads=-1)
EMPTY_CLOUD_EVENT = Rival("empty cloud_event", _RIVALS / "empty_cloud_event" / "main.py", stores=False)
EMPTY_HTTP = Rival("empty http", _RIVALS / "empty_http" / "main.py", stores=False)
BARE = Rival("bare ASGI, decodes", _RIVALS / "bare" / "main.py", stores=False, framework=False)

LOADERS = (ORIGINAL, TUTORIAL, TUNED, UNSCORED, MULTILINGUAL, LOAD_TWEET)
CEILINGS = (EMPTY_CLOUD_EVENT, EMPTY_HTTP, BARE)


def environment(bigquery_url: str) -> dict[str, str]:
    """Return a function's environment on Cloud Run, with the emulator in place of BigQuery and of the metadata server."""
    address = bigquery_url.removeprefix("http://")
    own = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
    return {
        **own,
        "GOOGLE_CLOUD_PROJECT": "local",
        "BIGQUERY_DATASET": "twitter",
        "BIGQUERY_EMULATOR_HOST": bigquery_url,
        "GCE_METADATA_HOST": address,
        "GCE_METADATA_IP": address,
        "PYTHONUNBUFFERED": "1",
        "GUNICORN_LOG_LEVEL": "info",  # the server then logs its port
        "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},127.0.0.1,localhost".strip(","),
    }
