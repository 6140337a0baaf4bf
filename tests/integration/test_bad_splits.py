"""Splits and labels that nothing can be learned from or measured on, over HTTP."""

from itertools import combinations

import pytest

SPEC = {
    "design": {"layout": "genotype", "column": "genes", "kind": "deletion"},
    "labels": [{"name": "growth", "column": "y", "kind": "fitness", "unit": "relative"}],
}
GENES = ["", *"abcdef", *(f"{x}+{y}" for x in "abc" for y in "def")]


def table(values, genotypes=GENES):
    rows = [f"{genes}\t{value}" for genes, value in zip(genotypes, values, strict=True)]
    return "\n".join(["genes\ty", *rows]).encode()


GROWING = [1 - 0.05 * place for place in range(len(GENES))]
ONE_DESIGN = b"genes\ty\na\t1.0\na\t1.1\n"
MANY = ["+".join(genes) for order in (1, 2, 3) for genes in combinations("abcdefghij", order)]
SPARSE = [len(MANY) + place if place % 10 == 3 else "NaN" for place in range(len(MANY))]

CASES = {
    "nothing to test": (table(GROWING), {"kind": "order", "max_train_order": 2}, "name a smaller"),
    "an unseen gene": (
        table(GROWING),
        {"kind": "gene", "test": ["a"]},
        "without features of genes",
    ),
    "one design": (ONE_DESIGN, {"kind": "random"}, "it takes two"),
    "a constant label": (
        table([1.0] * len(GENES)),
        {"kind": "random"},
        "the same value throughout",
    ),
}


@pytest.fixture
def end_of(api, upload):
    """The job of a table and a split, at its end."""

    def run(content, split):
        dataset = upload(content, SPEC).raise_for_status().json()
        spec = {
            "dataset_id": dataset["id"],
            "labels": [{"name": "growth"}],
            "model": {"kind": "additive"},
            "split": split,
        }
        job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
        path = f"/v1/training-jobs/{job['id']}"
        with api.stream("GET", f"{path}/events", timeout=120) as stream:
            for _ in stream.iter_lines():
                pass
        return api.get(path).raise_for_status().json()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_job_fails_and_says_why(end_of, case):
    content, split, message = CASES[case]
    job = end_of(content, split)
    assert job["state"] == "FAILED"
    assert job["error"]["reason"] == "INVALID_ARGUMENT"
    assert message in job["error"]["detail"]
    assert job["model_id"] is None


@pytest.mark.slow
def test_a_label_that_is_mostly_missing_is_trained_and_judged_on_the_rest(end_of):
    job = end_of(table(SPARSE, MANY), {"kind": "random", "test_fraction": 0.3})
    assert job["state"] == "SUCCEEDED", job["error"]
    label = job["report"]["labels"][0]
    left_out = job["report"]["split"]["left_out"]["design_with_unseen_edit_count"]
    assert label["train_design_count"] + label["test_design_count"] + left_out == 18
    assert 0 < label["test_design_count"] < label["train_design_count"]
    assert label["verdict"]
