"""Bad input over HTTP: one clear problem document, no READY data set, no blob left behind."""

import json
import socket
import time
from urllib.parse import quote

import httpx
import pytest

GENOTYPES = {
    "design": {"layout": "genotype", "column": "genes", "kind": "deletion"},
    "labels": [{"name": "fitness", "column": "y", "kind": "fitness", "unit": "relative"}],
}
EDITS = {
    "design": {
        "layout": "edits",
        "columns": [
            {"locus_column": "a", "kind": "deletion"},
            {"locus_column": "b", "kind_column": "kind_b"},
        ],
    },
    "labels": GENOTYPES["labels"],
}

TABLES = {
    "two edits of one locus": (
        EDITS,
        b"a\tb\tkind_b\ty\nx\tz\tdeletion\t1\nx\tx\tknockdown\t2\n",
        2,
    ),
    "empty file": (GENOTYPES, b"", None),
    "header only": (GENOTYPES, b"genes\ty\n", None),
    "missing column": (GENOTYPES, b"gene\ty\nx\t1\n", None),
    "non-numeric label": (GENOTYPES, b"genes\ty\nx\t1\nz\tabc\n", 2),
    "infinite label": (GENOTYPES, b"genes\ty\nx\t1\nz\tinf\n", 2),
    "separator inside a name": (GENOTYPES, b"genes\ty\nx\t1\nz:1\t2\n", 2),
    "all labels missing": (GENOTYPES, b"genes\ty\nx\tNaN\nz\t\n", None),
    "wrong file type": (GENOTYPES, b"\x89PNG\r\n\x1a\n" + bytes(100), None),
    "a ragged row": (GENOTYPES, b"genes\ty\nx\t1\nz\t1\t2\n", 2),
}
WITHOUT_COLUMN = {"two edits of one locus", "a ragged row"}


def blobs(service):
    root = service.data_dir / "artifacts"
    return {path.name for path in root.rglob("*") if path.is_file()}


def await_blobs(service, expected):
    """A file goes just after the answer that it is not needed, or with its connection."""
    deadline = time.monotonic() + 30
    while (found := blobs(service)) != expected:
        assert time.monotonic() < deadline, found ^ expected
        time.sleep(0.02)


def ready_count(api):
    return len(
        api.get("/v1/datasets", params={"state": "READY", "page_size": 1000}).json()["items"]
    )


@pytest.mark.parametrize("case", TABLES)
def test_a_bad_table_is_refused_and_leaves_nothing(case, service, api, upload):
    spec, content, row = TABLES[case]
    before = blobs(service), ready_count(api)
    answer = upload(content, spec)
    problem = answer.json()
    assert answer.status_code == 422, problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert ready_count(api) == before[1]
    await_blobs(service, before[0])
    if row is not None:
        assert row in {error.get("row") for error in problem["errors"]}
        assert case in WITHOUT_COLUMN or all(error["column"] for error in problem["errors"])


def test_skipped_rows_are_listed(upload):
    answer = upload(b"genes\ty\nx\t1\nz\tabc\nw\t3\n", {**GENOTYPES, "on_bad_rows": "skip"})
    profile = answer.raise_for_status().json()["profile"]
    assert profile["row_count"] == 2
    assert [(row["row"], row["column"]) for row in profile["skipped_rows"]] == [(2, "y")]


def test_an_upload_cut_off_leaves_nothing(service, api):
    before = blobs(service), len(api.get("/v1/datasets").json()["items"])
    host, port = service.base_url.removeprefix("http://").split(":")
    target = f"/v1/datasets?spec={quote(json.dumps(GENOTYPES))}"
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(head.encode() + b"genes\ty\nx\t1\n")
        time.sleep(0.3)
    await_blobs(service, before[0])
    assert len(api.get("/v1/datasets").json()["items"]) == before[1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"loss": {"terms": [{"name": "mse"}, {"name": "magic"}]}}, "magic"),
        ({"loss": {"terms": [{"name": "mse"}, {"name": "dist", "weight": -1}]}}, "weight"),
        ({"labels": [{"name": "isoprenl"}]}, "isoprenol"),
        ({"split": {"kind": "covariate", "covariate": "cyle", "test": ["6"]}}, "cycle"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": 0.1}, "learning_rate"),
    ],
)
def test_a_bad_training_spec_says_what_is_wrong(api, dataset, change, expected):
    spec = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}], **change}
    answer = api.post("/v1/training-jobs", json=spec)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert expected in answer.text


def test_a_data_set_that_does_not_exist_is_not_found(api):
    spec = {"dataset_id": "dataset_none", "labels": [{"name": "y"}]}
    assert api.post("/v1/training-jobs", json=spec).status_code == httpx.codes.NOT_FOUND


def test_a_data_set_that_failed_cannot_be_trained_on(api, upload):
    failed = upload(b"genes\ty\nx\tabc\n", GENOTYPES).json()
    spec = {"dataset_id": failed["dataset_id"], "labels": [{"name": "fitness"}]}
    answer = api.post("/v1/training-jobs", json=spec)
    assert answer.status_code == httpx.codes.CONFLICT
    assert "FAILED" in answer.json()["detail"]
