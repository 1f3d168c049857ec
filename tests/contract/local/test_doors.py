"""No web page, and no text in a query, gets further than the tables: what each server on this machine refuses."""

from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery

from local.emulators import doors, secretmanager
from tests.support.processes import serving

HEADERS: dict[str, tuple[dict[str, str], int]] = {
    "a name that leads here": ({"Host": "evil.example:80"}, 403),
    "a name that only begins well": ({"Host": "127.0.0.1.evil.example"}, 403),
    "no name": ({"Host": ""}, 403),
    "a web page": ({"Origin": "https://evil.example"}, 403),
    "a web page of this machine": ({"Origin": "http://localhost:3000"}, 403),
    "a file that is open in a browser": ({"Origin": "null"}, 403),
    "a type that a page may send": ({"Content-Type": "application/xml"}, 415),
    "no type": ({"Content-Type": ""}, 415),
}


def post(url: str, headers: dict[str, str]) -> requests.Response:
    usual = {"Content-Type": "application/json"}
    return requests.post(url, data=b'{"query": "SELECT 1", "useLegacySql": false}', headers=usual | headers, timeout=10)


@pytest.mark.parametrize(("headers", "status"), HEADERS.values(), ids=HEADERS.keys())
def test_the_embedded_bigquery_refuses(bigquery_url: str, headers: dict[str, str], status: int) -> None:
    answer = post(f"{bigquery_url}/bigquery/v2/projects/local/queries", headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert post(f"{bigquery_url}/bigquery/v2/projects/local/queries", {}).status_code == 200


@pytest.fixture(scope="module")
def x_url(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving("x", "local.emulators.x.server", tmp_path_factory.mktemp("x"), X_BEARER_TOKEN="local") as process:
        yield f"http://127.0.0.1:{process.port}"


@pytest.mark.parametrize(("headers", "status"), HEADERS.values(), ids=HEADERS.keys())
def test_the_stand_in_for_x_refuses(x_url: str, headers: dict[str, str], status: int) -> None:
    token = {"Authorization": "Bearer local"}
    assert post(f"{x_url}/2/tweets/search/stream/rules", headers | token).status_code == status


@pytest.mark.parametrize("headers", [headers for headers, status in HEADERS.values() if status == 403])
def test_the_stand_in_for_secret_manager_refuses(headers: dict[str, str]) -> None:
    with secretmanager.serve("a secret") as server:
        url = f"{server.url}/v1/projects/p/secrets/s/versions/latest:access"
        assert requests.get(url, headers=headers, timeout=10).status_code == 403
        assert requests.get(url, timeout=10).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9050", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]"])
def test_programs_of_this_machine_are_let_in(host: str) -> None:
    assert doors.refusal("GET", {"host": host}, ()) is None


SQL = {
    "writes a file": "COPY (SELECT 'touch x') TO '{file}'",
    "exports data": "EXPORT DATA OPTIONS (uri = 'file://{file}', format = 'CSV') AS SELECT 1 AS x",
    "reads a file": "SELECT * FROM read_text('/etc/passwd')",
    "reads a file as a table": "SELECT * FROM '/etc/passwd'",
    "reads lines": "SELECT * FROM read_csv_auto('/etc/passwd')",
    "lists files": "SELECT * FROM glob('/etc/*')",
    "opens a database": "ATTACH '{file}' AS other",
    "loads code": "LOAD '{file}'",
    "installs code": "INSTALL httpfs",
    "opens the doors again": "SET enable_external_access = true",
    "reads the environment": "SELECT getenv('HOME')",
}


@pytest.mark.parametrize("sql", SQL.values(), ids=SQL.keys())
def test_a_query_cannot_reach_files_extensions_or_the_environment(
    client: bigquery.Client, sql: str, sql_folder: Path
) -> None:
    file = sql_folder / "bashrc"
    with pytest.raises(GoogleAPIError):
        list(client.query(sql.format(file=file), timeout=10, job_retry=None).result(timeout=10))
    assert not file.exists()


@pytest.fixture
def sql_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of those that the tests' engine may read."""
    return Path(f"{tmp_path_factory.getbasetemp()}-outside")


def test_a_load_job_reads_only_where_it_may(client: bigquery.Client, dataset: str) -> None:
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", create_disposition="CREATE_NEVER")
    job = client.load_table_from_uri("file:///etc/passwd", f"local.{dataset}.filtered", job_config=config)
    with pytest.raises(GoogleAPIError, match=r"Permission Error|not allowed|disabled"):
        job.result(timeout=30)
