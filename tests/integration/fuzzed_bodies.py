"""Tables for generated requests: whole ones, damaged ones, and bytes that are none.

The key that the requests themselves carry is left alone, should one of them learn its id.

A module of hooks that schemathesis reads by the name in SCHEMATHESIS_HOOKS.
"""

import os

import pyarrow as pa
import schemathesis
from hypothesis import strategies as st

from service.contract.score_tables import TableForm
from tests.service.tables.bodies import body_of

OWN_KEY_VARIABLE = "CELLGEBRA_TEST_OWN_KEY"

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


def _is_short(seconds):
    try:
        return 0 < float(seconds) < 10  # of a query it may be a text
    except (OverflowError, TypeError, ValueError):
        return False


@schemathesis.hook
def before_call(context, case, kwargs):  # noqa: ARG001 - as schemathesis calls it
    """Ask about nobody's key where it would be our own, and give scores their time.

    A score that may take no time is a 504, and rightly.
    """
    for given in (case.query, case.body):
        if isinstance(given, dict) and _is_short(given.get("timeout_seconds")):
            given["timeout_seconds"] = 10.0
    if case.path_parameters.get("key_id") == os.environ.get(OWN_KEY_VARIABLE, ""):
        case.path_parameters["key_id"] = "no-such-id"
