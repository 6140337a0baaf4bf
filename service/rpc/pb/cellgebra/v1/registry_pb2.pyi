import datetime

from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from service.rpc.pb.cellgebra.v1 import manifests_pb2 as _manifests_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PromotionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROMOTION_STATE_UNSPECIFIED: _ClassVar[PromotionState]
    PROMOTION_STATE_PENDING: _ClassVar[PromotionState]
    PROMOTION_STATE_SUCCEEDED: _ClassVar[PromotionState]
    PROMOTION_STATE_FAILED: _ClassVar[PromotionState]
PROMOTION_STATE_UNSPECIFIED: PromotionState
PROMOTION_STATE_PENDING: PromotionState
PROMOTION_STATE_SUCCEEDED: PromotionState
PROMOTION_STATE_FAILED: PromotionState

class GetModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("dataset_id", "name", "with_archived", "page_size", "page_token")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    WITH_ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    name: str
    with_archived: bool
    page_size: int
    page_token: str
    def __init__(self, dataset_id: _Optional[str] = ..., name: _Optional[str] = ..., with_archived: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next_page_token")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    next_page_token: str
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class CheckModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ArchiveModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UnarchiveModelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class PromoteModelRequest(_message.Message):
    __slots__ = ("id", "alias", "note")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    id: str
    alias: str
    note: str
    def __init__(self, id: _Optional[str] = ..., alias: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class CompareModelsRequest(_message.Message):
    __slots__ = ("model_ids", "genotypes", "top_count", "top_of", "timeout_seconds")
    class TopOf(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TOP_OF_UNSPECIFIED: _ClassVar[CompareModelsRequest.TopOf]
        TOP_OF_HIGHEST: _ClassVar[CompareModelsRequest.TopOf]
        TOP_OF_LOWEST: _ClassVar[CompareModelsRequest.TopOf]
    TOP_OF_UNSPECIFIED: CompareModelsRequest.TopOf
    TOP_OF_HIGHEST: CompareModelsRequest.TopOf
    TOP_OF_LOWEST: CompareModelsRequest.TopOf
    MODEL_IDS_FIELD_NUMBER: _ClassVar[int]
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    TOP_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOP_OF_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    model_ids: _containers.RepeatedScalarFieldContainer[str]
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    top_count: int
    top_of: CompareModelsRequest.TopOf
    timeout_seconds: float
    def __init__(self, model_ids: _Optional[_Iterable[str]] = ..., genotypes: _Optional[_Iterable[str]] = ..., top_count: _Optional[int] = ..., top_of: _Optional[_Union[CompareModelsRequest.TopOf, str]] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class DownloadModelReportRequest(_message.Message):
    __slots__ = ("id", "format")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[DownloadModelReportRequest.Format]
        FORMAT_JSON: _ClassVar[DownloadModelReportRequest.Format]
        FORMAT_HTML: _ClassVar[DownloadModelReportRequest.Format]
    FORMAT_UNSPECIFIED: DownloadModelReportRequest.Format
    FORMAT_JSON: DownloadModelReportRequest.Format
    FORMAT_HTML: DownloadModelReportRequest.Format
    ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    id: str
    format: DownloadModelReportRequest.Format
    def __init__(self, id: _Optional[str] = ..., format: _Optional[_Union[DownloadModelReportRequest.Format, str]] = ...) -> None: ...

class ExportModelRequest(_message.Message):
    __slots__ = ("id", "with_onnx")
    ID_FIELD_NUMBER: _ClassVar[int]
    WITH_ONNX_FIELD_NUMBER: _ClassVar[int]
    id: str
    with_onnx: bool
    def __init__(self, id: _Optional[str] = ..., with_onnx: _Optional[bool] = ...) -> None: ...

class GetModelAliasRequest(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class ListModelAliasesRequest(_message.Message):
    __slots__ = ("name", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelAliasesResponse(_message.Message):
    __slots__ = ("model_aliases", "next_page_token")
    MODEL_ALIASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    model_aliases: _containers.RepeatedCompositeFieldContainer[ModelAlias]
    next_page_token: str
    def __init__(self, model_aliases: _Optional[_Iterable[_Union[ModelAlias, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeleteModelAliasRequest(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class RollbackModelAliasRequest(_message.Message):
    __slots__ = ("reference", "note")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    note: str
    def __init__(self, reference: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class GetPromotionRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListPromotionsRequest(_message.Message):
    __slots__ = ("name", "alias", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPromotionsResponse(_message.Message):
    __slots__ = ("promotions", "next_page_token")
    PROMOTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    promotions: _containers.RepeatedCompositeFieldContainer[Promotion]
    next_page_token: str
    def __init__(self, promotions: _Optional[_Iterable[_Union[Promotion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("id", "name", "version", "aliases", "kind", "create_time", "archive_time", "dataset_id", "job_id", "manifest_sha256", "weights_sha256", "report_sha256", "report_page_sha256", "report", "manifest")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    REPORT_SHA256_FIELD_NUMBER: _ClassVar[int]
    REPORT_PAGE_SHA256_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    version: int
    aliases: _containers.RepeatedScalarFieldContainer[str]
    kind: str
    create_time: _timestamp_pb2.Timestamp
    archive_time: _timestamp_pb2.Timestamp
    dataset_id: str
    job_id: str
    manifest_sha256: str
    weights_sha256: str
    report_sha256: str
    report_page_sha256: str
    report: _struct_pb2.Struct
    manifest: _manifests_pb2.ModelManifest
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., aliases: _Optional[_Iterable[str]] = ..., kind: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., archive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dataset_id: _Optional[str] = ..., job_id: _Optional[str] = ..., manifest_sha256: _Optional[str] = ..., weights_sha256: _Optional[str] = ..., report_sha256: _Optional[str] = ..., report_page_sha256: _Optional[str] = ..., report: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., manifest: _Optional[_Union[_manifests_pb2.ModelManifest, _Mapping]] = ...) -> None: ...

class ModelReadiness(_message.Message):
    __slots__ = ("model_id", "name", "version", "ready", "detail")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    name: str
    version: int
    ready: bool
    detail: str
    def __init__(self, model_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., ready: _Optional[bool] = ..., detail: _Optional[str] = ...) -> None: ...

class LabelFigures(_message.Message):
    __slots__ = ("name", "unit", "test_design_count", "spearman", "pearson", "rmse", "mae", "r2", "best_null", "best_null_spearman", "best_null_rmse")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    TEST_DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPEARMAN_FIELD_NUMBER: _ClassVar[int]
    PEARSON_FIELD_NUMBER: _ClassVar[int]
    RMSE_FIELD_NUMBER: _ClassVar[int]
    MAE_FIELD_NUMBER: _ClassVar[int]
    R2_FIELD_NUMBER: _ClassVar[int]
    BEST_NULL_FIELD_NUMBER: _ClassVar[int]
    BEST_NULL_SPEARMAN_FIELD_NUMBER: _ClassVar[int]
    BEST_NULL_RMSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    test_design_count: int
    spearman: float
    pearson: float
    rmse: float
    mae: float
    r2: float
    best_null: str
    best_null_spearman: float
    best_null_rmse: float
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., test_design_count: _Optional[int] = ..., spearman: _Optional[float] = ..., pearson: _Optional[float] = ..., rmse: _Optional[float] = ..., mae: _Optional[float] = ..., r2: _Optional[float] = ..., best_null: _Optional[str] = ..., best_null_spearman: _Optional[float] = ..., best_null_rmse: _Optional[float] = ...) -> None: ...

class ModelAlias(_message.Message):
    __slots__ = ("name", "alias", "model_id", "version", "pending_model_id", "promotion_id", "create_time")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PENDING_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PROMOTION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    alias: str
    model_id: str
    version: int
    pending_model_id: str
    promotion_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., alias: _Optional[str] = ..., model_id: _Optional[str] = ..., version: _Optional[int] = ..., pending_model_id: _Optional[str] = ..., promotion_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Promotion(_message.Message):
    __slots__ = ("id", "name", "alias", "state", "from_model_id", "from_version", "to_model_id", "to_version", "from_figures", "to_figures", "note", "created_by", "create_time", "end_time", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FROM_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_VERSION_FIELD_NUMBER: _ClassVar[int]
    TO_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TO_VERSION_FIELD_NUMBER: _ClassVar[int]
    FROM_FIGURES_FIELD_NUMBER: _ClassVar[int]
    TO_FIGURES_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    alias: str
    state: PromotionState
    from_model_id: str
    from_version: int
    to_model_id: str
    to_version: int
    from_figures: _containers.RepeatedCompositeFieldContainer[LabelFigures]
    to_figures: _containers.RepeatedCompositeFieldContainer[LabelFigures]
    note: str
    created_by: str
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    error: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., alias: _Optional[str] = ..., state: _Optional[_Union[PromotionState, str]] = ..., from_model_id: _Optional[str] = ..., from_version: _Optional[int] = ..., to_model_id: _Optional[str] = ..., to_version: _Optional[int] = ..., from_figures: _Optional[_Iterable[_Union[LabelFigures, _Mapping]]] = ..., to_figures: _Optional[_Iterable[_Union[LabelFigures, _Mapping]]] = ..., note: _Optional[str] = ..., created_by: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CompareModelsResponse(_message.Message):
    __slots__ = ("models", "is_same_test", "compared_on", "agreements", "reasons")
    class ComparedOn(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        COMPARED_ON_UNSPECIFIED: _ClassVar[CompareModelsResponse.ComparedOn]
        COMPARED_ON_TEST_PART: _ClassVar[CompareModelsResponse.ComparedOn]
        COMPARED_ON_GENOTYPES: _ClassVar[CompareModelsResponse.ComparedOn]
    COMPARED_ON_UNSPECIFIED: CompareModelsResponse.ComparedOn
    COMPARED_ON_TEST_PART: CompareModelsResponse.ComparedOn
    COMPARED_ON_GENOTYPES: CompareModelsResponse.ComparedOn
    MODELS_FIELD_NUMBER: _ClassVar[int]
    IS_SAME_TEST_FIELD_NUMBER: _ClassVar[int]
    COMPARED_ON_FIELD_NUMBER: _ClassVar[int]
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[ComparedModel]
    is_same_test: bool
    compared_on: CompareModelsResponse.ComparedOn
    agreements: _containers.RepeatedCompositeFieldContainer[Agreement]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, models: _Optional[_Iterable[_Union[ComparedModel, _Mapping]]] = ..., is_same_test: _Optional[bool] = ..., compared_on: _Optional[_Union[CompareModelsResponse.ComparedOn, str]] = ..., agreements: _Optional[_Iterable[_Union[Agreement, _Mapping]]] = ..., reasons: _Optional[_Iterable[str]] = ...) -> None: ...

class ComparedModel(_message.Message):
    __slots__ = ("model_id", "name", "version", "kind", "dataset_id", "figures")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    name: str
    version: int
    kind: str
    dataset_id: str
    figures: _containers.RepeatedCompositeFieldContainer[LabelFigures]
    def __init__(self, model_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., kind: _Optional[str] = ..., dataset_id: _Optional[str] = ..., figures: _Optional[_Iterable[_Union[LabelFigures, _Mapping]]] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("label", "model_ids", "design_count", "spearman", "top_count", "top_overlap_count", "chance_overlap_count")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_IDS_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPEARMAN_FIELD_NUMBER: _ClassVar[int]
    TOP_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOP_OVERLAP_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHANCE_OVERLAP_COUNT_FIELD_NUMBER: _ClassVar[int]
    label: str
    model_ids: _containers.RepeatedScalarFieldContainer[str]
    design_count: int
    spearman: float
    top_count: int
    top_overlap_count: int
    chance_overlap_count: float
    def __init__(self, label: _Optional[str] = ..., model_ids: _Optional[_Iterable[str]] = ..., design_count: _Optional[int] = ..., spearman: _Optional[float] = ..., top_count: _Optional[int] = ..., top_overlap_count: _Optional[int] = ..., chance_overlap_count: _Optional[float] = ...) -> None: ...
