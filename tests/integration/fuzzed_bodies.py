"""Tables for generated requests: whole ones, damaged ones, and bytes that are none.

A module of hooks that schemathesis reads by the name in SCHEMATHESIS_HOOKS.
"""

import pyarrow as pa
import schemathesis
from hypothesis import strategies as st

from service.contract.score_tables import TableForm
from tests.service.tables.bodies import body_of

_TEXTS = st.one_of(st.none(), st.just(""), st.just("PP_0368:knockdown"), st.text(max_size=20))
_NAMES = st.sampled_from(["genotype", "Design", "x"])


@st.composite
def bodies(draw, form):
    """A table of one column, with up to three of its bytes changed, and maybe cut off."""
    column = pa.array(draw(st.lists(_TEXTS, max_size=5)), pa.string())
    body = bytearray(body_of(pa.table({draw(_NAMES): column}), form, chunk_rows=2))
    for place in draw(st.lists(st.integers(0, len(body) - 1), max_size=3)):
        body[place] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.one_of(st.just(len(body)), st.integers(0, len(body))))])


for _form in TableForm:
    schemathesis.openapi.media_type(_form.value, st.one_of(bodies(_form), st.binary(max_size=64)))
