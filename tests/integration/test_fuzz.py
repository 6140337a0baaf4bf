"""Requests that nobody thought of: no answer is a 500, and each is as the document says."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOKS = "tests.integration.fuzzed_bodies"

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def with_real_ids(document, ids):
    """The OpenAPI document, its path parameters narrowed to resources that exist."""
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    known = ids.get(parameter["name"], "none-was-made")
                    parameter["schema"]["enum"] = [known, "no-such-id"]
                # A score that may take no time is a 504, and rightly.
                if parameter["name"] == "timeout_seconds":
                    parameter["schema"] = {"type": "number", "minimum": 5, "maximum": 60}
    for name in ("ScoreRequest", "ComposeRequest", "CompareRequest"):
        properties = document["components"]["schemas"][name]["properties"]
        properties["timeout_seconds"]["minimum"] = 5
    return document


def promoted(api, model_id, alias):
    """A promotion that has ended."""
    answer = api.post(f"/v1/models/{model_id}:promote", json={"alias": alias})
    promotion = answer.raise_for_status().json()
    while promotion["state"] == "PENDING":
        time.sleep(0.1)
        promotion = api.get(f"/v1/promotions/{promotion['id']}").raise_for_status().json()
    return promotion


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_generated_requests_meet_no_surprise(service, api, dataset, trained, tmp_path):
    table = api.post("/v1/gene-tables", content=b"locus\tx\nPP_0368\t1\nPP_0751\t2\n").json()
    edges = f"/v1/gene-tables/{table['id']}/networks"
    network = api.post(edges, content=b"a\tb\nPP_0368\tPP_0751\n").json()
    # What an alias means is neither archived nor deleted, whatever is asked for.
    kept, promotion = (promoted(api, trained["model_id"], alias) for alias in ("kept", "other"))
    ids = {
        "dataset_id": dataset["id"],
        "gene_table_id": table["id"],
        "network_id": network["id"],
        "job_id": trained["id"],
        "model_id": trained["model_id"],
        "promotion_id": kept["id"],
        "reference": f"{promotion['name']}@other",
        "model_name": trained["model_id"],
        "model_version": "1",
        "sha256": dataset["source_sha256"],
    }
    document = with_real_ids(api.get("/openapi.json").raise_for_status().json(), ids)
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(path)]
    command += ["--url", service.base_url, "--checks", ",".join(CHECKS), "--max-examples", "40"]
    command += ["--exclude-path-regex", "events$", "--seed", "1", "--no-color"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=500,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS},
    )
    assert done.returncode == 0, done.stdout[-6000:]
