"""The whole architecture on one screen: which process talks to which, with what settings, and in what order they start.

X's API ──► ingester ──► Pub/Sub ──► Eventarc ──► load_tweet ──► BigQuery
                             └──────► BigQuery subscriptions ──────┘
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from .bigquery import create as tables
from .bigquery import credentials
from .errors import LocalError, UsageError
from .processes import Line, Process, free_port, listens, wait_until
from .pubsub import create as topics
from .pubsub import emulator

PROJECT = "local"
DATASET = "twitter"
ROOT = Path(__file__).parents[1]
RULES = ROOT / "ingester" / "rules.yaml"
_START_SECONDS = 60.0

OUTCOMES = ("loaded", "filtered", "rejected")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is asked to do."""

    folder: Path
    posts: int = 1_500
    rate: float = 150.0
    seed: int = 1
    span_hours: float = 24.0
    rules: Path = RULES
    pubsub: str = "embedded"  # or emulator
    bigquery_port: int = 0
    deliver_twice: bool = False
    real: bool = False
    faults: tuple[str, ...] = ()
    buffer_seconds: float | None = None  # how long streamed rows are safe from DML
    shuffle: bool = False  # Pub/Sub delivers out of order
    ack_scale: float = 1.0  # of Pub/Sub's ack deadlines


@dataclass(slots=True)
class Pipeline:
    """The running parts, and what each has told of its counts."""

    plan: Plan
    processes: dict[str, Process] = field(default_factory=dict)
    ended: dict[str, set[str]] = field(default_factory=lambda: {outcome: set() for outcome in OUTCOMES})
    expected_posts: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    bigquery_url: str = ""

    def start(self) -> None:
        """Everything up to the ingester, which `start_ingester` starts when someone watches. Raises LocalError."""
        plan = self.plan
        if plan.bigquery_port and listens(plan.bigquery_port):
            raise UsageError(
                f"Port {plan.bigquery_port} is in use by another program. Choose another with --bigquery-port."
            )
        ports = {
            "x": free_port(),
            "pubsub": free_port(),
            "bigquery": plan.bigquery_port or free_port(),
            "function": free_port(),
        }
        pubsub = f"127.0.0.1:{ports['pubsub']}"
        self.bigquery_url = f"http://127.0.0.1:{ports['bigquery']}"
        key = plan.folder / "credentials.json"
        credentials.write(key, f"{self.bigquery_url}/token")
        self.environment = environment(key, self.bigquery_url, pubsub, f"http://127.0.0.1:{ports['x']}", real=plan.real)

        self._python(
            "bigquery", "local.bigquery", "--data", plan.folder / "bigquery", "--port", ports["bigquery"],
            *([] if plan.buffer_seconds is None else ["--buffer-seconds", plan.buffer_seconds]),
        )  # fmt: skip
        if plan.pubsub == "emulator":
            self._start("pubsub", _emulator(ports["pubsub"]))
        else:
            self._python(
                "pubsub",
                "local.pubsub.server",
                "--port",
                ports["pubsub"],
                "--data",
                plan.folder / "pubsub.journal",
                *(["--deliver-twice"] if plan.deliver_twice else []),
                *(["--shuffle"] if plan.shuffle else []),
            )
        if not plan.real:
            self._python(
                "x", "local.x.server", "--port", ports["x"], "--posts", plan.posts, "--rate", plan.rate, "--seed", plan.seed,
                "--span-hours", plan.span_hours, *(part for fault in plan.faults for part in ("--fault", fault)),
            )  # fmt: skip
        for name in ("bigquery", "pubsub", "x"):
            if name in self.processes:
                self._await(name, ports[name])

        try:
            with self.client() as client:
                tables.create(client, DATASET)
            topics.create(pubsub, PROJECT, first_backoff=0.2, ack_scale=plan.ack_scale)
        except (GoogleAPIError, GoogleAuthError, RequestException) as error:
            raise LocalError(f"The tables and topics could not be made: {type(error).__name__}: {error}") from None
        source = str(ROOT / "functions" / "load_tweet" / "main.py")
        framework = [sys.executable, "-m", "functions_framework", "--source", source, "--target", "load_tweet"]
        self._start("function", [*framework, "--host", "127.0.0.1", "--port", str(ports["function"])])
        self._await("function", ports["function"])
        self._python(
            "eventarc",
            "local.eventarc",
            "--pubsub",
            pubsub,
            "--project",
            PROJECT,
            "--function",
            f"http://127.0.0.1:{ports['function']}",
            "--ack-scale",
            plan.ack_scale,
        )
        self._python(
            "bigquery_subscription",
            "local.bigquery_subscription",
            "--pubsub",
            pubsub,
            "--project",
            PROJECT,
            "--dataset",
            DATASET,
            "--ack-scale",
            plan.ack_scale,
        )

    def start_ingester(self) -> None:
        self._python("ingester", "ingester", "stream", "--rules", self.plan.rules.resolve())

    def restart(self, name: str) -> None:
        """The same command again, for a part that has ended; what it has told of its counts begins anew. Waits until it is ready."""
        before = self.processes[name]
        self._start(name, before.command)
        if name == "function":
            self._await(name, int(before.command[-1]))
        elif name in {"bigquery", "pubsub", "x"}:
            self._await(name, int(before.command[before.command.index("--port") + 1]))

    def start_page(self, port: int) -> None:
        self._python("page", "reports", "serve", "--port", port)

    def client(self) -> bigquery.Client:
        """The standard client, with the credentials that our parts use."""
        os.environ |= {
            name: self.environment[name] for name in ("BIGQUERY_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS")
        }
        return bigquery.Client(project=PROJECT)

    def count(self, part: str, name: str) -> int:
        process = self.processes.get(part)
        return process.totals.get(name, 0) if process else 0

    def stop(self) -> dict[str, int | None]:
        """From the source on, so that each part still has those behind it; exit codes by name."""
        order = ("page", "ingester", "x", "eventarc", "bigquery_subscription", "function", "pubsub", "bigquery")
        return {name: self.processes[name].stop() for name in order if name in self.processes}

    def _await(self, name: str, port: int) -> None:
        """Our own parts say when they are ready; of others a listening port has to do."""
        process = self.processes[name]
        ours = name != "function" and not (name == "pubsub" and self.plan.pubsub == "emulator")
        wait_until(lambda: "ready" in process.events if ours else listens(port), process, _START_SECONDS, "it is ready")

    def _python(self, name: str, module: str, *arguments: Any) -> None:
        self._start(name, [sys.executable, "-m", module, *map(str, arguments)])

    def _start(self, name: str, command: list[str]) -> None:
        environment = dict(self.environment)
        if name not in {"ingester", "x"}:
            environment.pop("X_BEARER_TOKEN", None)
        log = self.plan.folder / "logs" / f"{name}.log"
        self.processes[name] = Process(name, command, environment, log, self._listener(name))

    def _listener(self, name: str) -> Any:
        def on_line(line: Line) -> None:
            if name == "function" and line.get("event") == "stored":
                self.ended[line["outcome"]].update(line["messages"])
            elif name == "x" and line.get("event") == "all_sent":
                self.expected_posts = line["expected_posts"]

        return on_line


def environment(key: Path, bigquery_url: str, pubsub: str, x_api_url: str, *, real: bool) -> dict[str, str]:
    """What the parts find in their environment: the design's names, with the stand-ins' addresses in place of Google's."""
    ours = {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "BIGQUERY_DATASET": DATASET,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "BIGQUERY_EMULATOR_HOST": bigquery_url,
        "PUBSUB_EMULATOR_HOST": pubsub,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},127.0.0.1,localhost".strip(","),
    }
    if real:  # the run ends after the posts that were agreed to; who has set limits keeps them
        ours |= {name: os.environ.get(name, "0") for name in ("MAX_POSTS_PER_DAY", "MAX_POSTS_PER_MONTH")}
    else:
        # synthetic posts cost nothing
        ours |= {
            "X_API_URL": x_api_url,
            "X_BEARER_TOKEN": "local",
            "MAX_POSTS_PER_DAY": "0",
            "MAX_POSTS_PER_MONTH": "0",
        }
    return {**os.environ, **ours}


def _emulator(port: int) -> list[str]:
    try:
        return emulator.command(port)
    except emulator.NotInstalled as error:
        raise UsageError(str(error)) from None
