"""Designs as columns: of texts or of designs, the same; padded as loops pad them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import parse_genotype
from service.contract.genotype_reader import GenotypeReader
from worker.latent.algebra import effect
from worker.models.encoding import EditIndex, EncodedDesigns

KEYS = ["b:overexpression", "a:knockdown", "c:insertion=x", "d%2B:deletion"]
INDEX = EditIndex(KEYS)
GENOTYPES = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["", "@0.5", "@3"])),
    max_size=4,
    unique_by=lambda edit: edit[0],
).map(lambda edits: parse_genotype("+".join(key + level for key, level in edits)).genotype)
REQUESTS = st.lists(GENOTYPES, max_size=8)


def read(texts):
    return EncodedDesigns.of(GenotypeReader(KEYS).read(texts))


def assert_same(one, other):
    np.testing.assert_array_equal(one.edit_J, other.edit_J)
    np.testing.assert_array_equal(one.level_J, other.level_J)
    np.testing.assert_array_equal(one.start_N, other.start_N)


@given(REQUESTS)
def test_texts_and_designs_give_the_same_columns_and_texts_again(texts):
    encoded = read(texts)
    assert len(encoded) == len(texts)
    assert_same(encoded, INDEX.columns([parse_genotype(text) for text in texts]))
    assert encoded.texts(KEYS) == texts


@given(REQUESTS)
def test_a_batch_is_what_loops_make(texts):
    designs = [parse_genotype(text) for text in texts]
    width = max([1, *(design.order for design in designs)])
    edit_BP = np.zeros((len(designs), width), dtype=np.int64)
    effect_BP = np.zeros((len(designs), width))
    for row, design in enumerate(designs):
        for column, edit in enumerate(design.edits):
            edit_BP[row, column] = KEYS.index(edit.key) + 1
            effect_BP[row, column] = effect(edit.kind, edit.level)
    batch = INDEX.batch(read(texts))
    np.testing.assert_array_equal(batch.edit_BP, edit_BP)
    np.testing.assert_array_equal(batch.effect_BP, effect_BP)
    sparse_BE = INDEX.matrix(designs).toarray()
    dense_BE = np.zeros((len(designs), len(KEYS) + 1))
    np.put_along_axis(dense_BE, edit_BP, effect_BP, axis=1)
    np.testing.assert_array_equal(sparse_BE, dense_BE[:, 1:])


@given(texts=REQUESTS, data=st.data())
def test_rows_are_the_designs_at_these_places(texts, data):
    places = data.draw(st.lists(st.sampled_from(range(len(texts))), max_size=10)) if texts else []
    rows = read(texts).rows(np.array(places, dtype=np.int64))
    assert_same(rows, read([texts[place] for place in places]))
