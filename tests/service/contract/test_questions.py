"""Replies as bytes and back."""

from hypothesis import given
from hypothesis import strategies as st

from service.contract import errors
from service.contract.questions import pack_reply, unpack_reply

KINDS = [
    errors.UnknownEditsError,
    errors.InvalidDesignError,
    errors.FailedPreconditionError,
    errors.DeadlineExceededError,
    errors.BrokenArtifactError,
    errors.CellgebraError,
]
ERRORS = st.builds(
    lambda kind, detail, value: kind(detail, [errors.Offender(message="m", value=value)]),
    st.sampled_from(KINDS),
    st.text(),
    st.text(),
)


def seen(part):
    return part if isinstance(part, bytes) else (type(part), part.as_problem())


@given(parts=st.lists(st.one_of(st.binary(), ERRORS)))
def test_a_reply_is_read_as_it_was_written(parts):
    question_id, read = unpack_reply(pack_reply("q", parts))
    assert question_id == "q"
    assert [seen(part) for part in read] == [seen(part) for part in parts]
