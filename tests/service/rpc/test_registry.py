"""Models, aliases and promotions over gRPC: references, states, files, and asking wrongly."""

import io
import zipfile

import pytest
from grpc import StatusCode

from service.contract.registry import ModelAlias, Promotion
from service.handlers import models, registry
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import registry_pb2 as pb
from service.rpc.pb.cellgebra.v1 import registry_pb2_grpc
from tests.service.rows import EDITS, add_model, publish_blob
from tests.service.rpc.statuses import fails

FIRST = "titer 2 h@1"
CHAMPION = "titer 2 h@champion"


@pytest.fixture
def stub(channel):
    return registry_pb2_grpc.ModelServiceStub(channel)


@pytest.fixture
def aliases(channel):
    return registry_pb2_grpc.ModelAliasServiceStub(channel)


@pytest.fixture
def versions(context):
    return [add_model(context, name="titer 2 h", weights=b"w") for _ in range(2)]


@pytest.fixture
def listed(stub):
    async def ids(**query):
        page = await stub.ListModels(pb.ListModelsRequest(**query))
        return [model.id for model in page.models], page.next_page_token

    return ids


async def content_of(call):
    return b"".join([part.content async for part in call])


async def test_a_model_with_its_manifest_by_any_reference(stub, context, caller, versions):
    model = await stub.GetModel(pb.GetModelRequest(id=versions[0]))
    assert model == await stub.GetModel(pb.GetModelRequest(id=FIRST))
    assert (model.name, model.version) == ("titer 2 h", 1)
    assert list(model.manifest.edits) == EDITS
    shown = models.get_model(context, caller, versions[0])
    assert model == write_message(pb.Model(), shown.model_dump())
    received = read_message(model)["manifest"]
    assert received["loci"] == shown.manifest.loci
    assert received["format_version"] == shown.manifest.format_version


async def test_pages_and_filters_of_models(context, listed, versions):
    other = add_model(context, name="other")
    newest, token = await listed(page_size=2)
    oldest, no_token = await listed(page_size=2, page_token=token)
    assert newest + oldest == [other, *reversed(versions)]
    assert no_token == ""
    assert (await listed(name="titer 2 h"))[0] == versions[::-1]
    assert (await listed(dataset_id="dataset_2"))[0] == []


async def test_an_alias_and_its_promotion(stub, aliases, context, caller, versions):
    asked = pb.PromoteModelRequest(id=FIRST, alias="champion", note="why")
    made = await stub.PromoteModel(asked)
    assert (made.state, made.to_model_id) == (pb.PROMOTION_STATE_SUCCEEDED, versions[0])
    assert await aliases.GetPromotion(pb.GetPromotionRequest(id=made.id)) == made
    told = registry.get_promotion(context, caller, made.id)
    assert made == write_message(pb.Promotion(), told.model_dump())
    alias = await aliases.GetModelAlias(pb.GetModelAliasRequest(reference=CHAMPION))
    assert (alias.model_id, alias.version) == (versions[0], 1)
    received = ModelAlias.model_validate(read_message(alias))
    assert received == registry.get_alias(context, caller, CHAMPION)
    for name, count in (("titer 2 h", 1), ("other", 0), ("", 1)):
        page = await aliases.ListModelAliases(pb.ListModelAliasesRequest(name=name))
        assert len(page.model_aliases) == count
        promotions = await aliases.ListPromotions(pb.ListPromotionsRequest(name=name))
        assert len(promotions.promotions) == count
    assert (await stub.GetModel(pb.GetModelRequest(id=CHAMPION))).id == versions[0]
    other = await aliases.ListPromotions(pb.ListPromotionsRequest(alias="other"))
    assert not other.promotions


async def test_a_rollback_that_goes_nowhere_and_the_end_of_an_alias(stub, aliases, versions):
    asked = pb.PromoteModelRequest(id=versions[1], alias="champion")
    await stub.PromoteModel(asked)
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await aliases.RollbackModelAlias(
            pb.RollbackModelAliasRequest(reference=CHAMPION, note="too narrow")
        )
    assert "meant nothing before" in failure.message
    await aliases.DeleteModelAlias(pb.DeleteModelAliasRequest(reference=CHAMPION))
    async with fails(StatusCode.NOT_FOUND):
        await aliases.GetModelAlias(pb.GetModelAliasRequest(reference=CHAMPION))
    left = await aliases.ListPromotions(pb.ListPromotionsRequest())
    assert [one.to_model_id for one in left.promotions] == [versions[1]]


async def test_archive_delete_and_readiness(stub, listed, versions):
    archived = await stub.ArchiveModel(pb.ArchiveModelRequest(id=versions[0]))
    assert archived.HasField("archive_time")
    assert (await listed())[0] == versions[1:]
    assert (await listed(with_archived=True))[0] == versions[::-1]
    back = await stub.UnarchiveModel(pb.UnarchiveModelRequest(id=versions[0]))
    assert not back.HasField("archive_time")
    ready = await stub.CheckModel(pb.CheckModelRequest(id=versions[0]))
    assert (ready.ready, ready.detail) == (False, "no inference worker is alive")
    await stub.DeleteModel(pb.DeleteModelRequest(id=versions[0]))
    async with fails(StatusCode.NOT_FOUND):
        await stub.GetModel(pb.GetModelRequest(id=versions[0]))


async def test_two_models_side_by_side(stub, versions):
    answer = await stub.CompareModels(pb.CompareModelsRequest(model_ids=versions))
    assert [model.version for model in answer.models] == [1, 2]
    assert not answer.is_same_test
    assert answer.reasons
    assert answer.compared_on == pb.CompareModelsResponse.COMPARED_ON_UNSPECIFIED


async def test_a_report_in_both_forms(stub, context):
    page = b"<p>" + bytes(2**21) + b"</p>"
    blobs = {
        "report_file": publish_blob(context.database, context.store, b"{}"),
        "report_page": publish_blob(context.database, context.store, page),
    }
    model_id = add_model(context, **blobs)
    for form, content in (("JSON", b"{}"), ("HTML", page), ("UNSPECIFIED", b"{}")):
        form = getattr(pb.DownloadModelReportRequest, f"FORMAT_{form}")
        asked = pb.DownloadModelReportRequest(id=model_id, format=form)
        found = [part async for part in stub.DownloadModelReport(asked)]
        assert b"".join(part.content for part in found) == content
        assert found[0].size_bytes == len(content)
        assert {len(part.sha256) for part in found[1:]} <= {0}
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await content_of(
            stub.DownloadModelReport(pb.DownloadModelReportRequest(id=model_id, format=9))
        )
    assert failure.violations[0][0] == "format"


@pytest.mark.usefixtures("versions")
async def test_a_model_without_a_report_has_none_to_send(stub):
    async with fails(StatusCode.NOT_FOUND) as failure:
        await content_of(stub.DownloadModelReport(pb.DownloadModelReportRequest(id=FIRST)))
    assert "no file of its report" in failure.message


async def test_an_export_is_the_archive_of_rest(stub, context):
    model_id = add_model(context, kind="forest", weights=b"weights" * 500_000)
    content = await content_of(stub.ExportModel(pb.ExportModelRequest(id=model_id)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.read("weights.safetensors") == b"weights" * 500_000
        assert b"no ONNX form" in archive.read("README.md")


async def test_without_the_onnx_file_no_worker_is_asked(stub, versions):
    asked = pb.ExportModelRequest(id=versions[0], with_onnx=False)
    content = await content_of(stub.ExportModel(asked))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"it was not asked for" in archive.read("README.md")


@pytest.mark.parametrize(
    ("method", "request_", "code"),
    [
        ("PromoteModel", {"id": FIRST, "alias": "Champion"}, StatusCode.INVALID_ARGUMENT),
        ("PromoteModel", {"id": FIRST}, StatusCode.INVALID_ARGUMENT),
        ("PromoteModel", {"id": FIRST, "alias": "a", "note": "\0"}, StatusCode.INVALID_ARGUMENT),
        ("PromoteModel", {"id": "titer 2 h@3", "alias": "a"}, StatusCode.NOT_FOUND),
        ("ArchiveModel", {"id": "titer 2 h@9"}, StatusCode.NOT_FOUND),
        ("UnarchiveModel", {"id": "titer 2 h@9"}, StatusCode.NOT_FOUND),
        ("DeleteModel", {"id": "titer 2 h@9"}, StatusCode.NOT_FOUND),
        ("CheckModel", {"id": "titer 2 h@9"}, StatusCode.NOT_FOUND),
        ("GetModel", {"id": "titer 2 h@@"}, StatusCode.INVALID_ARGUMENT),
        ("GetModel", {"id": "model\0"}, StatusCode.INVALID_ARGUMENT),
        ("CompareModels", {"model_ids": [FIRST]}, StatusCode.INVALID_ARGUMENT),
        ("CompareModels", {"model_ids": [FIRST, "\0"]}, StatusCode.INVALID_ARGUMENT),
        ("CompareModels", {"model_ids": [FIRST, "x"]}, StatusCode.NOT_FOUND),
        ("ListModels", {"page_token": "x"}, StatusCode.INVALID_ARGUMENT),
        ("ListModels", {"page_size": 0}, StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_what_is_refused_of_models(stub, versions, method, request_, code):
    async with fails(code):
        await getattr(stub, method)(getattr(pb, f"{method}Request")(**request_))
    left = await stub.ListModels(pb.ListModelsRequest(with_archived=True))
    assert [model.id for model in left.models] == versions[::-1]


@pytest.mark.parametrize(
    ("method", "request_", "code"),
    [
        ("GetPromotion", {"id": "promotion_0"}, StatusCode.NOT_FOUND),
        ("GetModelAlias", {"reference": "x@champion"}, StatusCode.NOT_FOUND),
        ("GetModelAlias", {"reference": "x@@"}, StatusCode.INVALID_ARGUMENT),
        ("DeleteModelAlias", {"reference": "x@champion"}, StatusCode.NOT_FOUND),
        ("RollbackModelAlias", {"reference": "x@champion"}, StatusCode.NOT_FOUND),
        ("RollbackModelAlias", {"reference": "\0"}, StatusCode.INVALID_ARGUMENT),
        ("ListModelAliases", {"page_token": "x"}, StatusCode.INVALID_ARGUMENT),
        ("ListPromotions", {"page_size": 1001}, StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_what_is_refused_of_aliases(aliases, method, request_, code):
    async with fails(code):
        await getattr(aliases, method)(getattr(pb, f"{method}Request")(**request_))


@pytest.mark.usefixtures("versions")
async def test_a_promotion_reads_back(stub, context, caller):
    made = await stub.PromoteModel(pb.PromoteModelRequest(id=FIRST, alias="a", note="n"))
    data = read_message(made)
    shown = registry.get_promotion(context, caller, made.id)
    empty = {"from_figures": [], "to_figures": []}
    assert Promotion.model_validate(empty | data) == shown
