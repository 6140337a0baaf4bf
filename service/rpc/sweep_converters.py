"""Messages of sweeps to what handlers take, and back."""

from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, Sweep
from service.contract.sweeps import SweepSpec
from service.handlers.requests import PageRequest
from service.rpc.arguments import CreateArguments, PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import sweeps_pb2


class _CreateArguments(CreateArguments):
    spec: SweepSpec


class _ListArguments(PageArguments):
    state: JobState | None = None


def create_arguments(request: sweeps_pb2.CreateSweepRequest) -> tuple[SweepSpec, str | None]:
    """What to try, and the request's id.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_CreateArguments, request)
    return asked.spec, asked.request_text


def list_arguments(request: sweeps_pb2.ListSweepsRequest) -> tuple[PageRequest, JobState | None]:
    """Which page of sweeps to list, and the state they are to be in.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    return asked.page, asked.state


def sweep_message(sweep: Sweep) -> sweeps_pb2.Sweep:
    """A sweep as it is sent."""
    return write_message(sweeps_pb2.Sweep(), sweep.model_dump())


def sweeps_message(answer: ListAnswer[Sweep]) -> sweeps_pb2.ListSweepsResponse:
    """A page of sweeps as it is sent."""
    return sweeps_pb2.ListSweepsResponse(
        sweeps=[sweep_message(sweep) for sweep in answer.items],
        next_page_token=answer.next_page_token or "",
    )
