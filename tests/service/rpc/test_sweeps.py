"""Sweeps over gRPC: the life of one."""

import pytest
from grpc import StatusCode

from service.contract.resources import Sweep
from service.handlers.access import LOCAL
from service.handlers.sweeps import get_sweep
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, sweeps_pb2, sweeps_pb2_grpc
from tests.service.rpc.statuses import fails


@pytest.fixture
def sweeps(channel):
    return sweeps_pb2_grpc.SweepServiceStub(channel)


async def test_a_sweep_from_create_to_delete(sweeps, context, dataset_id):
    spec = sweeps_pb2.SweepSpec(
        training={
            "dataset_id": dataset_id,
            "labels": [{"name": "titer"}],
            "model": {"perturbation_set": {}},
        },
        parameters=[{"float": {"path": "optimizer.learning_rate", "low": 0.001, "high": 0.1}}],
    )
    created = await sweeps.CreateSweep(sweeps_pb2.CreateSweepRequest(spec=spec))
    received = Sweep.model_validate(read_message(created))
    assert received == get_sweep(context, LOCAL, created.id)
    listed = await sweeps.ListSweeps(sweeps_pb2.ListSweepsRequest())
    assert [sweep.id for sweep in listed.sweeps] == [created.id]
    delete = sweeps_pb2.DeleteSweepRequest(id=created.id)
    async with fails(StatusCode.FAILED_PRECONDITION):
        await sweeps.DeleteSweep(delete)
    cancelled = await sweeps.CancelSweep(sweeps_pb2.CancelSweepRequest(id=created.id))
    assert cancelled.state == jobs_pb2.JOB_STATE_CANCELLED
    resume = sweeps_pb2.ResumeSweepRequest(id=created.id)
    assert await sweeps.ResumeSweep(resume) == created  # as it was
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await sweeps.ResumeSweep(resume)
    assert failure.reason == "WRONG_STATE"
    await sweeps.CancelSweep(sweeps_pb2.CancelSweepRequest(id=created.id))
    await sweeps.DeleteSweep(delete)
    async with fails(StatusCode.NOT_FOUND):
        await sweeps.ResumeSweep(resume)
    for call in (sweeps.DeleteSweep, sweeps.GetSweep):
        async with fails(StatusCode.NOT_FOUND):
            request = sweeps_pb2.GetSweepRequest if call is sweeps.GetSweep else type(delete)
            await call(request(id=created.id))
