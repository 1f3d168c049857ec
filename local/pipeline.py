"""The whole architecture on one screen: which process talks to which, with what settings, and in what order they start.

X's API ──► ingester ──► Pub/Sub ──► Eventarc ──► load_tweet ──► BigQuery
                             └──────► BigQuery subscriptions ──────┘
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from . import runs
from .emulators.bigquery import create as tables
from .emulators.bigquery import credentials
from .emulators.pubsub import create as topics
from .emulators.pubsub import emulator
from .emulators.x.phrases import ARTIST
from .errors import LocalError, UsageError
from .options import RULES
from .processes import Line, Process, listens, reserved_port, wait_until_ready

PROJECT = "local"
DATASET = "twitter"
ROOT = Path(__file__).parents[1]

OUTCOMES = ("loaded", "filtered", "rejected")


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of a run."""

    folder: Path
    posts: int = 1_500
    rate: float = 150.0
    seed: int = 1
    span_hours: float = 24.0
    posts_path: Path | None = None  # the posts to send, in place of synthetic ones
    rules: Path = RULES
    pubsub: str = "embedded"  # or emulator
    bigquery_port: int = 0
    deliver_twice: bool = False
    real: bool = False
    faults: tuple[str, ...] = ()
    buffer_seconds: float | None = None  # how long streamed rows are safe from DML
    ack_scale: float = 1.0  # of Pub/Sub's ack deadlines
    settings: tuple[tuple[str, str], ...] = ()  # more of the parts' environment

    @property
    def is_synthetic(self) -> bool:
        return not self.real and self.posts_path is None

    @property
    def own_topic(self) -> bool:
        """Whether the rules are the user's own. Synthetic posts are then made of their words and not of the example's."""
        text = self.rules.read_text(encoding="utf-8", errors="replace").lower() if self.rules.is_file() else ""
        return (
            bool(text)
            and not self.real
            and self.posts_path is None
            and not any(name.lower() in text for name in ARTIST)
        )


@dataclass(slots=True)
class Pipeline:
    """The running parts, and the counts that each has reported."""

    plan: Plan
    processes: dict[str, Process] = field(default_factory=dict)
    ended: dict[str, set[str]] = field(default_factory=lambda: {outcome: set() for outcome in OUTCOMES})
    # posts in the view, by what keywords.txt has: "nothing" or "music"
    expected: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    bigquery_url: str = ""
    why_ended: str = ""  # the ingester
    _commands: dict[str, list[str]] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start everything but the ingester, which `start_ingester` starts once the counts are watched. Raises LocalError."""
        plan = self.plan
        if plan.is_synthetic:
            runs.mark_synthetic(plan.folder)
        if plan.bigquery_port and listens(plan.bigquery_port):
            raise UsageError(
                f"Port {plan.bigquery_port} is in use by another program. Choose another with --bigquery-port."
            )
        self._python(
            "bigquery",
            "local.emulators.bigquery",
            "--data",
            plan.folder / "bigquery",
            "--port",
            plan.bigquery_port,
            *([] if plan.buffer_seconds is None else ["--buffer-seconds", plan.buffer_seconds]),
        )
        if plan.pubsub == "emulator":
            pubsub_port = self._stack.enter_context(reserved_port())
            self._start("pubsub", _emulator(pubsub_port))
        else:
            self._python(
                "pubsub",
                "local.emulators.pubsub.server",
                "--port",
                0,
                "--data",
                plan.folder / "pubsub.journal",
                *(["--deliver-twice"] if plan.deliver_twice else []),
            )
        if not plan.real:
            self._python(
                "x",
                "local.emulators.x.server",
                "--port",
                0,
                "--posts",
                plan.posts,
                "--rate",
                plan.rate,
                "--seed",
                plan.seed,
                "--span-hours",
                plan.span_hours,
                *(["--own-topic"] if plan.own_topic else []),
                *([] if plan.posts_path is None else ["--posts-file", plan.posts_path]),
                *(part for fault in plan.faults for part in ("--fault", fault)),
            )
        self._ports = {name: wait_until_ready(process) for name, process in self.processes.items()}
        if plan.pubsub == "emulator":
            self._ports["pubsub"] = pubsub_port
        pubsub = f"127.0.0.1:{self._ports['pubsub']}"
        self.bigquery_url = f"http://127.0.0.1:{self._ports['bigquery']}"
        key = plan.folder / "credentials.json"
        credentials.write(key)
        x_api_url = f"http://127.0.0.1:{self._ports.get('x', 0)}"
        self.environment = environment(key, self.bigquery_url, pubsub, x_api_url, real=plan.real)
        self.environment |= dict(plan.settings)

        try:
            with self.client() as client:
                tables.create(client, DATASET)
            topics.create(pubsub, PROJECT, first_backoff=0.2, ack_scale=plan.ack_scale)
        except (GoogleAPIError, GoogleAuthError, RequestException) as error:
            raise LocalError(f"The tables and topics could not be made: {type(error).__name__}: {error}") from None
        source = str(ROOT / "functions" / "load_tweet" / "main.py")
        framework = [sys.executable, "-m", "functions_framework", "--source", source, "--target", "load_tweet"]
        self._start("function", [*framework, "--host", "127.0.0.1", "--port", "0"])
        self._ports["function"] = wait_until_ready(self.processes["function"])
        function = f"http://127.0.0.1:{self._ports['function']}"
        subscriber = ["--pubsub", pubsub, "--project", PROJECT, "--ack-scale", plan.ack_scale]
        self._python("eventarc", "local.emulators.eventarc", *subscriber, "--function", function)
        self._python(
            "bigquery_subscription", "local.emulators.bigquery_subscription", *subscriber, "--dataset", DATASET
        )

    def start_ingester(self) -> None:
        limit = ["--posts", self.plan.posts] if self.plan.real else []
        self._python("ingester", "ingester", "stream", "--rules", self.plan.rules.resolve(), *limit)

    def ingester_command(self, *arguments: str, seconds: float) -> str:
        """Run a command of the ingester to its end, and return what it says to a person. Raises LocalError."""
        command = [sys.executable, "-m", "ingester", *arguments]
        try:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise LocalError(f"ingester {arguments[0]} has taken over {seconds:.0f} s.") from None
        if done.returncode != 0:
            raise LocalError(f"ingester {arguments[0]} failed: {' '.join(done.stderr.split())[-600:]}")
        return done.stderr

    def restart(self, name: str, *more: str) -> None:
        """Start a part that has ended again, on the same port, and wait until it is ready.

        Its counts begin at zero. `more` are arguments for this start only.
        """
        self._run(name, [*self.command(name), *more])
        wait_until_ready(self.processes[name])

    def command(self, name: str) -> list[str]:
        """Return the command that starts a part again on the port that it had."""
        command = [*self._commands[name]]
        if "--port" in command:
            command[command.index("--port") + 1] = str(self._ports[name])
        return command

    def start_page(self) -> int:
        """Start the live page, and return its port."""
        synthetic = ["--synthetic"] if self.plan.is_synthetic else []
        self._python("page", "reports", "serve", "--port", 0, *synthetic)
        return wait_until_ready(self.processes["page"])

    def client(self) -> bigquery.Client:
        """Return the standard client, with the credentials that our parts use."""
        os.environ |= {
            name: self.environment[name] for name in ("BIGQUERY_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS")
        }
        return bigquery.Client(project=PROJECT)

    def count(self, part: str, name: str) -> int:
        process = self.processes.get(part)
        return process.totals.get(name, 0) if process else 0

    def stop(self) -> dict[str, int | None]:
        """Stop all parts, the source first, so that each can still pass on what it has. Returns exit codes by name."""
        order = ("page", "ingester", "x", "eventarc", "bigquery_subscription", "function", "pubsub", "bigquery")
        codes = {name: self.processes[name].stop() for name in order if name in self.processes}
        self._stack.close()
        return codes

    def _python(self, name: str, module: str, *arguments: Any) -> None:
        self._start(name, [sys.executable, "-m", module, *map(str, arguments)])

    def _start(self, name: str, command: list[str]) -> None:
        self._commands[name] = command
        self._run(name, command)

    def _run(self, name: str, command: list[str]) -> None:
        # the first parts start before the environment is known, because it names their ports
        environment = dict(self.environment or {**os.environ, "PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"})
        if name == "x":
            environment |= {"X_BEARER_TOKEN": "local"}
        elif name != "ingester":
            environment.pop("X_BEARER_TOKEN", None)
        log = self.plan.folder / "logs" / f"{name}.log"
        self.processes[name] = Process(name, command, environment, log, self._listener(name))

    def _listener(self, name: str) -> Any:
        def on_line(line: Line) -> None:
            if name == "function" and line.get("event") == "stored":
                self.ended[line["outcome"]].update(line["messages"])
            elif name == "ingester" and line.get("event") == "stopped":
                self.why_ended = str(line.get("message") or "")
            elif name == "x" and line.get("event") == "all_sent":
                self.expected = {"nothing": line["expected_posts"], "music": line["expected_about_music"]}

        return on_line


def environment(key: Path, bigquery_url: str, pubsub: str, x_api_url: str, *, real: bool) -> dict[str, str]:
    """Return the parts' environment: the variables of the cloud, with the emulators' addresses in place of Google's."""
    variables = {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "BIGQUERY_DATASET": DATASET,
        "PUBSUB_TOPIC": topics.TOPIC,  # whatever name a shell has left for a deployment
        "PUBSUB_DEAD_TOPIC": topics.DEAD_TOPIC,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "BIGQUERY_EMULATOR_HOST": bigquery_url,
        "PUBSUB_EMULATOR_HOST": pubsub,
        "PYTHONPATH": _python_path(),
        "PYTHONUNBUFFERED": "1",
        "GUNICORN_LOG_LEVEL": "info",  # makes the function's server log its port
        "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},127.0.0.1,localhost".strip(","),
    }
    if real:  # the ingester ends after the agreed number of posts; limits that the user has set still hold
        variables |= {name: os.environ.get(name, "0") for name in ("MAX_POSTS_PER_DAY", "MAX_POSTS_PER_MONTH")}
    else:
        # synthetic posts cost nothing
        variables |= {
            "X_API_URL": x_api_url,
            "X_BEARER_TOKEN": "local",
            "MAX_POSTS_PER_DAY": "0",
            "MAX_POSTS_PER_MONTH": "0",
        }
    return {**os.environ, **variables}


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def _emulator(port: int) -> list[str]:
    try:
        return emulator.command(port)
    except emulator.NotInstalled as error:
        raise UsageError(str(error)) from None
