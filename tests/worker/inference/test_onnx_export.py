"""ONNX in onnxruntime beside the predictor: every head, every option, any size of a request."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import load

from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import PerturbationSetSpec
from service.contract.models import ForestSpec
from worker.inference.onnx_export import onnx_model
from worker.inference.predictor import Predictor
from worker.models.networks import new_latent_network

SPECS = [
    {"head": "linear", "saturates": False},
    {"head": "linear"},
    {"head": "quadratic"},
    {"head": "mlp", "saturates": False},
    {"head": "mlp", "activation": "relu"},
    {"head": "mlp", "hidden_layers": 2, "attention_layers": 3},
    {"head": "quadratic", "latent_dim": 10, "attention_heads": 3, "attention_layers": 2},
    {"latent_dim": 2, "attention_heads": 8},
]
LEVELS = ["", "@0", "@0.25", "@1", "@1.5"]


def session(tensors, manifest):
    model = onnx_model(tensors, manifest)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def random_genotypes(edits, count, largest, seed=0):
    rng = np.random.default_rng(seed)
    return [
        "+".join(
            edit + rng.choice(LEVELS)
            for edit in rng.choice(edits, rng.integers(0, largest + 1), replace=False)
        )
        for _ in range(count)
    ]


def inputs_of(predictor, genotypes, padding=0):
    """Literally: places from 1 by the manifest, effects by hand; every edit is a knock-down."""
    sets = [[part for part in text.split("+") if part] for text in genotypes]
    width = max(1, *map(len, sets)) + padding
    edit_BP = np.zeros((len(sets), width), dtype=np.int64)
    effect_BP = np.full((len(sets), width), 7.0)  # what stands at padding does not matter
    for b, parts in enumerate(sets):
        for p, part in enumerate(parts):
            key, _, level = part.partition("@")
            edit_BP[b, p] = predictor.manifest.edits.index(key) + 1
            effect_BP[b, p] = 1.0 - float(level) if level else 1.0
    return {"edit": edit_BP, "effect": effect_BP}


def largest_difference(predictor, run, genotypes, padding=0):
    """Over all columns, relative to the spread of the label's values over the designs."""
    answer = predictor.score(genotypes)
    found = run.run(None, inputs_of(predictor, genotypes, padding))
    columns = dict(zip([output.name for output in run.get_outputs()], found, strict=True))
    worst = 0.0
    for label in answer.labels:
        scale = max(np.std(label.mean), 1e-3 * np.abs(label.mean).max())
        for field in ("mean", "sd", "y_compose"):
            apart = columns[f"{label.name}.{field}"] - np.array(getattr(label, field))
            worst = max(worst, float(np.abs(apart).max() / scale))
    return worst


def randomized(trained, spec, members=3):
    """A trained model whose networks are others, with every weight drawn."""
    model, _ = trained
    manifest = model.manifest
    wanted = {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8, **spec}
    tensors = {
        k: v for k, v in load(model.weights).items() if not k.startswith(("member.", "interval."))
    }
    draw = torch.Generator().manual_seed(5)
    for member in range(members):
        net = new_latent_network(
            PerturbationSetSpec.model_validate(wanted),
            edit_count=len(manifest.edits),
            measure_orders=[0] * len(manifest.labels),
            generator=draw,
        )
        for name, value in net.state_dict().items():
            # Sharp attention, and outputs whose exponential is a number.
            scale = 3.0 if "query" in name or "key" in name else 0.5
            drawn = torch.randn(value.shape, generator=draw) * scale / value.shape[-1] ** 0.5
            if name.endswith("size_D"):
                drawn = value / 20  # sizes that gain and saturate
            tensors[f"member.{member}.{name}"] = drawn
    changes = {
        "training_spec": manifest.training_spec | {"model": wanted},
        "selected_model": None,
        "model_kind": "perturbation_set",
        "member_count": members,
        "labels": [label.model_copy(update={"interval": None}) for label in manifest.labels],
    }
    return tensors, manifest.model_copy(update=changes)


def test_a_trained_model_scores_as_the_predictor_does(trained):
    model, _ = trained
    predictor = Predictor.load(model.weights, model.manifest)
    run = session(load(model.weights), model.manifest)
    for largest in (0, 1, 2, 5, 8):
        genotypes = random_genotypes(model.manifest.edits, 50, largest)
        assert largest_difference(predictor, run, genotypes) < 1e-7
        assert largest_difference(predictor, run, genotypes, padding=3) < 1e-7


@pytest.mark.parametrize("trained", ["perturbation_set"], indirect=True)
@pytest.mark.parametrize("spec", SPECS, ids=json.dumps)
def test_every_head_is_what_the_predictor_reads(trained, spec):
    tensors, manifest = randomized(trained, spec)
    predictor = Predictor(tensors, manifest, "model-1")
    run = session(tensors, manifest)
    for count, largest in ((1, 1), (1, 8), (200, 3), (200, 8)):
        genotypes = random_genotypes(manifest.edits, count, largest, seed=largest)
        assert largest_difference(predictor, run, genotypes) < 1e-5
    # The comparison sees something: members and readings differ.
    label = predictor.score(genotypes).labels[0]
    assert min(np.std(label.mean), max(label.sd)) > 1e-3 * max(label.mean)
    assert not np.allclose(label.y_compose, label.y_intact, rtol=1e-3)


@pytest.mark.parametrize("trained", ["perturbation_set"], indirect=True)
def test_one_member_has_no_spread(trained):
    tensors, manifest = randomized(trained, {}, members=1)
    run = session(tensors, manifest)
    genotypes = random_genotypes(manifest.edits, 20, 4)
    assert largest_difference(Predictor(tensors, manifest, ""), run, genotypes) < 1e-5
    sd_B = run.run(["titer.sd"], inputs_of(Predictor(tensors, manifest, ""), genotypes))[0]
    assert (sd_B == 0).all()


@pytest.mark.parametrize("trained", ["additive"], indirect=True)
def test_an_interaction_of_too_few_edits_is_0(trained):
    model, _ = trained
    labels = [
        label.model_copy(update={"measure": measure, "transform": "identity"})
        for label, measure in zip(model.manifest.labels, ["tau", None], strict=True)
    ]
    manifest = model.manifest.model_copy(update={"labels": labels})
    tensors = load(model.weights)
    genotypes = random_genotypes(manifest.edits, 100, 4)
    run = session(tensors, manifest)
    predictor = Predictor(tensors, manifest, "")
    found = dict(
        zip(
            [output.name for output in run.get_outputs()],
            run.run(None, inputs_of(predictor, genotypes)),
            strict=True,
        )
    )
    readings = predictor.score(genotypes, ["mean"]).labels
    np.testing.assert_allclose(found["titer.mean"], readings[0].mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["fitness.mean"], readings[1].mean, rtol=1e-12)


def test_the_file_says_what_it_is(trained):
    model, _ = trained
    notes = session(load(model.weights), model.manifest).get_modelmeta().custom_metadata_map
    assert json.loads(notes["edits"]) == model.manifest.edits
    assert json.loads(notes["units"]) == {"titer": "mg/L", "fitness": "relative"}
    assert notes["weights_sha256"] == model.manifest.weights_sha256


@pytest.mark.parametrize("trained", ["perturbation_set"], indirect=True)
def test_models_without_an_onnx_form_say_so(trained):
    model, _ = trained
    manifest, tensors = model.manifest, load(model.weights)
    differences = [manifest.labels[0].model_copy(update={"measure": "tau"}), *manifest.labels[1:]]
    for changes, words in (
        ({"model_kind": ForestSpec().kind}, "kind forest .* additive and perturbation_set have"),
        ({"labels": differences}, r"\(titer\) are mixed differences"),
        (
            {"training_spec": manifest.training_spec | {"upper_bound": "min_lower_orders"}},
            "upper_bound",
        ),
    ):
        with pytest.raises(FailedPreconditionError, match=words):
            onnx_model(tensors, manifest.model_copy(update=changes))
