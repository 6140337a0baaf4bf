import datetime

from service.rpc.pb.cellgebra.v1 import designs_pb2 as _designs_pb2
from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DatasetState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DATASET_STATE_UNSPECIFIED: _ClassVar[DatasetState]
    DATASET_STATE_INGESTING: _ClassVar[DatasetState]
    DATASET_STATE_READY: _ClassVar[DatasetState]
    DATASET_STATE_FAILED: _ClassVar[DatasetState]

class TableFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TABLE_FORMAT_UNSPECIFIED: _ClassVar[TableFormat]
    TABLE_FORMAT_AUTO: _ClassVar[TableFormat]
    TABLE_FORMAT_TSV: _ClassVar[TableFormat]
    TABLE_FORMAT_CSV: _ClassVar[TableFormat]
    TABLE_FORMAT_PARQUET: _ClassVar[TableFormat]

class LabelKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_KIND_UNSPECIFIED: _ClassVar[LabelKind]
    LABEL_KIND_FITNESS: _ClassVar[LabelKind]
    LABEL_KIND_INTERACTION: _ClassVar[LabelKind]
    LABEL_KIND_TITER: _ClassVar[LabelKind]
    LABEL_KIND_RATE: _ClassVar[LabelKind]
    LABEL_KIND_YIELD: _ClassVar[LabelKind]
    LABEL_KIND_VIABILITY: _ClassVar[LabelKind]

class LabelScale(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_SCALE_UNSPECIFIED: _ClassVar[LabelScale]
    LABEL_SCALE_LINEAR: _ClassVar[LabelScale]
    LABEL_SCALE_LOG: _ClassVar[LabelScale]
DATASET_STATE_UNSPECIFIED: DatasetState
DATASET_STATE_INGESTING: DatasetState
DATASET_STATE_READY: DatasetState
DATASET_STATE_FAILED: DatasetState
TABLE_FORMAT_UNSPECIFIED: TableFormat
TABLE_FORMAT_AUTO: TableFormat
TABLE_FORMAT_TSV: TableFormat
TABLE_FORMAT_CSV: TableFormat
TABLE_FORMAT_PARQUET: TableFormat
LABEL_KIND_UNSPECIFIED: LabelKind
LABEL_KIND_FITNESS: LabelKind
LABEL_KIND_INTERACTION: LabelKind
LABEL_KIND_TITER: LabelKind
LABEL_KIND_RATE: LabelKind
LABEL_KIND_YIELD: LabelKind
LABEL_KIND_VIABILITY: LabelKind
LABEL_SCALE_UNSPECIFIED: LabelScale
LABEL_SCALE_LINEAR: LabelScale
LABEL_SCALE_LOG: LabelScale

class CreateDatasetRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: DatasetHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[DatasetHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class DatasetHeader(_message.Message):
    __slots__ = ("spec", "name", "request_id", "size_bytes", "sha256")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    spec: DatasetSpec
    name: str
    request_id: str
    size_bytes: int
    sha256: str
    def __init__(self, spec: _Optional[_Union[DatasetSpec, _Mapping]] = ..., name: _Optional[str] = ..., request_id: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class GetDatasetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListDatasetsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: DatasetState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[DatasetState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDatasetsResponse(_message.Message):
    __slots__ = ("datasets", "next_page_token")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[Dataset]
    next_page_token: str
    def __init__(self, datasets: _Optional[_Iterable[_Union[Dataset, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelDatasetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteDatasetRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("id", "name", "state", "create_time", "size_bytes", "source_sha256", "table_sha256", "vocabulary_sha256", "spec", "profile", "error", "fraction", "estimated_seconds_left")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_SHA256_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    state: DatasetState
    create_time: _timestamp_pb2.Timestamp
    size_bytes: int
    source_sha256: str
    table_sha256: str
    vocabulary_sha256: str
    spec: DatasetSpec
    profile: DatasetProfile
    error: _jobs_pb2.Problem
    fraction: float
    estimated_seconds_left: float
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[DatasetState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ..., source_sha256: _Optional[str] = ..., table_sha256: _Optional[str] = ..., vocabulary_sha256: _Optional[str] = ..., spec: _Optional[_Union[DatasetSpec, _Mapping]] = ..., profile: _Optional[_Union[DatasetProfile, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ...) -> None: ...

class DatasetSpec(_message.Message):
    __slots__ = ("format", "preset", "design", "labels", "covariates", "background_column", "group_column", "build_column", "replicate_column", "control_column", "on_bad_rows")
    class Preset(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PRESET_UNSPECIFIED: _ClassVar[DatasetSpec.Preset]
        PRESET_COSTANZO2016: _ClassVar[DatasetSpec.Preset]
        PRESET_KUZMIN2018: _ClassVar[DatasetSpec.Preset]
    PRESET_UNSPECIFIED: DatasetSpec.Preset
    PRESET_COSTANZO2016: DatasetSpec.Preset
    PRESET_KUZMIN2018: DatasetSpec.Preset
    class BadRows(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BAD_ROWS_UNSPECIFIED: _ClassVar[DatasetSpec.BadRows]
        BAD_ROWS_FAIL: _ClassVar[DatasetSpec.BadRows]
        BAD_ROWS_SKIP: _ClassVar[DatasetSpec.BadRows]
    BAD_ROWS_UNSPECIFIED: DatasetSpec.BadRows
    BAD_ROWS_FAIL: DatasetSpec.BadRows
    BAD_ROWS_SKIP: DatasetSpec.BadRows
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    DESIGN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_COLUMN_FIELD_NUMBER: _ClassVar[int]
    GROUP_COLUMN_FIELD_NUMBER: _ClassVar[int]
    BUILD_COLUMN_FIELD_NUMBER: _ClassVar[int]
    REPLICATE_COLUMN_FIELD_NUMBER: _ClassVar[int]
    CONTROL_COLUMN_FIELD_NUMBER: _ClassVar[int]
    ON_BAD_ROWS_FIELD_NUMBER: _ClassVar[int]
    format: TableFormat
    preset: DatasetSpec.Preset
    design: _designs_pb2.DesignColumns
    labels: _containers.RepeatedCompositeFieldContainer[LabelColumn]
    covariates: _containers.RepeatedCompositeFieldContainer[CovariateColumn]
    background_column: str
    group_column: str
    build_column: str
    replicate_column: str
    control_column: str
    on_bad_rows: DatasetSpec.BadRows
    def __init__(self, format: _Optional[_Union[TableFormat, str]] = ..., preset: _Optional[_Union[DatasetSpec.Preset, str]] = ..., design: _Optional[_Union[_designs_pb2.DesignColumns, _Mapping]] = ..., labels: _Optional[_Iterable[_Union[LabelColumn, _Mapping]]] = ..., covariates: _Optional[_Iterable[_Union[CovariateColumn, _Mapping]]] = ..., background_column: _Optional[str] = ..., group_column: _Optional[str] = ..., build_column: _Optional[str] = ..., replicate_column: _Optional[str] = ..., control_column: _Optional[str] = ..., on_bad_rows: _Optional[_Union[DatasetSpec.BadRows, str]] = ...) -> None: ...

class LabelColumn(_message.Message):
    __slots__ = ("name", "column", "kind", "measure", "scale", "unit", "detection_limit", "sd_column")
    class Measure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MEASURE_UNSPECIFIED: _ClassVar[LabelColumn.Measure]
        MEASURE_EPSILON: _ClassVar[LabelColumn.Measure]
        MEASURE_TAU: _ClassVar[LabelColumn.Measure]
        MEASURE_S_SCORE: _ClassVar[LabelColumn.Measure]
    MEASURE_UNSPECIFIED: LabelColumn.Measure
    MEASURE_EPSILON: LabelColumn.Measure
    MEASURE_TAU: LabelColumn.Measure
    MEASURE_S_SCORE: LabelColumn.Measure
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    DETECTION_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SD_COLUMN_FIELD_NUMBER: _ClassVar[int]
    name: str
    column: str
    kind: LabelKind
    measure: LabelColumn.Measure
    scale: LabelScale
    unit: str
    detection_limit: float
    sd_column: str
    def __init__(self, name: _Optional[str] = ..., column: _Optional[str] = ..., kind: _Optional[_Union[LabelKind, str]] = ..., measure: _Optional[_Union[LabelColumn.Measure, str]] = ..., scale: _Optional[_Union[LabelScale, str]] = ..., unit: _Optional[str] = ..., detection_limit: _Optional[float] = ..., sd_column: _Optional[str] = ...) -> None: ...

class CovariateColumn(_message.Message):
    __slots__ = ("name", "column", "role", "known_at")
    class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ROLE_UNSPECIFIED: _ClassVar[CovariateColumn.Role]
        ROLE_CONDITION: _ClassVar[CovariateColumn.Role]
        ROLE_BATCH: _ClassVar[CovariateColumn.Role]
    ROLE_UNSPECIFIED: CovariateColumn.Role
    ROLE_CONDITION: CovariateColumn.Role
    ROLE_BATCH: CovariateColumn.Role
    class KnownAt(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KNOWN_AT_UNSPECIFIED: _ClassVar[CovariateColumn.KnownAt]
        KNOWN_AT_DESIGN: _ClassVar[CovariateColumn.KnownAt]
        KNOWN_AT_AFTER_BUILD: _ClassVar[CovariateColumn.KnownAt]
    KNOWN_AT_UNSPECIFIED: CovariateColumn.KnownAt
    KNOWN_AT_DESIGN: CovariateColumn.KnownAt
    KNOWN_AT_AFTER_BUILD: CovariateColumn.KnownAt
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    column: str
    role: CovariateColumn.Role
    known_at: CovariateColumn.KnownAt
    def __init__(self, name: _Optional[str] = ..., column: _Optional[str] = ..., role: _Optional[_Union[CovariateColumn.Role, str]] = ..., known_at: _Optional[_Union[CovariateColumn.KnownAt, str]] = ...) -> None: ...

class DatasetProfile(_message.Message):
    __slots__ = ("row_count", "design_count", "locus_count", "edit_count", "control_row_count", "rows_per_order", "designs_per_order", "labels", "covariates", "skipped_row_count", "skipped_rows")
    class RowsPerOrderEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    class DesignsPerOrderEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    class CovariatesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CountMap
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CountMap, _Mapping]] = ...) -> None: ...
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    EDIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTROL_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROWS_PER_ORDER_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_PER_ORDER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    COVARIATES_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_ROWS_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    design_count: int
    locus_count: int
    edit_count: int
    control_row_count: int
    rows_per_order: _containers.ScalarMap[int, int]
    designs_per_order: _containers.ScalarMap[int, int]
    labels: _containers.RepeatedCompositeFieldContainer[LabelProfile]
    covariates: _containers.MessageMap[str, CountMap]
    skipped_row_count: int
    skipped_rows: _containers.RepeatedCompositeFieldContainer[SkippedRow]
    def __init__(self, row_count: _Optional[int] = ..., design_count: _Optional[int] = ..., locus_count: _Optional[int] = ..., edit_count: _Optional[int] = ..., control_row_count: _Optional[int] = ..., rows_per_order: _Optional[_Mapping[int, int]] = ..., designs_per_order: _Optional[_Mapping[int, int]] = ..., labels: _Optional[_Iterable[_Union[LabelProfile, _Mapping]]] = ..., covariates: _Optional[_Mapping[str, CountMap]] = ..., skipped_row_count: _Optional[int] = ..., skipped_rows: _Optional[_Iterable[_Union[SkippedRow, _Mapping]]] = ...) -> None: ...

class CountMap(_message.Message):
    __slots__ = ("counts",)
    class CountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.ScalarMap[str, int]
    def __init__(self, counts: _Optional[_Mapping[str, int]] = ...) -> None: ...

class LabelProfile(_message.Message):
    __slots__ = ("name", "kind", "scale", "unit", "count", "missing_share", "censored_count", "min", "median", "mean", "max", "sd", "sd_within_builds", "sd_across_builds")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSING_SHARE_FIELD_NUMBER: _ClassVar[int]
    CENSORED_COUNT_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    SD_WITHIN_BUILDS_FIELD_NUMBER: _ClassVar[int]
    SD_ACROSS_BUILDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: LabelKind
    scale: str
    unit: str
    count: int
    missing_share: float
    censored_count: int
    min: float
    median: float
    mean: float
    max: float
    sd: float
    sd_within_builds: float
    sd_across_builds: float
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[LabelKind, str]] = ..., scale: _Optional[str] = ..., unit: _Optional[str] = ..., count: _Optional[int] = ..., missing_share: _Optional[float] = ..., censored_count: _Optional[int] = ..., min: _Optional[float] = ..., median: _Optional[float] = ..., mean: _Optional[float] = ..., max: _Optional[float] = ..., sd: _Optional[float] = ..., sd_within_builds: _Optional[float] = ..., sd_across_builds: _Optional[float] = ...) -> None: ...

class SkippedRow(_message.Message):
    __slots__ = ("row", "column", "message")
    ROW_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    row: int
    column: str
    message: str
    def __init__(self, row: _Optional[int] = ..., column: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
