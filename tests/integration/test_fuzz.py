"""Requests and calls that nobody thought of: no answer is a 500, and each is as documented.

Both doors of a service of their own, whose keys they may make and whose data they may delete.
"""

import json
import math
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest

from service.contract.api_keys import id_of
from tests.integration.conftest import ISOPRENOL, SMALL
from tests.integration.fuzzed_bodies import OWN_KEY_VARIABLE
from tests.integration.generated_calls import try_methods
from tests.servers.embedded import embedded_service

ROOT = Path(__file__).parents[2]
HOOKS = "tests.integration.fuzzed_bodies"

# Over REST and gRPC, on both databases, together; an hour for a long run.
FUZZ_SECONDS = float(os.environ.get("CELLGEBRA_TEST_FUZZ_SECONDS", "120"))
SHARE_SECONDS = FUZZ_SECONDS / 4
FUZZ_SEED = os.environ.get("CELLGEBRA_TEST_FUZZ_SEED", "1")

# What fits the schema may still be wrong: a name that does not exist, a token of nobody.
NOT_CHECKED = "positive_data_acceptance"
NOT_CALLED = "events$"  # streams that do not end
ROTATE = "/v1/keys/{key_id}:rotate"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SHARE_SECONDS + 500)]


@dataclass(frozen=True)
class Target:
    """A service, a key that opens it, and a resource of each kind by the name that paths have."""

    base_url: str
    grpc_address: str
    secret: str
    ids: dict

    @property
    def bearer(self):
        return f"Bearer {self.secret}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def target(request, tmp_path_factory):
    data_dir, options = tmp_path_factory.mktemp("fuzz") / "data", []
    if request.param == "postgresql":
        options = ["--database-url", request.getfixturevalue("postgres").create_database()]
    with embedded_service(data_dir, *options) as service:
        with httpx.Client(base_url=service.base_url, timeout=60) as api:
            api.headers["authorization"] = f"Bearer {made_key(api)['secret']}"
            ids = made_ids(api)
            secret = api.headers["authorization"].removeprefix("Bearer ")
        yield Target(service.base_url, service.grpc_address, secret, ids)


def made_key(api):
    spec = {"name": "fuzz", "scopes": ["admin"]}
    return api.post("/v1/keys", json=spec).raise_for_status().json()


def made_ids(api):
    """A resource of each kind, by the name that paths and fields have for it."""
    dataset = made(api, "/v1/datasets", ISOPRENOL)
    job = api.post("/v1/training-jobs", json={"dataset_id": dataset["id"], **SMALL})
    trained = ended(api, f"/v1/training-jobs/{job.raise_for_status().json()['id']}")
    table = api.post("/v1/gene-tables", content=b"locus\tx\nPP_0368\t1\nPP_0751\t2\n").json()
    edges = f"/v1/gene-tables/{table['id']}/networks"
    network = api.post(edges, content=b"a\tb\nPP_0368\tPP_0751\n").json()
    # What an alias means is neither archived nor deleted, whatever is asked for.
    kept, promotion = (promoted(api, trained["model_id"], alias) for alias in ("kept", "other"))
    return {
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
        "key_id": made_key(api)["key"]["id"],
        "rotated_key_id": made_key(api)["key"]["id"],
    }


def made(api, path, folder):
    mapping = (folder / "mapping.json").read_text()
    content = (folder / "putida_isoprenol_designs.tsv").read_bytes()
    answer = api.post(path, params={"spec": mapping}, content=content).raise_for_status()
    return ended(api, f"{path}/{answer.json()['id']}")


def ended(api, path):
    """A resource that is no longer on its way."""
    on_its_way = {"INGESTING", "QUEUED", "RUNNING", "PENDING"}
    while (found := api.get(path).raise_for_status().json())["state"] in on_its_way:
        time.sleep(0.2)
    assert found["state"] in ("READY", "SUCCEEDED"), found
    return found


def promoted(api, model_id, alias):
    """A promotion that has ended."""
    answer = api.post(f"/v1/models/{model_id}:promote", json={"alias": alias})
    return ended(api, f"/v1/promotions/{answer.raise_for_status().json()['id']}")


def with_real_ids(document, ids):
    """The OpenAPI document, its path parameters narrowed to resources that exist.

    A key that was revoked is not rotated any more: there is one for each.
    """
    for template, path in document["paths"].items():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    name = "rotated_key_id" if template == ROTATE else parameter["name"]
                    known = ids.get(name, "none-was-made")
                    parameter["schema"]["enum"] = [known, "no-such-id"]
    return document


def done_by(target, door):
    """The changes that a door has made, by the audit log: also that our own key is still one."""
    headers, found, token = {"authorization": target.bearer}, set(), ""
    time.sleep(1)  # they are written within a second
    while token is not None:
        page = {"result": "OK", "page_size": 1000, "page_token": token}
        answer = httpx.get(f"{target.base_url}/v1/audit", params=page, headers=headers, timeout=60)
        told = answer.raise_for_status().json()
        found |= {one["operation"] for one in told["items"] if one["door"] == door}
        token = told["next_page_token"]
    return found


def test_generated_requests_meet_no_surprise(target, tmp_path, capsys):
    answer = httpx.get(f"{target.base_url}/openapi.json", timeout=60).raise_for_status()
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(with_real_ids(answer.json(), target.ids)))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(path)]
    command += ["--url", target.base_url, "--checks", "all", "--exclude-checks", NOT_CHECKED]
    command += ["--max-time", str(math.ceil(SHARE_SECONDS)), "--no-color", "--seed", FUZZ_SEED]
    command += ["--exclude-path-regex", NOT_CALLED, "-H", f"Authorization: {target.bearer}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SHARE_SECONDS + 300,
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": HOOKS,
            OWN_KEY_VARIABLE: id_of(target.secret),
        },
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert done_by(target, "rest")
    (tried,) = re.findall(r"^ +(\d+ generated.*)$", done.stdout, re.MULTILINE)
    with capsys.disabled():
        print(f"\nrequests: {tried}")  # noqa: T201 - for whoever reads how much was tried


def test_generated_calls_meet_no_surprise(target, capsys):
    headers = {"authorization": target.bearer}
    with httpx.Client(base_url=target.base_url, headers=headers, timeout=60) as api:
        fresh = {"key_id": made_key(api)["key"]["id"]}  # the requests revoke that of the target
    with grpc.insecure_channel(target.grpc_address) as channel:
        counts = try_methods(
            channel,
            target.ids | fresh,
            seconds=SHARE_SECONDS,
            turn=int(FUZZ_SEED),
            metadata=[("authorization", target.bearer)],
        )
    total = sum(counts.values(), Counter())
    assert {"revokeApiKey", "rotateApiKey"} <= done_by(target, "grpc")
    assert {"/cellgebra.v1.TrainingService/GetTrainingJob", "/grpc.health.v1.Health/Check"} <= set(
        counts
    )
    with capsys.disabled():
        told = f"{total.total()} of {len(counts)} methods: {dict(total)}"
        print(f"\ncalls: {told}")  # noqa: T201 - for whoever reads how much was tried
