"""The whole path on real data: upload, train, follow, score; on both kinds of database."""

import hashlib
import json

import httpx
import pytest


def events_of(api, job_id, **headers):
    with api.stream("GET", f"/v1/training-jobs/{job_id}/events", headers=headers) as stream:
        blocks = "".join(stream.iter_text()).strip().split("\n\n")
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(int(f["id"]), f["event"], json.loads(f["data"])["data"]) for f in fields if "id" in f]


def score(api, job, genotypes, **query):
    return api.post(
        f"/v1/models/{job['model_id']}:score", json={"genotypes": genotypes}, params=query
    )


def test_the_profile_tells_what_was_measured(dataset):
    profile = dataset["profile"]
    assert (profile["row_count"], profile["locus_count"]) == (472, 121)
    assert profile["rows_per_order"] == {"0": 7, "1": 123, "2": 136, "3": 168, "4": 38}
    assert profile["labels"][0]["unit"] == "mg/L"
    assert profile["labels"][0]["censored_count"] == 9


def test_the_report_stands_beside_its_nulls(trained):
    rows = {row["predictor"]: row for row in trained["report"]["labels"][0]["table"]}
    assert {"train_mean", "additive", "forest", "pair_mean", "low_rank"} <= set(rows)
    assert rows["perturbation_set (y_intact)"]["spearman_interval"]
    label = trained["report"]["labels"][0]
    assert "on unseen values of cycle" in label["verdict"]
    assert {group["value"]: group["column"] for group in label["groups"]} == dict.fromkeys(
        ["5", "6"], "cycle"
    )


def test_the_report_knows_what_was_built_again(trained):
    label = trained["report"]["labels"][0]
    across = {c["scale"]: c for c in label["ceilings"] if c["kind"] == "across_builds"}
    assert across["log"]["design_count"] == 63
    assert 0 < across["log"]["reliability"] < 1
    assert label["headline"]["noise_source"] == "across_builds"
    assert label["seen"]["genes_seen_count"] <= label["seen"]["gene_count"]


def test_scores_carry_calibrated_intervals(api, trained):
    genotypes = ["PP_0368:knockdown", "PP_0751:knockdown+PP_0368:knockdown"]
    model = api.get(f"/v1/models/{trained['model_id']}").raise_for_status().json()
    known = model["manifest"]["labels"][0]["interval"]
    found = {}
    for level in (0.5, 0.9):
        path = f"/v1/models/{trained['model_id']}:score"
        body = {"genotypes": genotypes, "interval_level": level, "fields": ["interval"]}
        answer = api.post(path, json=body).raise_for_status().json()
        found[level] = answer["labels"][0]["interval"]
        assert (found[level]["level"], found[level]["calibrated_on"]) == (
            level,
            known["calibrated_on"],
        )
    for low, inner, upper, high in zip(
        found[0.9]["low"], found[0.5]["low"], found[0.5]["high"], found[0.9]["high"], strict=True
    ):
        assert 20 <= low <= inner < upper <= high
    answer = api.post(path, json={"genotypes": genotypes, "interval_level": 1.0})
    assert answer.status_code == 422


def test_events_are_numbered_and_resume_where_the_reader_left(api, trained):
    whole = events_of(api, trained["id"])
    assert [number for number, _, _ in whole] == list(range(1, len(whole) + 1))
    assert whole[-1][1:] == ("state", {"state": "SUCCEEDED"})
    assert {"state", "progress", "epoch", "report"} <= {kind for _, kind, _ in whole}
    rest = events_of(api, trained["id"], **{"Last-Event-ID": "3"})
    assert rest == whole[3:]


def test_scores_are_columnar_and_in_order(api, trained):
    genotypes = ["PP_0751:knockdown+PP_0368:knockdown", "", "PP_0368:knockdown"]
    answer = score(api, trained, genotypes).raise_for_status().json()
    assert answer["genotypes"] == ["PP_0368:knockdown+PP_0751:knockdown", "", "PP_0368:knockdown"]
    label = answer["labels"][0]
    for field in ("mean", "sd", "min", "max", "expected_neutral", "interaction"):
        assert len(label[field]) == 3
    backwards = score(api, trained, genotypes[::-1]).raise_for_status().json()
    assert backwards["labels"][0]["mean"] == pytest.approx(label["mean"][::-1], rel=1e-6)


def test_fields_select_columns(api, trained):
    label = score(api, trained, [""], fields=["mean", "sd"]).raise_for_status().json()["labels"][0]
    assert set(label) == {"name", "unit", "neutral_model", "mean", "sd"}


def test_the_answer_says_what_was_measured_and_what_is_extrapolated(api, trained):
    # The weakened PP_0368 of the last genotype was never measured.
    genotypes = ["", "PP_0751:knockdown+PP_0368:knockdown", "PP_0368:knockdown@0.5"]
    fields = ["expected_neutral", "neutral_source", "support"]
    answer = score(api, trained, genotypes, fields=fields).raise_for_status().json()
    assert answer["labels"][0]["neutral_source"] == ["measured", "measured", "fitted"]
    assert answer["support"]["is_extrapolated"] == [False, False, True]


def test_every_offender_of_every_design_is_named(api, trained):
    genotypes = ["PP_0368:knockdown+PP_9999:knockdown", "", "PP_036:knockdown+PP_0368:deletion"]
    answer = score(api, trained, genotypes)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["reason"] == "UNKNOWN_EDITS"
    named = {(error["field"], error["value"]) for error in problem["errors"]}
    assert named == {
        ("genotypes[0]", "PP_9999:knockdown"),
        ("genotypes[2]", "PP_036:knockdown"),
        ("genotypes[2]", "PP_0368:deletion"),
    }
    assert any("PP_0368:knockdown" in error["suggestions"] for error in problem["errors"])


def test_weights_download_whole_and_in_ranges(api, trained):
    model = api.get(f"/v1/models/{trained['model_id']}").raise_for_status().json()
    path = f"/v1/artifacts/{model['weights_sha256']}"
    whole = api.get(path).raise_for_status().content
    assert hashlib.sha256(whole).hexdigest() == model["weights_sha256"]
    part = api.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert api.get(path, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def cancel_in_an_epoch(api, path, after):
    """Follow a job from an event on, and cancel it as soon as an epoch is over."""
    headers = {"Last-Event-ID": str(after)}
    with api.stream("GET", f"{path}/events", headers=headers, timeout=60) as stream:
        for line in stream.iter_lines():
            if line == "event: epoch":
                api.post(f"{path}:cancel").raise_for_status()
    assert api.get(path).json()["state"] == "CANCELLED"


@pytest.mark.slow
def test_a_cancelled_job_goes_on_from_where_it_was(api, dataset):
    spec = {
        "dataset_id": dataset["id"],
        "labels": [{"name": "isoprenol"}],
        "model": {"kind": "perturbation_set"},
        "epochs": 20_000,
        "patience_epochs": 20_000,
        "ensemble_size": 1,
    }
    job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
    path = f"/v1/training-jobs/{job['id']}"
    cancel_in_an_epoch(api, path, after=0)
    assert api.post(f"{path}:cancel").status_code == httpx.codes.OK
    before = events_of(api, job["id"])
    assert api.post(f"{path}:resume").raise_for_status().json()["state"] == "QUEUED"
    cancel_in_an_epoch(api, path, after=len(before))
    whole = events_of(api, job["id"])
    first, second = (
        [data["epoch"] for _, kind, data in part if kind == "epoch"]
        for part in (before, whole[len(before) :])
    )
    assert first[0] == 1
    assert second[0] > first[-1]


def test_a_request_id_makes_one_job(api, dataset):
    request_id = "6f1c7a52-3f43-4be5-9d2e-7d2f0d9a2f11"
    spec = {
        "dataset_id": dataset["id"],
        "labels": [{"name": "isoprenol"}],
        "model": {"kind": "additive"},
    }

    def create(body):
        return api.post("/v1/training-jobs", json=body, params={"request_id": request_id})

    first, second = create(spec), create(spec)
    assert first.json()["id"] == second.json()["id"]
    other = create({**spec, "seed": 7})
    assert other.status_code == httpx.codes.CONFLICT
    assert other.json()["reason"] == "REQUEST_ID_REUSED"
