"""The designs that a model keeps."""

import numpy as np
from safetensors.torch import load

from service.contract.designs import parse_genotype
from worker.inference.seen_designs import SeenDesigns
from worker.models.encoding import EditIndex

EDITS = ["a:knockdown", "b:overexpression", "c:part=p"]
TEXTS = ["", "a:knockdown@0.2", "a:knockdown+b:overexpression@3", "b:overexpression@3+c:part=p"]
SEEN = SeenDesigns(
    order_K=np.array([0, 1, 2, 2]),
    edit_J=np.array([0, 0, 1, 1, 2]),
    level_J=np.array([0.2, np.nan, 3.0, 3.0, np.nan]),
    row_count_K=np.array([4, 1, 2, 1]),
    value_KY=np.array([[1.0], [2.0], [3.0], [np.nan]]),
)


def test_what_is_stored_reads_back():
    again = SeenDesigns.of(SEEN.arrays())
    for name, array in SEEN.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    assert SeenDesigns.of({}) is None


def test_designs_have_their_texts_and_effects():
    assert ["+".join(SEEN.texts(place, EDITS)) for place in range(4)] == TEXTS
    designs = [parse_genotype(text) for text in TEXTS]
    expected = EditIndex(EDITS).matrix(designs)
    np.testing.assert_allclose(SEEN.effects(EDITS).toarray(), expected.toarray())


def test_single_edits_are_told_apart_by_their_levels():
    assert SEEN.single_texts(EDITS) == [
        "a:knockdown",
        "a:knockdown@0.2",
        "b:overexpression@3",
        "c:part=p",
    ]


def test_a_model_keeps_every_design_with_its_mean_in_the_unit_of_the_label(trained):
    model, genotypes = trained
    arrays = {name: tensor.numpy() for name, tensor in load(model.weights).items()}
    seen = SeenDesigns.of(arrays)
    found = ["+".join(seen.texts(place, model.manifest.edits)) for place in range(len(seen))]
    canonical = [parse_genotype(text).genotype for text in genotypes]
    assert sorted(found) == sorted(set(canonical))
    counts = dict(zip(found, seen.row_count_K.tolist(), strict=True))
    assert counts == {text: canonical.count(text) for text in found}
