"""Exports that need no worker."""

import hashlib
import io
import zipfile

from tests.service.rows import add_model


def files_of(response):
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_kind_without_an_onnx_form_says_so_in_the_readme(rest, context):
    model_id = add_model(context, kind="forest", weights=b"weights" * 500_000)
    response = await rest.get(f"/v1/models/{model_id}/export.zip")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    assert f'{model_id}.zip"' in response.headers["content-disposition"]
    files = files_of(response)
    assert set(files) == {"README.md", "manifest.json", "weights.safetensors", "example.py"}
    readme = files["README.md"].decode()
    assert "a model of kind forest has no ONNX form" in readme
    for name in set(files) - {"README.md"}:
        assert f"`{hashlib.sha256(files[name]).hexdigest()}`" in readme
    assert files["weights.safetensors"] == b"weights" * 500_000


async def test_without_the_onnx_file_no_worker_is_asked(rest, context):
    model_id = add_model(context, weights=b"weights")
    response = await rest.get(f"/v1/models/{model_id}/export.zip", params={"with_onnx": False})
    assert "it was not asked for" in files_of(response)["README.md"].decode()


async def test_weights_that_are_gone_are_not_exported(rest, context):
    model_id = add_model(context, kind="forest")
    for path, status, code in (
        (model_id, 503, "UNAVAILABLE"),
        ("model_0", 404, "NOT_FOUND"),
    ):
        response = await rest.get(f"/v1/models/{path}/export.zip")
        assert (response.status_code, response.json()["code"]) == (status, code)
