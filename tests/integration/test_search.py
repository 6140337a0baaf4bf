"""Searches through the real queue: what is proposed, whoever helped, whatever was killed."""

import csv
import io
import itertools
from math import comb

import pyarrow.parquet
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnknownEditsError,
)
from service.contract.jobs import JobState
from tests.servers.embedded import embedded_service

ALL = 121


@pytest.fixture(scope="module")
def client(service):
    with Cellgebra(service.base_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(client, trained):
    return client.model(trained["model_id"])


@pytest.fixture
def spec(model):
    return {
        "model_id": model.id,
        "objectives": [{"label": "isoprenol"}],
        "max_order": 2,
        "proposal_count": 20,
    }


def exact(model, edits, orders):
    """Every design of some edits in one request, ranked by y_compose."""
    genotypes = ["+".join(s) for n in orders for s in itertools.combinations(sorted(edits), n)]
    label = model.score(genotypes, ["y_compose"]).labels[0]
    return sorted(zip(genotypes, label.y_compose, strict=True), key=lambda pair: -pair[1])


def test_every_pair_is_evaluated_and_the_best_are_proposed(client, model, spec):
    run = client.search(spec | {"rank_by": "mean"})
    told = []
    job = run.wait(told.append)
    assert job.state is JobState.SUCCEEDED
    report = job.report
    assert [order.evaluated_count for order in report.orders] == [ALL, comb(ALL, 2)]
    assert (report.edit_count, report.proposal_count) == (ALL, 20)
    counts = [e.data["evaluated_count"] for e in told if "evaluated_count" in e.data]
    assert counts[-1] == ALL + comb(ALL, 2)
    proposals = list(run.proposals())
    edits = model.resource.manifest.edits
    best = exact(model, edits, (1, 2))[:20]
    assert [p.genotype for p in proposals] == [genotype for genotype, _ in best]
    assert [p.labels[0].compose_mean for p in proposals] == pytest.approx([y for _, y in best])


def test_proposals_are_checked_at_the_intact_state(client, model, spec):
    run = client.search(spec)
    run.wait()
    proposals = list(run.proposals())
    scored = model.score([p.genotype for p in proposals]).labels[0]
    for i, proposal in enumerate(proposals):
        label = proposal.labels[0]
        assert label.unit == "mg/L"
        assert label.intact_mean == pytest.approx(scored.mean[i])
        assert label.intact_sd == pytest.approx(scored.sd[i])
        assert label.expected_neutral == pytest.approx(scored.expected_neutral[i])
        assert proposal.value == pytest.approx(label.compose_mean - label.compose_sd)
        assert proposal.check_value == pytest.approx(label.intact_mean - label.intact_sd)
    by_check = list(run.proposals(order_by="check_rank"))
    assert [p.check_rank for p in by_check] == list(range(1, 21))
    assert sorted(by_check, key=lambda p: p.rank) == proposals


def test_all_proposals_as_files(client, spec, tmp_path):
    run = client.search(spec)
    with pytest.raises(NotFoundError):
        run.save(tmp_path / "early.tsv")
    run.wait()
    proposals = list(run.proposals())
    text = run.save(tmp_path / "all.tsv").read_text()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    table = pyarrow.parquet.read_table(run.save(tmp_path / "all.parquet"))
    assert [row["genotype"] for row in rows] == [p.genotype for p in proposals]
    assert table["genotype"].to_pylist() == [p.genotype for p in proposals]
    means = [float(row["isoprenol intact_mean [mg/L]"]) for row in rows]
    assert means == pytest.approx([p.labels[0].intact_mean for p in proposals])
    with pytest.raises(InvalidArgumentError, match=r"\.tsv or \.parquet"):
        run.save(tmp_path / "all.xlsx")


def test_rules_of_the_pool_hold(client, spec):
    pool = {
        "must_include": ["PP_0815:knockdown"],
        "must_avoid": ["PP_0368"],
        "forbidden_pairs": [["PP_0813", "PP_0815"]],
        "min_support": 3,
    }
    run = client.search(spec | {"pool": pool, "max_order": 3, "min_order": 2, "per_order": True})
    run.wait()
    proposals = list(run.proposals())
    assert {p.order for p in proposals} == {2, 3}
    for proposal in proposals:
        loci = {edit.partition(":")[0] for edit in proposal.genotype.split("+")}
        assert "PP_0815" in loci
        assert not loci & {"PP_0368", "PP_0813"}
        assert proposal.edit_support >= 3


def test_progress_reaches_its_end_where_designs_are_excluded(client, spec):
    run = client.search(spec | {"pool": {"forbidden_pairs": [["PP_0813", "PP_0815"]]}})
    told = []
    run.wait(told.append)
    assert run.job.report.orders[1].excluded_count == 1
    assert [e.data["fraction"] for e in told if "fraction" in e.data][-1] == 1.0


def test_a_search_ends_in_a_sheet_and_a_panel(client, spec, tmp_path):
    sheet = {"row_count": 12, "rebuild_count": 2, "explore_share": 0.5, "costs": []}
    wanted = {"proposal_count": 60, "order_sheet": sheet, "panel": {"kind": "loci", "size": 5}}
    run = client.search(spec | wanted)
    run.wait()
    text = run.save_order_sheet(tmp_path / "sheet.tsv").read_text()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    roles = [row["role"] for row in rows]
    assert [roles.count(role) for role in ("control", "rebuild", "explore")] == [1, 2, 4]
    assert len(rows) == 12
    proposed = {p.genotype for p in run.proposals()}
    new = {row["genotype"] for row in rows if row["role"] in ("exploit", "explore")}
    assert len(new) == 9
    assert new <= proposed
    panel = run.job.report.panel
    loci = {member.name for member in panel.members}
    assert len(loci) == 5
    built = [g for g in proposed if {e.partition(":")[0] for e in g.split("+")} <= loci]
    assert panel.design_count == len(built) > 0


@pytest.mark.slow  # compiles first
@pytest.mark.timeout(300)
def test_six_edits_are_searched_with_a_proof_or_within_a_budget(client, spec):
    orders = {"min_order": 6, "max_order": 6, "rank_by": "mean"}
    given = {
        "branch_and_bound": {"branch_and_bound": {"nodes": 20}, "beam_width": 20},
        "evolutionary": {"evolution": {"designs": 400, "population": 50}},
    }
    panel = {"kind": "loci", "size": 10, "strategy": "integer_programming"}
    for strategy, budget in given.items():
        run = client.search(spec | orders | budget | {"strategy": strategy, "panel": panel})
        assert run.wait().state is JobState.SUCCEEDED
        report = run.job.report
        (order,) = report.orders
        assert order.possible_count == comb(ALL, 6)
        assert order.evaluated_count + order.pruned_count == order.possible_count
        assert [p.order for p in run.proposals()] == [6] * 20
        assert (report.proof is not None) == (strategy == "branch_and_bound")
        if report.proof is not None:
            assert report.proof.is_proven == (report.proof.gap is None)
            assert report.proof.node_count <= 20
        assert report.panel.proof.greedy <= report.panel.worth_share + 1e-9


def test_a_sheet_that_cannot_be_filled_is_told_before_any_work(client, spec):
    short = client.search(spec | {"order_sheet": {"row_count": 48}})
    with pytest.raises(InvalidArgumentError, match="raise proposal_count"):
        short.wait()
    sheet = {"row_count": 10, "controls": ["PP_9999:knockdown"]}
    with pytest.raises(UnknownEditsError, match="PP_9999"):
        client.search(spec | {"order_sheet": sheet})


def test_what_cannot_be_is_told_before_any_work(client, spec):
    refused = client.search(spec | {"pool": {"min_support": 10_000}})
    with pytest.raises(InvalidArgumentError, match="min_support"):
        refused.wait()
    with pytest.raises(FailedPreconditionError, match="FAILED"):
        next(refused.proposals())
    many = client.search(spec | {"max_order": 1, "proposal_count": 500})
    with pytest.raises(InvalidArgumentError, match="121"):
        many.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_share_a_search_and_one_may_die(tmp_path, mapping):
    """What two workers find, one of them finds with the shards of the other, who was killed."""
    from tests.integration.conftest import ISOPRENOL, SMALL

    with (
        embedded_service(
            tmp_path / "data", "--search-workers", "2", environment={"CELLGEBRA_LEASE_SECONDS": "3"}
        ) as service,
        Cellgebra(service.base_url) as client,
    ):
        dataset = client.datasets.upload(ISOPRENOL / "putida_isoprenol_designs.tsv", mapping)
        training = client.train({"dataset_id": dataset.id, **SMALL})
        training.wait()
        spec = {
            "model_id": training.model().id,
            "objectives": [{"label": "isoprenol"}],
            "pool": {"edits": training.model().resource.manifest.edits[:100]},
            "min_order": 4,
            "max_order": 4,
            "strategy": "batched",
            "proposal_count": 50,
        }
        first = _searched_by_two(client, spec)
        second = client.search(spec)
        for event in second.events():
            if event.data.get("evaluated_count", 0) > 0:
                break
        _kill_a_worker(service)
        second.wait()
        assert second.state is JobState.SUCCEEDED
        assert list(second.proposals()) == list(first.proposals())
        counts = [run.job.report.orders for run in (first, second)]
        assert counts[0] == counts[1]


def _searched_by_two(client, spec):
    """A search that both workers took part in: one that still starts may miss the first."""
    for _ in range(3):
        run = client.search(spec)
        run.wait()
        if run.job.report.worker_count == 2:
            return run
    raise AssertionError(run.job.report)


def _kill_a_worker(service):
    """Kill the busiest child of a search worker."""
    children = [
        child
        for process in service.processes()
        if "search" in " ".join(process.cmdline())
        for child in process.children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert children
    max(children, key=lambda child: child.cpu_times().user).kill()
