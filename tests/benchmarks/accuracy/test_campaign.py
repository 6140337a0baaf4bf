"""The harness refuses what came second, goes on where it stopped, and logs once."""

import json

import pytest

from benchmarks import accuracy
from benchmarks.accuracy_rows import campaign
from benchmarks.accuracy_rows import specs as specs_module
from benchmarks.accuracy_rows.campaign import Clock, run_row
from benchmarks.accuracy_rows.page import write_page
from benchmarks.accuracy_rows.rows import ROWS
from benchmarks.accuracy_rows.specs import (
    BadSpecError,
    UncommittedSpecError,
    chosen,
    others,
)
from benchmarks.accuracy_rows.store import LOG, RESULTS, Key, Store
from benchmarks.accuracy_rows.summary import standing
from benchmarks.accuracy_rows.tables import MissingDataError

ROW = ROWS["isoprenol_cycles"]


@pytest.fixture(autouse=True)
def few_nulls(monkeypatch):
    """Two nulls are as good as twelve here; one of them stands for those that draw."""
    kept = tuple(n for n in specs_module.nulls(ROW) if n.name in {"train_mean", "pair_mean"})
    monkeypatch.setattr(campaign, "_DRAWS", {"pair_mean"})
    for module in (campaign, specs_module):
        monkeypatch.setattr(module, "nulls", lambda _: kept)


@pytest.fixture
def run(specs, data, store):  # noqa: ARG001  # it stands in for the example
    def run(budget=None, choice=True, tell=lambda _: None):
        picked = chosen(specs)[ROW.name] if choice else None
        clock = Clock(budget)
        beside = others(specs).get(ROW.name, ()) if choice else ()
        return run_row(ROW, picked, beside, folder=None, store=store, clock=clock, tell=tell)

    return run


def logged(store):
    path = store.results / LOG
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_spec_that_is_not_committed_is_refused_and_nothing_is_evaluated(run, store):
    with pytest.raises(UncommittedSpecError, match=r"isoprenol\.json is not in HEAD"):
        run()
    assert logged(store) == []
    assert store.all(ROW.name) == []


def test_a_spec_that_was_changed_after_its_commit_is_refused(run, store, specs, commit):
    commit()
    path = specs / "isoprenol.json"
    path.write_text(path.read_text().replace("1.0", "2.0"))
    with pytest.raises(UncommittedSpecError):
        run()
    commit()
    assert run()
    assert {entry["role"] for entry in logged(store)} == {"null", "chosen"}


def test_each_evaluation_is_logged_once_and_the_cache_adds_no_line(run, store, commit):
    commit()
    told = []
    assert run(tell=told.append)
    entries = logged(store)
    # train_mean once, pair_mean and the choice with each seed
    assert [(e["model"], e["seed"]) for e in entries] == [
        ("pair_mean", 0), ("train_mean", 0), ("chosen_isoprenol", 0),
        ("pair_mean", 1), ("chosen_isoprenol", 1),
        ("pair_mean", 2), ("chosen_isoprenol", 2),
    ]  # fmt: skip
    assert {"date", "commit", "spec_sha256", "data_sha256", "metrics"} <= entries[0].keys()
    assert "about" in told[1]
    assert run(tell=told.append)
    assert logged(store) == entries
    assert told[-1] == f"{ROW.name}: 0 to evaluate"
    result = store.result(Key(ROW.name, "chosen_isoprenol", 1))
    assert result["differences"].keys() == {"train_mean", "pair_mean"}
    assert result["differences"]["train_mean"]["low"] > 0.3


def test_another_spec_is_evaluated_anew(run, store, specs, commit):
    commit()
    run()
    path = specs / "isoprenol.json"
    path.write_text(path.read_text().replace("1.0", "2.0"))
    commit()
    before = len(logged(store))
    run()
    entries = logged(store)
    assert [e["model"] for e in entries[before:]] == ["chosen_isoprenol"] * 3
    assert len({e["spec_sha256"] for e in entries if e["role"] == "chosen"}) == 2


def test_another_model_is_measured_beside_the_choice_and_never_for_it(run, store, specs, commit):
    commit()
    (specs / "others").mkdir()
    path = specs / "others" / "means.json"
    said = {"rows": [ROW.name], "selection": "to see", "seeds": [0]}
    path.write_text(json.dumps(said | {"training": {"model": {"kind": "forest", "trees": 10}}}))
    with pytest.raises(UncommittedSpecError, match=r"means\.json is not in HEAD"):
        run()
    commit()
    assert run()
    others_of = [e for e in logged(store) if e["role"] == "other"]
    assert [(e["model"], e["seed"]) for e in others_of] == [("other_means", 0)]
    result = store.result(Key(ROW.name, "chosen_isoprenol", 1))
    assert result["differences"].keys() == {"train_mean", "pair_mean"}
    found = standing(ROW, store)
    assert found.chosen.model == "chosen_isoprenol"
    assert [scored.kind for scored in found.others] == ["forest"]
    assert "| `forest` (other) | 0 |" in write_page(store).read_text()
    assert run()
    assert len([e for e in logged(store) if e["role"] == "other"]) == 1


def test_a_budget_ends_a_run_that_goes_on_later(run, store):
    assert not run(budget=-1.0, choice=False)
    assert logged(store) == []
    assert run(choice=False)
    done = logged(store)
    assert run(choice=False)
    assert logged(store) == done


def test_a_training_is_stopped_when_the_budget_ends(run, store, monkeypatch):
    monkeypatch.setattr(Clock, "has", lambda _, seconds: seconds > 0)  # none left, once begun
    monkeypatch.setattr(campaign, "_estimate", lambda *_: 1.0)
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    assert not run(choice=False)
    assert logged(store) == []


def test_predictions_that_are_gone_are_made_again_only_for_a_comparison(run, store, commit):
    run(choice=False)
    for path in (store.work / "predictions").iterdir():
        path.unlink()
    count = len(logged(store))
    run(choice=False)
    assert len(logged(store)) == count
    commit()
    run()
    assert "differences" in store.result(Key(ROW.name, "chosen_isoprenol", 0))


def test_missing_data_names_the_option(store):
    with pytest.raises(MissingDataError, match="--data"):
        run_row(ROWS["emap_random"], None, folder=None, store=store, clock=Clock(None), tell=print)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "isoprenol.json"),
        ('{"rows": ["none"], "selection": "x", "training": {}}', "no row none"),
        ('{"rows": ["emap_random"], "selection": "x", "training": {"seed": 1}}', "gives seed"),
    ],
)
def test_a_spec_that_says_something_else_is_refused(specs, text, message):
    (specs / "isoprenol.json").write_text(text)
    with pytest.raises(BadSpecError, match=message):
        chosen(specs)


def test_two_specs_for_one_row_are_refused(specs):
    (specs / "other.json").write_text((specs / "isoprenol.json").read_text())
    with pytest.raises(BadSpecError, match="already"):
        chosen(specs)


def test_the_page_shows_every_row_and_the_verdict(run, store, commit):
    commit()
    run()
    text = write_page(store).read_text()
    assert "nan" not in text
    for row in ROWS.values():
        assert f"## {row.name}" in text
    line = next(line for line in text.splitlines() if line.startswith("| isoprenol | cycles"))
    assert "`additive`" in line
    assert line.count("0.") > 6
    assert (store.results.parent / "accuracy.svg").read_text().startswith("<svg")


def test_the_page_counts_the_log_and_what_was_added_to_it_afterwards(store):
    for more in ({}, {"logged_afterwards": {"date": "2026-11-29", "reason": "a look"}}, {}):
        store.log({"row": ROW.name} | more)
    assert "): 3 so far, 1 of them looks" in write_page(store).read_text()


def test_what_is_kept_was_logged_and_a_line_without_a_date_says_why():
    store = Store(RESULTS, RESULTS)
    logged = store.logged()
    assert {(e["row"], e["model"], e["seed"]) for e in logged} >= {
        (r["row"], r["model"], r["seed"]) for row in ROWS for r in store.all(row)
    }
    for entry in logged:
        assert (entry["date"] is None) == ("logged_afterwards" in entry)


def test_the_command_says_what_is_missing(specs, store, monkeypatch):
    monkeypatch.delenv("CELLGEBRA_DATA", raising=False)
    common = ["--results", str(store.results), "--work", str(store.work), "--specs", str(specs)]
    with pytest.raises(SystemExit, match="name its folder with --data"):
        accuracy.main(["--only", "emap_random", *common])
    with pytest.raises(SystemExit, match="not in HEAD"):
        accuracy.main(["--only", "isoprenol_cycles", *common])
