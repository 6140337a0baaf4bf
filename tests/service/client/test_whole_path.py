"""The client against a running service: upload, train, follow, score; and what goes wrong."""

import itertools

import pytest

from service.contract.datasets import DatasetState
from service.contract.designs import Design, parse_edit
from service.contract.errors import (
    BadTableError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnknownEditsError,
)
from service.contract.jobs import EventType, JobState
from service.contract.losses import loss_catalog
from tests.service.client.conftest import EFFECT, LOCI, SPEC, table


def test_the_data_set_is_ready_and_profiled(client, dataset):
    assert dataset.state is DatasetState.READY
    assert dataset.profile.row_count == 1 + 12 + 66
    assert dataset.profile.locus_count == 12
    assert dataset.id in [item.id for item in client.datasets.list(state=DatasetState.READY)]


def test_the_catalogue_says_what_a_job_may_name(client):
    known = client.losses()
    assert known == loss_catalog().losses
    assert {"mse", "dist", "supcr", "composition"} <= {loss.name for loss in known if loss.is_term}


def test_an_upload_tells_what_was_read(client):
    read = []
    made = client.datasets.upload(table(), SPEC, name="again", progress=read.append)
    assert read[-1] == made
    assert {one.state for one in read[:-1]} <= {DatasetState.INGESTING}


def test_the_job_has_made_a_model(client, run, dataset):
    assert run.state is JobState.SUCCEEDED
    assert run.job.report is not None
    assert run.id in [item.id for item in client.runs(dataset_id=dataset.id)]
    assert run.model().id in [item.id for item in client.models(dataset_id=dataset.id)]


def test_the_report_is_a_page_and_data(client, model, tmp_path):
    page = client.report(model.id)
    saved = model.save_report(tmp_path / "report.html")
    assert saved.read_text(encoding="utf-8") == page
    report = model.report_data()
    assert report.labels[0].verdict == model.resource.report["labels"][0]["verdict"]
    assert report.labels[0].verdict in page
    assert len(report.diagnostics.designs[0].shown.genotype) == report.split.test_design_count


def test_the_events_tell_the_whole_story(run):
    events = list(run.events())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    states = [event.data["state"] for event in events if event.type is EventType.STATE]
    assert states == ["QUEUED", "RUNNING", "SUCCEEDED"]
    assert list(run.events(after=events[-1].sequence)) == []


def test_scores_come_in_order_and_in_the_unit_of_the_label(model):
    loci = [LOCI[11], LOCI[0]]
    genotypes = ["", *(f"{locus}:knockdown" for locus in loci)]
    (label,) = model.score(genotypes).labels
    expected = [2.718281828 ** (3 + EFFECT.get(locus, 0)) for locus in ["", *loci]]
    assert label.unit == "mg/L"
    assert label.mean == pytest.approx(expected, rel=0.1)


def test_fields_are_selected(model):
    answer = model.score([Design.of([parse_edit("PP_0001:knockdown")])], ["mean"])
    (label,) = answer.labels
    assert (len(label.mean), label.sd, answer.support) == (1, None, None)
    assert answer.genotypes == ["PP_0001:knockdown"]


def test_an_edit_that_the_model_cannot_encode_is_an_error(model):
    with pytest.raises(UnknownEditsError) as caught:
        model.score(["PP_0001:knockdown", "PP_0001:deletion", "PP_9999:knockdown"])
    assert [offender.field for offender in caught.value.offenders] == [
        "genotypes[1]",
        "genotypes[2]",
    ]
    assert caught.value.offenders[0].suggestions == ["PP_0001:knockdown"]


def test_many_designs_are_scored_at_once(model):
    pairs = [f"{a}:knockdown+{b}:knockdown" for a, b in itertools.combinations(LOCI, 2)]
    (label,) = model.score(pairs * 150, ["mean"]).labels
    assert len(label.mean) == 9900
    assert label.mean[:66] == label.mean[-66:]


def test_a_bad_table_is_told_by_row_and_column(client):
    with pytest.raises(BadTableError) as caught:
        client.datasets.upload(table(bad_row=6), SPEC)
    (offender,) = caught.value.offenders
    assert (offender.row, offender.column, offender.value) == (7, "titer", "high")


def test_a_spec_that_does_not_fit(client, dataset):
    with pytest.raises(InvalidArgumentError) as caught:
        client.train({"dataset_id": dataset.id, "labels": [{"name": "titre"}]})
    assert caught.value.offenders[0].suggestions == ["titer"]


def test_what_has_ended_is_not_cancelled(run):
    with pytest.raises(FailedPreconditionError):
        run.cancel()


def test_what_is_not_there(client):
    with pytest.raises(NotFoundError):
        client.model("model_0")
    with pytest.raises(NotFoundError):
        client.run("job_0")


def cancel_at_first_epoch(run, after):
    """Cancel once an epoch is told; returns the sequence of the last event."""
    for event in run.events(after):
        if event.type is EventType.EPOCH and run.state is JobState.QUEUED:
            run.cancel()
    assert run.refresh().state is JobState.CANCELLED
    return event.sequence


@pytest.mark.slow
def test_a_cancelled_job_is_resumed(client, dataset):
    spec = {"dataset_id": dataset.id, "labels": [{"name": "titer"}], "ensemble_size": 2}
    spec["model"] = {"kind": "perturbation_set"}
    run = client.train({**spec, "epochs": 3000, "patience_epochs": 3000})
    last = cancel_at_first_epoch(run, after=0)
    assert run.resume().state is JobState.QUEUED
    assert cancel_at_first_epoch(run, after=last) > last
