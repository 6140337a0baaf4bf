"""Calls that nobody thought of, of every method that reflection knows, and their codes."""

import re
import time
from collections import Counter
from pathlib import Path

import grpc
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from grpc import StatusCode
from grpc_status.rpc_status import from_call
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.integration.messages import messages, mutants, spoilt
from tests.integration.reflected import reflected_methods
from tests.integration.right_requests import right_requests
from tests.service.rpc.statuses import detail_of

EXAMPLES = 12  # of a method, before the next one has its turn
ANSWER_SECONDS = 60
WATCH_SECONDS = 1.0
MAX_STREAMED = 4

ERRORS = (Path(__file__).parents[2] / "docs" / "api.md").read_text().split("\n## Errors\n")[1]
# Of the standard services, which are not ours; they say no more than a code.
STANDARD = "grpc."
NEVER = {"INTERNAL", "UNAVAILABLE", "UNAUTHENTICATED", "PERMISSION_DENIED", "ABORTED", "CANCELLED"}


def documented():
    """(code, reason) of each error that docs/api.md knows, but for those that may not come here."""
    code, found = None, set()
    for row in re.findall(r"^\|(.*?)\| \d+ \| (.*) \|$", ERRORS, re.MULTILINE):
        code = row[0].strip("` ") or code
        reasons = re.findall(r"`([A-Z_]{6,})`", row[1]) or [code]
        found |= {(code, reason) for reason in reasons if code not in NEVER}
    return found


DOCUMENTED = documented()


def known_values(ids):
    """Values that mean something, by the name of the field that they are for.

    Not the key that is there to be rotated: another method might revoke it.
    """
    known = {name: [value] for name, value in ids.items()}
    known["id"] = sorted({value for name, value in ids.items() if name != "rotated_key_id"})
    known["genotypes"] = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0751:knockdown"]
    known["texts"] = ["isoprenol", "pathway", "cycle", "mean", *known["genotypes"]]
    return known


def rights_of(method, ids, known):
    """Right requests of a method, or one with every known id in its place."""
    kind = GetMessageClass(method.request)
    found = right_requests(ids).get(method.name)
    if found is not None:  # of other classes: those of the stubs
        return [kind.FromString(message.SerializeToString()) for message in found]
    made = kind()
    for field in method.request.fields:
        if field.name in known and field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(made, field.name, known[field.name][0])
    return [made]


def requests(method, ids, known):
    """What to send: lists of one, of a stream of some; a few are no messages at all."""
    rights = rights_of(method, ids, known)
    near = st.tuples(*(st.one_of(st.just(right), mutants(right, known)) for right in rights))
    if method.takes_stream:
        far = st.lists(messages(method.request, known), max_size=MAX_STREAMED)
    else:
        far = st.tuples(messages(method.request, known))
    made = st.one_of(near, near, far).map(
        lambda sent: [message.SerializeToString() for message in sent]
    )
    return st.one_of(made, made, made, made.flatmap(_one_spoilt))


def _one_spoilt(contents):
    """The same with one of them no longer what it was."""
    if not contents:
        return st.just(contents)
    places = st.integers(0, len(contents) - 1)
    return places.flatmap(
        lambda place: spoilt(contents[place]).map(
            lambda broken: [*contents[:place], broken, *contents[place + 1 :]]
        )
    )


def check_call(channel, method, contents, metadata):
    """The code that the call ended with.

    Raises:
        AssertionError: it is one that may not come, or does not say what it has to.
    """
    limit = WATCH_SECONDS if method.gives_stream and not method.takes_stream else ANSWER_SECONDS
    try:
        method.call(channel, contents, limit, metadata)
    except grpc.RpcError as error:
        code, status = error.code(), from_call(error)
        if method.gives_stream and code is StatusCode.DEADLINE_EXCEEDED and status is None:
            return "WATCHED"  # nothing more to tell, for now
        told = f"{method.path} {code} {error.details()}"
        if method.service.startswith(STANDARD):
            assert code in (StatusCode.INVALID_ARGUMENT, StatusCode.NOT_FOUND), told
            return code.name
        assert status is not None, told
        assert (code.name, detail_of(status, ErrorInfo).reason) in DOCUMENTED, told
        return code.name
    return "OK"


def try_method(channel, method, strategy, *, turn, metadata):
    """How often calls of one method ended with which code."""
    counts = Counter()

    @seed(turn)
    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def calls(contents):
        counts[check_call(channel, method, contents, metadata)] += 1

    calls()
    return counts


def try_methods(channel, ids, *, seconds, turn, metadata):
    """Counts by method and code: of what is right, then in turns until the time is over.

    Each method has one turn at least.
    """
    methods, known, counts = reflected_methods(channel), known_values(ids), {}
    strategies = {method.path: requests(method, ids, known) for method in methods}
    end = time.monotonic() + seconds
    names = right_requests(ids).keys()
    for method in methods:  # chance alone might never send what is right
        if method.name in names:
            contents = [right.SerializeToString() for right in rights_of(method, ids, known)]
            counts[method.path] = Counter([check_call(channel, method, contents, metadata)])
    tried_once = set()
    while time.monotonic() < end or not tried_once >= strategies.keys():
        for method in methods:
            path = method.path
            if time.monotonic() < end or path not in tried_once:
                tried_once.add(path)
                tried = try_method(channel, method, strategies[path], turn=turn, metadata=metadata)
                counts[path] = counts.get(path, Counter()) + tried
        turn += 1
    return counts
