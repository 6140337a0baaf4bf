"""Searches over REST: made once, read, followed, listed, cancelled, refused; their proposals."""

import pytest

from service.contract.blobs import SealedBlob
from service.contract.genes import GenesUsed
from service.contract.jobs import JobState
from service.contract.manifests import ManifestLabel
from service.contract.proposals import OrderCount, SearchReport
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, job_files, leases, proposals
from tests.service.contract.repositories.test_proposals import FOUND
from tests.service.rows import OWNER, add_model, claim, publish_blob

LABEL = ManifestLabel(
    name="growth",
    kind="fitness",
    scale="linear",
    unit="relative",
    transform="identity",
    center=0.0,
    spread=1.0,
    neutral_model="multiplicative",
    train_count=10,
)
REPORT = SearchReport(
    strategy="screen",
    kernel="c-avx2",
    edit_count=2,
    orders=(OrderCount(order=2, possible_count=1, evaluated_count=1, excluded_count=0),),
    seconds=0.1,
    designs_per_second=10.0,
    proposal_count=3,
)


@pytest.fixture
def spec(context):
    model_id = add_model(context, labels=[LABEL])
    return {"model_id": model_id, "objectives": [{"label": "growth"}], "max_order": 2}


def succeed(context, job_id):
    """End a search, as its worker does."""
    lease = claim(context.database, job_id)
    with context.store.writer() as writer:
        writer.write(b"rank\tgenotype\n")
        sealed: SealedBlob = writer.seal()
        with artifacts.write_blobs(context.database, context.store) as session:
            job = session.get_one(JobRecord, job_id)
            proposals.add_proposals(session, job, FOUND)
            job_files.add_files(session, job, {"proposals.tsv": (sealed, "text/plain")})
            result = {"report": REPORT.model_dump(mode="json")}
            leases.finish(session, lease, JobState.SUCCEEDED, result=result)
    return sealed.sha256


async def test_a_search_is_queued_read_listed_and_cancelled(rest, spec):
    created = await rest.post("/v1/search-jobs", json=spec)
    assert created.status_code == 201, created.text
    job = created.json()
    assert (job["state"], job["fraction"]) == ("QUEUED", 0.0)
    path = f"/v1/search-jobs/{job['id']}"
    assert created.headers["Location"] == path
    assert (await rest.get(path)).json() == job
    query = {"state": "QUEUED", "model_id": spec["model_id"]}
    listed = (await rest.get("/v1/search-jobs", params=query)).json()
    assert [item["id"] for item in listed["items"]] == [job["id"]]
    none = await rest.get("/v1/search-jobs", params={"model_id": "model_other"})
    assert none.json()["items"] == []
    early = await rest.get(f"{path}/proposals")
    assert (early.status_code, "is QUEUED" in early.json()["detail"]) == (409, True)
    assert (await rest.get(f"{path}/proposals.tsv")).status_code == 404
    assert (await rest.post(f"{path}:cancel")).json()["state"] == "CANCELLED"
    assert (await rest.post(f"{path}:resume")).json()["state"] == "QUEUED"
    for other in ("/v1/training-jobs/", "/v1/search-jobs/x"):
        assert (await rest.get(f"{other}{job['id']}")).status_code == 404


async def test_a_request_id_makes_one_search(rest, spec):
    query = {"request_id": "6f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"}
    first = await rest.post("/v1/search-jobs", params=query, json=spec)
    second = await rest.post("/v1/search-jobs", params=query, json=spec)
    assert first.json()["id"] == second.json()["id"]
    other = await rest.post("/v1/search-jobs", params=query, json={**spec, "caution": 2})
    assert other.json()["reason"] == "REQUEST_ID_REUSED"


async def test_what_it_proposes(rest, context, spec):
    job = (await rest.post("/v1/search-jobs", json=spec)).json()
    sha256 = succeed(context, job["id"])
    path = f"/v1/search-jobs/{job['id']}"
    read = (await rest.get(path)).json()
    assert SearchReport.model_validate(read["report"]) == REPORT
    first = (await rest.get(f"{path}/proposals", params={"page_size": 2})).json()
    assert [item["rank"] for item in first["items"]] == [1, 2]
    query = {"page_size": 2, "page_token": first["next_page_token"]}
    second = (await rest.get(f"{path}/proposals", params=query)).json()
    assert [item["rank"] for item in second["items"]] == [3]
    assert second["next_page_token"] is None
    checked = await rest.get(f"{path}/proposals", params={"order_by": "check_rank", "locus": "ab"})
    assert [item["check_rank"] for item in checked.json()["items"]] == [1, 2]
    file = await rest.get(f"{path}/proposals.tsv")
    assert (file.content, file.headers["ETag"]) == (b"rank\tgenotype\n", f'"{sha256}"')
    events = await rest.get(f"{path}/events")
    assert events.text.count("event: state") == 3  # QUEUED, RUNNING, SUCCEEDED


async def test_a_file_of_a_search_outlives_another_holder_of_its_blob(rest, context, spec):
    job = (await rest.post("/v1/search-jobs", json=spec)).json()
    sha256 = succeed(context, job["id"])
    same = publish_blob(context.database, context.store, b"rank\tgenotype\n")
    assert same.sha256 == sha256
    with artifacts.write_blobs(context.database, context.store) as session:
        artifacts.release_artifact(session, OWNER.project_id, sha256)
    file = await rest.get(f"/v1/search-jobs/{job['id']}/proposals.tsv")
    assert file.content == b"rank\tgenotype\n"


async def test_another_name_of_a_gene_is_put_in_the_words_of_the_model(rest, context):
    genes = GenesUsed(
        gene_table_id="genes_1",
        table_sha256="a" * 64,
        are_genes_held_out=False,
        features=[],
        features_off=[],
        evidence_off=[],
        networks=[],
        names={"rbsK": ["b0720"], "two": ["b0720", "b1812"]},
    )
    model_id = add_model(context, labels=[LABEL], genes=genes)
    spec = {
        "model_id": model_id,
        "objectives": [{"label": "growth"}],
        "pool": {
            "edits": ["rbsK:knockout", "b1812:knockdown@0.2"],
            "must_avoid": ["rbsK"],
            "allowed": [{"locus": "rbsK", "kinds": ["deletion"]}],
        },
    }
    spec["panel"] = {"size": 2, "owned": ["rbsK"], "costs": [{"locus": "rbsK", "cost": 3}]}
    spec["order_sheet"] = {"controls": ["rbsK:deletion"], "stock": ["b1812:knockdown+c:deletion"]}
    found = (await rest.post("/v1/search-jobs", json=spec)).json()["spec"]
    pool, panel, sheet = found["pool"], found["panel"], found["order_sheet"]
    assert (panel["owned"], panel["costs"][0]["locus"]) == (["b0720"], "b0720")
    assert (sheet["controls"], sheet["stock"]) == (
        ["b0720:deletion"],
        ["b1812:knockdown+c:deletion"],
    )
    assert pool["edits"] == ["b0720:deletion", "b1812:knockdown@0.2"]
    assert (pool["must_avoid"], pool["allowed"][0]["locus"]) == (["b0720"], "b0720")
    spec["pool"] = {"loci": ["two"]}
    refused = (await rest.post("/v1/search-jobs", json=spec)).json()
    assert refused["errors"][0]["suggestions"] == ["b0720", "b1812"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"objectives": [{"label": "groth"}]}, ["objectives[0].label"]),
        ({"feasibility": [{"label": "titer", "at_least": 1}]}, ["feasibility[0].label"]),
        (
            {"pool": {"edits": ["b0720:deletion", "b9999:deletion", "b1812:deletion"]}},
            ["pool.edits[1]", "pool.edits[2]"],
        ),
        (
            {"pool": {"loci": ["b072"], "must_include": ["nonsense"], "must_avoid": ["b1"]}},
            ["pool.loci[0]", "pool.must_include[0]", "pool.must_avoid[0]"],
        ),
        ({"pool": {"edits": ["b0720:deletion+b1812:knockdown"]}}, ["pool.edits[0]"]),
        (
            {"pool": {"forbidden_pairs": [["b0720", "x"], ["y:deletion", "b1812"]]}},
            ["pool.forbidden_pairs[1][0]", "pool.forbidden_pairs[0][1]"],
        ),
    ],
)
async def test_names_that_the_model_lacks_are_all_listed(rest, spec, change, fields):
    refused = await rest.post("/v1/search-jobs", json={**spec, **change})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == fields


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"panel": {"size": 2, "owned": ["b9"]}}, "panel.owned[0]"),
        (
            {"panel": {"size": 2, "kind": "parents", "owned": ["", "b9:deletion"]}},
            "panel.owned[1]",
        ),
        ({"order_sheet": {"controls": ["", "b9:deletion"]}}, "order_sheet.controls[1]"),
        ({"order_sheet": {"stock": ["b9"]}}, "order_sheet.stock[0]"),
    ],
)
async def test_names_on_a_sheet_or_panel_that_the_model_lacks(rest, spec, change, field):
    refused = await rest.post("/v1/search-jobs", json={**spec, **change})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


async def test_a_model_that_is_not_there(rest, spec):
    refused = await rest.post("/v1/search-jobs", json={**spec, "model_id": "model_x"})
    assert refused.status_code == 404
