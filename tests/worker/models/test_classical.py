"""Laws that all models fitted at once keep, and that specs and fits agree."""

import inspect
import typing

import numpy as np
import pytest

from service.contract.candidates import AutoSpec, ModelSpec
from service.contract.latent_models import (
    GeneGraphSpec,
    PerturbationSetSpec,
    SetTransformerSpec,
)
from service.contract.models import ClassicalSpec
from tests.worker.models.rows import Rows, random_rows
from worker.models.classical import KINDS, fit_model, load_model

SPECS = {spec.model_fields["kind"].default: spec for spec in typing.get_args(ClassicalSpec)}
SMALL = {"forest": {"trees": 10}}
ASKED = ["", "a", "ab", "ca", "abc", "dfe", "h", "a:knockdown@0.5+b:deletion"]

every_kind = pytest.mark.parametrize("kind", SPECS)


def spec_of(kind):
    return SPECS[kind](**SMALL.get(kind, {}))


@pytest.fixture(scope="module")
def rows():
    known = random_rows(100)
    return Rows(
        [*[d.genotype for d in known.designs], "a:knockdown@0.5"], [*known.labels, 0.9], seed=7
    )


def test_every_spec_has_a_model_and_its_fit_takes_its_fields_with_their_defaults():
    assert set(SPECS) == set(KINDS)
    known = typing.get_args(typing.get_args(ModelSpec)[0])
    assert set(known) == {
        *SPECS.values(),
        PerturbationSetSpec,
        GeneGraphSpec,
        SetTransformerSpec,
        AutoSpec,
    }
    for kind, spec in SPECS.items():
        parameters = dict(list(inspect.signature(KINDS[kind].fit).parameters.items())[1:])
        fields = {k: f.default for k, f in spec.model_fields.items() if k != "kind"}
        if parameters.pop("_", None):  # how it was told of genes is asked before the fit
            fields = {name: fields[name] for name in parameters}
        assert {name: p.default for name, p in parameters.items()} == fields, kind


@every_kind
def test_every_spec_says_what_it_is_and_where_it_is_from(kind):
    assert SPECS[kind].__doc__
    assert kind == "additive" or "Source:" in SPECS[kind].__doc__


@every_kind
def test_arrays_and_back_change_no_bit_and_a_fit_repeats(rows, kind):
    model = fit_model(spec_of(kind), rows.with_genes())
    stored = {name: array.copy() for name, array in model.arrays().items()}
    loaded = load_model(kind, stored)
    again = fit_model(spec_of(kind), rows.with_genes())
    for other in (loaded, again):
        np.testing.assert_array_equal(rows.ask(other, *ASKED), rows.ask(model, *ASKED))
    assert all(array.dtype.kind in "fib" for array in stored.values())


@every_kind
def test_the_order_of_rows_of_a_request_and_their_company_change_nothing(rows, kind):
    model = fit_model(spec_of(kind), rows.with_genes())
    together = rows.ask(model, *ASKED)
    alone = np.concatenate([rows.ask(model, design) for design in ASKED])
    np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-12)
    assert together.dtype == np.float64
    assert np.isfinite(together).all()


@every_kind
def test_an_edit_without_effect_is_none(rows, kind):
    model = fit_model(spec_of(kind), rows.with_genes())
    without, with_it = rows.ask(model, "b"), rows.ask(model, "a:knockdown@1+b:deletion")
    np.testing.assert_allclose(with_it, without, rtol=1e-12)


@every_kind
def test_no_design_at_all_is_no_prediction(rows, kind):
    assert rows.ask(fit_model(spec_of(kind), rows.with_genes())).shape == (0,)


@every_kind
def test_one_design_and_a_constant_label_are_predicted_as_they_are(kind):
    for designs in (["ab"], ["ab", "ab", "ab"], ["a", "b", "ab"]):
        known = Rows(designs, [2.0] * len(designs))
        value = known.ask(fit_model(spec_of(kind), known.with_genes()), designs[-1])
        expected = 0.0 if kind == "edit_frequency" else 2.0
        if kind == "edit_frequency" and len(set(designs)) > 1:
            continue  # never sees that the label is constant
        assert value == pytest.approx(expected, rel=0.1), designs


@every_kind
def test_missing_labels_are_left_out(rows, kind):
    if kind == "edit_frequency":
        pytest.skip("counts designs with and without labels")
    labels = rows.labels.copy()
    labels[10:] = np.nan
    sparse = Rows([d.genotype for d in rows.designs], labels, seed=7)
    short = rows.with_genes().rows(np.arange(10))
    asked = ["", "a", "ab", "abc"]
    np.testing.assert_allclose(
        sparse.ask(fit_model(spec_of(kind), sparse.with_genes()), *asked),
        rows.ask(fit_model(spec_of(kind), short), *asked),
        rtol=1e-6,
        atol=1e-9,
    )


@every_kind
def test_no_edits_in_training_leave_the_mean(kind):
    known = Rows(["", "", ""], [1.0, 2.0, 3.0], loci="")
    value = known.ask(fit_model(spec_of(kind), known.with_genes()), "")[0]
    geometric = np.exp(np.log([1.0, 2.0, 3.0]).mean())
    means = {"multiplicative": geometric, "edit_frequency": 0.0}
    assert value == pytest.approx(means.get(kind, 2.0), rel=0.1)


@pytest.mark.parametrize(
    ("labels", "weights", "message"),
    [
        ([1.0], None, "as many labels"),
        ([1.0, np.inf], None, "1 labels are infinite"),
        ([1.0, 2.0], [1.0, -1.0], "at least 0"),
        ([1.0, 2.0], [1.0, np.nan], "at least 0"),
    ],
)
def test_bad_labels_and_weights_are_refused(labels, weights, message):
    with pytest.raises(ValueError, match=message):
        Rows(["a", "b"], labels, weights)
