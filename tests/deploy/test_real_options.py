"""A dataset that others made and an encryption key of one's own, with the real gcloud and bq."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.deploy.cloud import PROJECT, Cloud, Ran, cloud, copy_of_tree, missing_tools
from tests.support.fakes.google.things import NUMBER
from tests.support.tiers import needs

pytestmark = [
    needs("gcloud", missing_tools() is None, f"{missing_tools()}, and deploy.sh cannot be run for real"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
KEY = "projects/keys-of-us/locations/us-central1/keyRings/ring/cryptoKeys/posts"
ENCRYPTED: dict[str, Any] = {"KMS_KEY": KEY}
ADOPTED: dict[str, Any] = {"BIGQUERY_DATASET": "warehouse", "ADOPT_DATASET": "true"}


def dataset_of_others(google: Cloud) -> None:
    google.enable("bigquery")
    datasets = f"{google.bigquery_url}/bigquery/v2/projects/{PROJECT}/datasets"
    dataset = {"datasetReference": {"projectId": PROJECT, "datasetId": "warehouse"}, "location": "us-central1"}
    requests.post(datasets, json=dataset, timeout=30).raise_for_status()
    google.ask("CREATE TABLE warehouse.sales (amount INT64)")
    google.ask("INSERT INTO warehouse.sales VALUES (7)")


def statements(ran: Ran) -> str:
    return "\n".join(r["body"]["configuration"]["query"]["query"] for r in ran.of("bigquery", "POST", path="/jobs"))


def test_a_dataset_of_others_is_used_only_if_that_is_wanted_and_outlives_our_tables(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path / "tree")
    with cloud(tmp_path) as google:
        dataset_of_others(google)
        refused = google.deploy("up", "bigquery", "--yes", tree=tree, BIGQUERY_DATASET="warehouse")
        assert refused.code == 1
        assert "ADOPT_DATASET=true adds our tables to a dataset of yours" in refused.said
        up = google.deploy("up", "--yes", tree=tree, **ADOPTED)
        assert up.code == 0, up.said
        plan = google.deploy("plan", tree=tree, **ADOPTED)
        assert "0 to make, 0 to change" in plan.said, plan.said
        assert google.ask("SELECT COUNT(*) AS n FROM warehouse.tweets") == [{"n": "0"}]
        gone = google.deploy("destroy", "--all", "--yes", tree=tree, **ADOPTED | {"ADOPT_DATASET": "false"})
        assert gone.code == 0, gone.said
        assert "our tables and views in the dataset warehouse" in gone.said
        assert google.ask("SELECT amount FROM warehouse.sales") == [{"amount": "7"}]
        left = google.ask("SELECT table_name FROM warehouse.INFORMATION_SCHEMA.TABLES")
        assert left == [{"table_name": "sales"}]
        assert "SET OPTIONS (labels = [])" in statements(gone)


def test_a_table_of_others_with_one_of_our_names_is_not_taken_for_ours(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path / "tree")
    with cloud(tmp_path) as google:
        dataset_of_others(google)
        google.ask("CREATE TABLE warehouse.archive (year INT64)")
        ran = google.deploy("up", "bigquery", "--yes", tree=tree, **ADOPTED)
        assert ran.code == 1
        assert "has a table or view called archive already" in ran.said


def test_what_is_stored_is_encrypted_with_a_key_of_ones_own(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path / "tree")
    with cloud(tmp_path) as google:
        up = google.deploy("up", "--yes", tree=tree, **ENCRYPTED)
        assert up.code == 0, up.said
        topics = [r["body"] for r in up.of("pubsub", "PUT", path="/topics/")]
        keys = {r["name"].rsplit("/", 1)[-1]: r.get("kmsKeyName") for r in topics if "name" in r}
        assert keys.get("tweets") == keys.get("tweets-dead") == KEY, topics
        [bucket] = [r["body"] for r in up.of("storage", "POST") if "defaultKmsKeyName" in json.dumps(r["body"])]
        assert bucket["encryption"]["defaultKmsKeyName"] == KEY
        [secret] = [r["body"] for r in up.of("secretmanager", "POST") if "replication" in json.dumps(r["body"])]
        [replica] = secret["replication"]["userManaged"]["replicas"]
        assert replica == {"location": "us-central1", "customerManagedEncryption": {"kmsKeyName": KEY}}
        script = statements(up)
        assert script.index(f'default_kms_key_name = "{KEY}"') < script.index("CREATE TABLE")
        grants = [r for r in up.of("cloudkms", path=":setIamPolicy") if r["status"] == 200]
        [binding] = grants[-1]["body"]["policy"]["bindings"]
        assert binding["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        assert sorted(re.sub(r"serviceAccount:(service|bq)-", "", one) for one in binding["members"]) == [
            f"{NUMBER}@bigquery-encryption.iam.gserviceaccount.com",
            f"{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com",
            f"{NUMBER}@gcp-sa-secretmanager.iam.gserviceaccount.com",
            f"{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
        ]
        order = [json.dumps(r["body"]) + r["path"] for r in up.requests]
        last_grant = max(i for i, one in enumerate(order) if "cryptoKeys" in one and ":setIamPolicy" in one)
        first_use = min(i for i, one in enumerate(order) if KEY in one and "cryptoKeys/posts:" not in one)
        assert last_grant < first_use, "the key may be used before anything is stored with it"
        plan = google.deploy("plan", tree=tree, **ENCRYPTED)
        assert "0 to make, 0 to change" in plan.said, plan.said
        gone = google.deploy("destroy", "--all", "--yes", tree=tree, **ENCRYPTED)
        assert gone.code == 0, gone.said
