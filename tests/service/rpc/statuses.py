"""What a client sees of an error."""

from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import from_call


@dataclass
class Failure:
    """A call's end, filled in when the block has ended."""

    code: grpc.StatusCode | None = None
    status: Status | None = None

    def detail(self, kind):
        """The detail of a kind, None if there is none."""
        return detail_of(self.status, kind)

    @property
    def message(self):
        return self.status.message

    @property
    def reason(self):
        return self.detail(ErrorInfo).reason

    @property
    def info(self):
        return self.detail(ErrorInfo).metadata

    @property
    def violations(self):
        """(field, description) of each."""
        bad = self.detail(BadRequest)
        return [(v.field, v.description) for v in bad.field_violations] if bad else []

    @property
    def retry_seconds(self):
        retry = self.detail(RetryInfo)
        return None if retry is None else retry.retry_delay.ToMilliseconds() / 1000


def detail_of(status, kind):
    for packed in status.details:
        if packed.Is(kind.DESCRIPTOR):
            found = kind()
            packed.Unpack(found)
            return found
    return None


@asynccontextmanager
async def fails(code):
    """Requires that a call in the block fails with `code`; gives what the client sees of it."""
    failure = Failure()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield failure
    failure.code, failure.status = caught.value.code(), from_call(caught.value)
    assert failure.code is code, caught.value.details()
