"""SweepService: each method is a conversion, a handler and a conversion."""

from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers import deletion, sweeps
from service.handlers.context import Context
from service.rpc import sweep_converters as converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import sweeps_pb2, sweeps_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class SweepServicer(sweeps_pb2_grpc.SweepServiceServicer):
    """Serves sweeps."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def CreateSweep(  # noqa: N802
        self, request: sweeps_pb2.CreateSweepRequest, call: Call
    ) -> sweeps_pb2.Sweep:
        spec, request_id = converters.create_arguments(request)
        create, caller = sweeps.create_sweep, caller_of(call)
        sweep = await self._run(create, self._context, caller, spec, request_id=request_id)
        return converters.sweep_message(sweep)

    async def GetSweep(  # noqa: N802
        self, request: sweeps_pb2.GetSweepRequest, call: Call
    ) -> sweeps_pb2.Sweep:
        get, caller = sweeps.get_sweep, caller_of(call)
        return converters.sweep_message(await self._run(get, self._context, caller, request.id))

    async def ListSweeps(  # noqa: N802
        self, request: sweeps_pb2.ListSweepsRequest, call: Call
    ) -> sweeps_pb2.ListSweepsResponse:
        page, state = converters.list_arguments(request)
        list_, caller = sweeps.list_sweeps, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, state=state)
        return converters.sweeps_message(answer)

    async def CancelSweep(  # noqa: N802
        self, request: sweeps_pb2.CancelSweepRequest, call: Call
    ) -> sweeps_pb2.Sweep:
        cancel, caller = sweeps.cancel_sweep, caller_of(call)
        return converters.sweep_message(await self._run(cancel, self._context, caller, request.id))

    async def ResumeSweep(  # noqa: N802
        self, request: sweeps_pb2.ResumeSweepRequest, call: Call
    ) -> sweeps_pb2.Sweep:
        resume, caller = sweeps.resume_sweep, caller_of(call)
        return converters.sweep_message(await self._run(resume, self._context, caller, request.id))

    async def DeleteSweep(  # noqa: N802
        self, request: sweeps_pb2.DeleteSweepRequest, call: Call
    ) -> Empty:
        caller, cascade = caller_of(call), request.cascade
        await deletion.delete_sweep(self._context, caller, request.id, cascade=cascade)
        return Empty()
