"""What a notebook asks of BigQuery, by Google's own client and pandas."""

from typing import Any

import nbclient
import nbformat
import pandas as pd
import pytest
from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from tests.support import ROOT
from tests.support.report_rows import fresh

pytestmark = pytest.mark.filterwarnings(
    "ignore:Loading pandas DataFrame into BigQuery will require pandas-gbq:FutureWarning",
    "ignore:.*DataFrames via google-cloud-bigquery is deprecated:PendingDeprecationWarning",
)

SECONDS = 30
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
POSTS = [
    {"id": str(n), "created_at": "2026-11-01T12:00:00", "lang": "en" if n else "de", "hashtags": ["a"]}
    for n in range(3)
]


@pytest.fixture(scope="module")
def dataset(session_client: bigquery.Client) -> str:
    return fresh(session_client, {"tweet_versions": POSTS}).name


def rows(client: bigquery.Client, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in client.query(sql, timeout=SECONDS).result(timeout=SECONDS)]


def test_an_answer_as_a_data_frame_and_as_arrow(session_client: bigquery.Client, dataset: str) -> None:
    """Without Google's Storage API, which has no other address than Google's."""
    asked = session_client.query(f"SELECT id, hashtags, created_at FROM `{dataset}.tweets` ORDER BY id")
    frame = asked.to_dataframe()
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert [list(tags) for tags in frame["hashtags"]] == [["a"]] * 3
    assert asked.to_arrow().num_rows == 3
    assert session_client.query_and_wait(f"SELECT COUNT(*) AS n FROM `{dataset}.tweets`").to_dataframe()[
        "n"
    ].tolist() == [3]


def test_small_tables_are_loaded_in_one_request(session_client: bigquery.Client, dataset: str) -> None:
    frame = pd.DataFrame({"lang": ["en", "de"], "name": ["English", "Deutsch"]})
    session_client.load_table_from_dataframe(frame, f"{dataset}.names").result(timeout=SECONDS)
    session_client.load_table_from_json([{"lang": "fr", "name": "français"}], f"{dataset}.names").result(
        timeout=SECONDS
    )
    joined = (
        f"SELECT name, COUNT(*) AS n FROM `{dataset}.tweets` JOIN `{dataset}.names` USING (lang) GROUP BY 1 ORDER BY 1"
    )
    assert rows(session_client, joined) == [{"name": "Deutsch", "n": 1}, {"name": "English", "n": 2}]


def destination(dataset: str, **more: Any) -> bigquery.QueryJobConfig:
    return bigquery.QueryJobConfig(destination=f"{dataset}.kept", **more)


def test_a_query_with_a_destination_makes_it_and_answers_with_its_rows(
    session_client: bigquery.Client, dataset: str
) -> None:
    client, sql = session_client, f"SELECT id FROM `{dataset}.tweets` WHERE lang = @lang ORDER BY id;"
    parameter = [bigquery.ScalarQueryParameter("lang", "STRING", "en")]
    job = client.query(sql, job_config=destination(dataset, query_parameters=parameter))
    assert [row.id for row in job.result(timeout=SECONDS)] == ["1", "2"]
    assert job.destination.table_id == "kept"
    with pytest.raises(Conflict, match="Already Exists"):
        client.query(sql, job_config=destination(dataset, query_parameters=parameter)).result(timeout=SECONDS)
    for how, count in (("WRITE_APPEND", 4), ("WRITE_TRUNCATE", 2)):
        config = destination(dataset, query_parameters=parameter, write_disposition=how)
        client.query(sql, job_config=config).result(timeout=SECONDS)
        assert client.get_table(f"{dataset}.kept").num_rows == count
    elsewhere = bigquery.QueryJobConfig(destination=f"{dataset}.none", create_disposition="CREATE_NEVER")
    with pytest.raises(NotFound):
        client.query("SELECT 1 AS one", job_config=elsewhere).result(timeout=SECONDS)


def test_a_destination_is_not_made_of_a_query_that_fails(session_client: bigquery.Client, dataset: str) -> None:
    config = bigquery.QueryJobConfig(destination=f"{dataset}.broken")
    with pytest.raises(Exception, match="nothing_like_it"):
        session_client.query(f"SELECT nothing_like_it FROM `{dataset}.tweets`", job_config=config).result(
            timeout=SECONDS
        )
    with pytest.raises(NotFound):
        session_client.get_table(f"{dataset}.broken")


def test_a_table_knows_its_rows_and_a_view_its_columns(session_client: bigquery.Client, dataset: str) -> None:
    assert session_client.get_table(f"{dataset}.tweet_versions").num_rows == 3
    table, view = (session_client.get_table(f"{dataset}.{name}").schema for name in ("tweet_versions", "tweets"))
    assert [field.name for field in view] == [*(field.name for field in table), "counted_at"]
    assert {field.name for field in view if field.mode == "REPEATED"} == {
        "hashtags",
        "mentions",
        "urls",
        "rules",
        "keywords",
    }


def test_the_bq_tool_is_refused_with_an_explanation(session_client: bigquery.Client) -> None:
    address = f"{session_client._connection.API_BASE_URL}/discovery/v1/apis/bigquery/v2/rest"
    answer = session_client._http.get(address, timeout=SECONDS)
    assert answer.status_code == 501
    assert "serves Google's client libraries, and not bq" in answer.json()["error"]["message"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(notebook: Any) -> None:
    whole = nbformat.read(notebook, as_version=4)
    assert not [cell for cell in whole.cells if cell.get("outputs")], "outputs are not kept"
    nbclient.NotebookClient(whole, timeout=200, resources={"metadata": {"path": str(ROOT)}}).execute()
    kept = [cell for cell in whole.cells if "num_rows" in cell.source]
    assert [output["data"]["text/plain"] for output in kept[0].outputs] == ["10"]
