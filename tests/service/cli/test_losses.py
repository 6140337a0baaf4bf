"""`cellgebra losses`: what it prints of the catalogue, and from where."""

import socket

import pytest

from service.cli.asking import DEFAULT_URL as OF_COMMANDS
from service.cli.losses import details, overview
from service.client.cellgebra import DEFAULT_URL
from service.contract.errors import NotFoundError
from service.contract.losses import loss_catalog
from tests.service.cli.test_command import refused, run

LOSSES = loss_catalog().losses


def test_every_loss_has_its_line_under_what_a_job_may_do_with_it():
    lines = overview(LOSSES)
    titles = [line for line in lines if not line.startswith(" ")]
    assert titles == [
        "regression terms, exactly one a job:",
        "further terms:",
        "not for training jobs:",
    ]
    assert sorted(line.split()[0] for line in lines if line.startswith(" ")) == sorted(
        loss.name for loss in LOSSES
    )
    first, second, third = (lines.index(title) for title in titles)
    assert lines[first + 1].startswith("  mse ")
    assert any(line.startswith("  supcr ") for line in lines[second:third])
    assert any(line.startswith("  energy_score ") for line in lines[third:])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_one_loss_is_told_in_full(loss):
    lines = details(LOSSES, loss.name)
    words = " ".join(" ".join(lines).split())
    assert lines[0] == loss.name
    assert max(map(len, lines)) <= 140
    for text in (loss.description, loss.formula, *loss.source, loss.refusal or ""):
        assert " ".join(text.split()) in words
    for parameter in loss.parameters:
        assert f" {parameter.name} " in words
        assert parameter.description in words


def test_defaults_and_ranges_are_in_words():
    told = {line.split()[0]: " ".join(line.split()) for line in details(LOSSES, "dist")[1:]}
    assert told["weight"] == "weight 0.1 at least 0 weight in the sum; 0: not computed"
    assert told["rule"].startswith("rule quantile quantile | kde | official ")
    assert told["bandwidth"].startswith("bandwidth null at least 1e-06, at most 1e+06 ")
    shown = {line.split()[0]: " ".join(line.split()) for line in details(LOSSES, "hurdle")[1:]}
    assert shown["threshold"].startswith("threshold 0 any number ")
    part = {line.split()[0]: " ".join(line.split()) for line in details(LOSSES, "composition")[1:]}
    assert part["normalized"].startswith("normalized true true | false ")


def test_a_loss_that_is_not_there_has_its_neighbours_named():
    with pytest.raises(NotFoundError, match="there is no loss supcor; did you mean supcr"):
        details(LOSSES, "supcor")


def test_without_a_service_it_says_so():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = refused(run("losses", "--url", address), status=6)
    assert "does not answer" in said
    assert OF_COMMANDS == DEFAULT_URL


@pytest.mark.slow
def test_it_asks_a_running_service(sqlite_service):
    told = run("losses", "--url", sqlite_service.base_url)
    assert told.stdout.splitlines() == overview(LOSSES)
    one = run("losses", "l1", "--url", sqlite_service.base_url)
    assert one.stdout.splitlines() == details(LOSSES, "l1")
    assert "no loss l2" in refused(run("losses", "l2", "--url", sqlite_service.base_url), status=3)
