"""Shared by all tests: tiers and their order, the report of skips, BigQuery with our tables, and one pipeline a worker."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from google.cloud import bigquery

from local.emulators.bigquery import credentials
from local.processes import Process, reserved_port
from tests.support import tiers
from tests.support.datasets import new_dataset
from tests.support.fakes import bigquery as fake_bigquery
from tests.support.pipeline import Lender, Rest
from tests.support.processes import serving

_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sequences", type=int, default=20, metavar="N", help="random sequences of faults (%(default)s)")
    parser.addoption("--sequence-seed", type=int, default=1, metavar="N", help="the first one's seed (%(default)s)")
    parser.addoption(
        "--tools",
        default=os.environ.get("TEST_TOOLS", ""),
        metavar="NAMES",
        help="tools that must be here, comma-separated: a skip for want of one fails the run (TEST_TOOLS)",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs the tests in the background (`&`) makes them ignore Ctrl-C, and their child processes would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The programs that tests start score with the lexicon: each would read 30 MB of weights. Tests of the scores choose for themselves.
    os.environ.setdefault("SENTIMENT", "english")
    # No test may depend on the speed of the machine. The quick tests try the same examples each time; the others look for new ones.
    hypothesis.settings.register_profile(
        "tests",
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        derandomize="not slow" in config.getoption("markexpr"),
        database=None,
    )
    hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tiers.mark(items)
    tiers.put_long_ones_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep whether the test itself passed, for fixtures that clean up after it."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    tiers.note_end(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tiers.tell_ends(terminalreporter)
    tiers.tell_skips(terminalreporter, config.getoption("--tools"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which a tool that must be here was missing."""
    if exitstatus == pytest.ExitCode.OK and tiers.missing_tools(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fake_bigquery.FakeBigQuery]:
    """A BigQuery with scripted answers, and the environment that points Google's client at it."""
    with fake_bigquery.serve() as server:
        key = tmp_path / "credentials.json"
        credentials.write(key)
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "local")
        yield server


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address on which nothing listens during the test."""
    with reserved_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def bigquery_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The embedded BigQuery, one a worker; each test uses its own dataset."""
    folder = tmp_path_factory.mktemp("bigquery")
    # load jobs read files that tests write
    options = ("--data", str(folder / "data"), "--readable", str(tmp_path_factory.getbasetemp()))
    with serving("bigquery", "local.emulators.bigquery", folder, *options) as process:
        yield process


@pytest.fixture(scope="session")
def bigquery_url(bigquery_process: Process) -> str:
    return f"http://127.0.0.1:{bigquery_process.port}"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded BigQuery without a streaming buffer, one a worker: rows can be changed as soon as they are stored."""
    folder = tmp_path_factory.mktemp("engine")
    options = ("--data", str(folder / "data"), "--buffer-seconds", "0")
    with serving("bigquery", "local.emulators.bigquery", folder, *options) as process:
        yield f"http://127.0.0.1:{process.port}"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Our Pub/Sub broker, one a worker; each test uses its own project."""
    with serving("pubsub", "local.emulators.pubsub.server", tmp_path_factory.mktemp("pubsub")) as process:
        yield process


@pytest.fixture(scope="session")
def google_credentials(tmp_path_factory: pytest.TempPathFactory, bigquery_url: str) -> Path:
    key = tmp_path_factory.mktemp("key") / "credentials.json"
    credentials.write(key)
    return key


@pytest.fixture
def client(bigquery_url: str, google_credentials: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bigquery.Client]:
    """The standard client, on the session's BigQuery."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_url)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(google_credentials))
    with bigquery.Client(project="local") as made:
        yield made


@pytest.fixture(scope="session")
def session_client(bigquery_url: str, google_credentials: Path) -> Iterator[bigquery.Client]:
    """The same for fixtures that outlive a test; it leaves the environment as it was."""
    before = dict(os.environ)
    os.environ |= {"BIGQUERY_EMULATOR_HOST": bigquery_url, "GOOGLE_APPLICATION_CREDENTIALS": str(google_credentials)}
    with bigquery.Client(project="local") as client:
        os.environ.clear()
        os.environ |= before
        yield client


@pytest.fixture
def dataset(client: bigquery.Client) -> str:
    """Our tables and views, empty."""
    return new_dataset(client, "test")


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lender]:
    """Holds the worker's pipeline, which starts with the first trial."""
    one = Lender(tmp_path_factory)
    yield one
    one.close()


@pytest.fixture
def rest(lender: Lender, request: pytest.FixtureRequest) -> Iterator[Rest]:
    """The worker's pipeline with empty tables. The test starts X and the ingester."""
    yield lender.lend()
    lender.take_back(passed=request.node.stash.get(_PASSED, False))
