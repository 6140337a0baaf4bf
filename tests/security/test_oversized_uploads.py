"""Uploads beyond the limit, announced or without an end, at both doors."""

import json
import socket

import grpc
import pytest

from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    genes_pb2,
    genes_pb2_grpc,
)
from tests.service.rpc.test_datasets import SPEC

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 2**20
HEAD = b"strain\tisoprenol\n"
TOO_LARGE = "refused: INVALID_ARGUMENT (UPLOAD_TOO_LARGE)"
SIZES = (10 * 10**9, 2**62)
# A stub, its message, and a header that is right but for its size.
UPLOADS = {
    "CreateDataset": (
        datasets_pb2_grpc.DatasetServiceStub,
        datasets_pb2.CreateDatasetRequest,
        {"spec": SPEC},
    ),
    "CreateGeneTable": (
        genes_pb2_grpc.GeneTableServiceStub,
        genes_pb2.CreateGeneTableRequest,
        {},
    ),
}


def kept_bytes(service):
    return sum(path.stat().st_size for path in service.data_dir.rglob("*") if path.is_file())


def upload_too_large(create, messages):
    with pytest.raises(grpc.RpcError) as caught:
        create(messages, timeout=120)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, caught.value
    assert "CELLGEBRA_MAX_UPLOAD_BYTES" in caught.value.details()


@pytest.mark.parametrize("method", UPLOADS)
@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_stream_that_announces_too_much_is_refused_by_its_header(
    service, tried, method, size_bytes
):
    stub, message, header = UPLOADS[method]
    before = kept_bytes(service)

    def announcing():
        yield message(header={**header, "size_bytes": size_bytes})
        for _ in range(200):
            yield message(chunk=bytes(MIB))

    with grpc.insecure_channel(service.grpc_address) as channel:
        upload_too_large(getattr(stub(channel), method), announcing())
    tried("gRPC upload of 10 GB and more, announced", f"{TOO_LARGE}, nothing kept")
    assert kept_bytes(service) - before < 8 * MIB


@pytest.mark.parametrize("method", UPLOADS)
@pytest.mark.parametrize("chunk_bytes", [2**16, MIB, 15 * MIB])
def test_a_stream_without_an_end_is_cut_at_the_limit(service, tried, method, chunk_bytes):
    stub, message, header = UPLOADS[method]
    before = kept_bytes(service)

    def endless():
        yield message(header=header)
        for _ in range(200 * MIB // chunk_bytes):  # the limit is 64
            yield message(chunk=b"PP_0368:knockdown\t1.0\n" * (chunk_bytes // 22))

    with grpc.insecure_channel(service.grpc_address) as channel:
        upload_too_large(getattr(stub(channel), method), endless())
    tried("gRPC upload without an end, not announced", f"{TOO_LARGE}, nothing kept")
    assert kept_bytes(service) - before < 8 * MIB


def test_an_upload_of_ten_gigabytes_is_refused_before_it_is_sent(service, tried):
    host, port = service.base_url.removeprefix("http://").split(":")
    for size in (10 * 10**9, 2**63, 2**70):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(
                f"POST /v1/datasets?spec=%7B%7D HTTP/1.1\r\nHost: {host}:{port}\r\n"
                f"Content-Length: {size}\r\n\r\n".encode()
            )
            answer = connection.recv(65536)
        tried("upload of 10 GB and more, announced", "refused: 413 or 400, nothing read")
        assert answer.split()[1] in (b"413", b"400", b"422"), answer[:300]


def test_an_upload_that_never_ends_is_cut_at_the_limit(service, api, mapping, tried):
    def endless():
        yield HEAD
        for _ in range(200):  # 200 MiB, the limit is 64
            yield b"PP_0368:knockdown\t1.0\n" * 47_662

    before = kept_bytes(service)
    answer = api.post("/v1/datasets", params={"spec": json.dumps(mapping)}, content=endless())
    tried("upload without an end, not announced", "refused: 413, nothing kept")
    assert answer.status_code == 413, answer.text
    assert kept_bytes(service) - before < 8 * MIB
