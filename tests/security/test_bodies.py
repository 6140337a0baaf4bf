"""Bodies: larger, deeper, slower and stranger than anybody needs."""

import gzip
import io
import json
import math
import socket
import struct
import zipfile
import zlib

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 2**20
GIB = 2**30


def bomb(unit, times, head=b""):
    """Gzip of `head` and `unit` repeated: a few MB that unpack to gigabytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(head)
        for _ in range(times):
            file.write(unit)
    return packed.getvalue()


HEAD = b"strain\tisoprenol\n"
BOMBS = {
    "one line of 2 GiB": lambda: bomb(b"a" * MIB, 2048, HEAD),
    "2 GiB of zeros": lambda: bomb(bytes(MIB), 2048),
    "2 GiB of empty lines": lambda: bomb(b"\n" * MIB, 2048, HEAD),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_gzip_bomb_ends_as_a_named_error_in_bounded_memory(growth, uploaded, tried, name):
    with growth() as grown:
        found = uploaded(BOMBS[name]())
    tried("gzip bomb", "FAILED with what is wrong with the file, in bounded memory")
    assert found.get("state") == "FAILED" or found["status"] == 422, found
    assert grown() < GIB, f"{grown() / MIB:.0f} MiB"


def test_a_zip_is_no_table(upload, mapping, tried):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for place in range(10):
            file.writestr(f"../../{place}", bytes(16 * MIB))
    answer = upload(packed.getvalue(), mapping)
    tried("zip bomb", "never unpacked: 422")
    assert answer.status_code == 422, answer.text
    assert "zip archive" in answer.text


def parquet(**changes):
    columns = {"strain": ["PP_0368:knockdown"] * 4, "isoprenol": [1.0, 2.0, 3.0, 4.0]}
    written = io.BytesIO()
    pq.write_table(pa.table({**columns, **changes}), written)
    return written.getvalue()


def flipped(body, step=37):
    return bytes(b ^ (0xFF if i % step == 0 and i > 4 else 0) for i, b in enumerate(body))


PARQUETS = {
    "footer of 2 GiB": lambda: b"PAR1" + b"x" * 64 + struct.pack("<I", 2**31 - 1) + b"PAR1",
    "bytes flipped": lambda: flipped(parquet()),
    "cut short": lambda: parquet()[:-40],
    "lists in lists": lambda: parquet(isoprenol=[[[1.0]]] * 4),
    "structs": lambda: parquet(isoprenol=[{"a": 1.0}] * 4),
    "a run of 2 million equal rows": lambda: parquet(
        strain=["PP_0368:knockdown"] * 2_000_000, isoprenol=[1.0] * 2_000_000
    ),
}


@pytest.mark.parametrize("name", PARQUETS)
def test_a_malicious_parquet_is_read_within_bounds_or_refused(growth, uploaded, tried, name):
    with growth() as grown:
        uploaded(PARQUETS[name]())
    tried("malicious Parquet", "refused: 422 with what is wrong, or read in bounded memory")
    assert grown() < GIB, f"{grown() / MIB:.0f} MiB"


DEEP = {
    "arrays": "[" * 200_000,
    "objects": '{"a":' * 100_000,
    "closed arrays": "[" * 100_000 + "]" * 100_000,
    "in a spec": '{"dataset_id": ' + "[" * 50_000 + "]" * 50_000 + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_json_of_any_depth_is_refused(api, trained, tried, name):
    headers = {"content-type": "application/json"}
    for path in ("/v1/training-jobs", f"/v1/models/{trained['model_id']}:score", "/v1/search-jobs"):
        answer = api.post(path, content=DEEP[name], headers=headers)
        tried("JSON depth bomb", "refused: 422")
        assert answer.status_code in (400, 422), answer.text[:300]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_no_number_beyond_the_finite_is_taken(api, dataset, trained, tried, number):
    spec = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}]}
    bodies = {
        "/v1/training-jobs": json.dumps({**spec, "learning_rate": "?"}).replace('"?"', number),
        f"/v1/models/{trained['model_id']}:score": json.dumps(
            {"genotypes": ["PP_0368:knockdown"], "timeout_seconds": "?"}
        ).replace('"?"', number),
    }
    for path, body in bodies.items():
        answer = api.post(path, content=body, headers={"content-type": "application/json"})
        tried("NaN and Infinity in JSON", "refused: 422")
        assert answer.status_code in (400, 422), answer.text[:300]


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

    before = sum(p.stat().st_size for p in service.data_dir.rglob("*") if p.is_file())
    answer = api.post("/v1/datasets", params={"spec": json.dumps(mapping)}, content=endless())
    tried("upload without an end, not announced", "refused: 413, nothing kept")
    assert answer.status_code == 413, answer.text
    after = sum(p.stat().st_size for p in service.data_dir.rglob("*") if p.is_file())
    assert after - before < 8 * MIB


def test_slow_senders_do_not_keep_others_waiting(service, api, trained, tried):
    host, port = service.base_url.removeprefix("http://").split(":")
    slow = []
    try:
        for place in range(300):
            connection = socket.create_connection((host, int(port)), timeout=30)
            head = "POST /v1/datasets?spec=%7B%7D HTTP/1.1\r\n" if place % 2 else "GET /v1/da"
            connection.sendall(head.encode())
            slow.append(connection)
        body = {"genotypes": ["PP_0368:knockdown"]}
        for _ in range(20):
            answer = api.post(f"/v1/models/{trained['model_id']}:score", json=body)
            assert answer.status_code == 200
        tried("connections that never finish their request", "others are answered", times=300)
    finally:
        for connection in slow:
            connection.close()


def test_a_protobuf_beyond_the_limit_is_refused(service, tried):
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        for size in (17 * MIB, 64 * MIB, 256 * MIB):
            request = inference_pb2.ScoreRequest(model_id="m", genotypes=["a" * size])
            with pytest.raises(grpc.RpcError) as caught:
                stub.Score(request, timeout=60)
            tried("oversized protobuf", "refused: INVALID_ARGUMENT or RESOURCE_EXHAUSTED")
            assert caught.value.code() in (
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            )


def test_what_is_no_protobuf_is_refused(service, tried):
    garbage = (
        b"\xff" * 100,
        b"\x0a\xff\xff\xff\xff\x0f",
        zlib.compress(bytes(MIB)),
        b"\x0b" * 9000,
    )
    with grpc.insecure_channel(service.grpc_address) as channel:
        call = channel.unary_unary("/cellgebra.v1.InferenceService/Score")
        for body in garbage:
            with pytest.raises(grpc.RpcError) as caught:
                call(body, timeout=60)
            tried("bytes that are no message", "refused: INVALID_ARGUMENT")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_no_float_of_a_message_is_beyond_the_finite(service, trained, tried):
    with grpc.insecure_channel(service.grpc_address) as channel:
        stub = inference_pb2_grpc.InferenceServiceStub(channel)
        for number in (math.nan, math.inf, -math.inf, -1.0):
            request = inference_pb2.ScoreRequest(
                model_id=trained["model_id"],
                genotypes=["PP_0368:knockdown"],
                timeout_seconds=number,
            )
            with pytest.raises(grpc.RpcError) as caught:
                stub.Score(request, timeout=60)
            tried("NaN and Infinity in protobuf", "refused: INVALID_ARGUMENT")
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
