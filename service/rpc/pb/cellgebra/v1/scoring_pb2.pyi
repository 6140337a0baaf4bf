import datetime

from service.rpc.pb.cellgebra.v1 import designs_pb2 as _designs_pb2
from service.rpc.pb.cellgebra.v1 import inference_pb2 as _inference_pb2
from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from service.rpc.pb.cellgebra.v1 import pools_pb2 as _pools_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateScoringJobRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ScoringJobHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[ScoringJobHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class ScoringJobHeader(_message.Message):
    __slots__ = ("spec", "request_id", "size_bytes", "sha256")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    spec: ScoringSpec
    request_id: str
    size_bytes: int
    sha256: str
    def __init__(self, spec: _Optional[_Union[ScoringSpec, _Mapping]] = ..., request_id: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class GetScoringJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListScoringJobsRequest(_message.Message):
    __slots__ = ("state", "model_id", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _jobs_pb2.JobState
    model_id: str
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., model_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListScoringJobsResponse(_message.Message):
    __slots__ = ("scoring_jobs", "next_page_token")
    SCORING_JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scoring_jobs: _containers.RepeatedCompositeFieldContainer[ScoringJob]
    next_page_token: str
    def __init__(self, scoring_jobs: _Optional[_Iterable[_Union[ScoringJob, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelScoringJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ResumeScoringJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteScoringJobRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class WatchScoringJobRequest(_message.Message):
    __slots__ = ("id", "after_sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    after_sequence: int
    def __init__(self, id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class DownloadScoringFileRequest(_message.Message):
    __slots__ = ("id", "file")
    class File(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FILE_UNSPECIFIED: _ClassVar[DownloadScoringFileRequest.File]
        FILE_RESULTS_PARQUET: _ClassVar[DownloadScoringFileRequest.File]
        FILE_RESULTS_TSV: _ClassVar[DownloadScoringFileRequest.File]
    FILE_UNSPECIFIED: DownloadScoringFileRequest.File
    FILE_RESULTS_PARQUET: DownloadScoringFileRequest.File
    FILE_RESULTS_TSV: DownloadScoringFileRequest.File
    ID_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    id: str
    file: DownloadScoringFileRequest.File
    def __init__(self, id: _Optional[str] = ..., file: _Optional[_Union[DownloadScoringFileRequest.File, str]] = ...) -> None: ...

class ScoringJob(_message.Message):
    __slots__ = ("id", "state", "spec", "create_time", "start_time", "end_time", "fraction", "estimated_seconds_left", "attempt_count", "queue_position", "expected_start_seconds", "report", "error", "queue_reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    QUEUE_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: _jobs_pb2.JobState
    spec: ScoringSpec
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    fraction: float
    estimated_seconds_left: float
    attempt_count: int
    queue_position: int
    expected_start_seconds: float
    report: ScoringReport
    error: _jobs_pb2.Problem
    queue_reason: str
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., spec: _Optional[_Union[ScoringSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ..., attempt_count: _Optional[int] = ..., queue_position: _Optional[int] = ..., expected_start_seconds: _Optional[float] = ..., report: _Optional[_Union[ScoringReport, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., queue_reason: _Optional[str] = ...) -> None: ...

class ScoringSpec(_message.Message):
    __slots__ = ("model_id", "name", "input", "fields", "interval_level", "on_bad_rows", "formats", "shard_rows", "priority", "time_limit_seconds")
    class OnBadRows(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ON_BAD_ROWS_UNSPECIFIED: _ClassVar[ScoringSpec.OnBadRows]
        ON_BAD_ROWS_FAIL: _ClassVar[ScoringSpec.OnBadRows]
        ON_BAD_ROWS_NULL: _ClassVar[ScoringSpec.OnBadRows]
    ON_BAD_ROWS_UNSPECIFIED: ScoringSpec.OnBadRows
    ON_BAD_ROWS_FAIL: ScoringSpec.OnBadRows
    ON_BAD_ROWS_NULL: ScoringSpec.OnBadRows
    class ResultFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RESULT_FORMAT_UNSPECIFIED: _ClassVar[ScoringSpec.ResultFormat]
        RESULT_FORMAT_PARQUET: _ClassVar[ScoringSpec.ResultFormat]
        RESULT_FORMAT_TSV: _ClassVar[ScoringSpec.ResultFormat]
    RESULT_FORMAT_UNSPECIFIED: ScoringSpec.ResultFormat
    RESULT_FORMAT_PARQUET: ScoringSpec.ResultFormat
    RESULT_FORMAT_TSV: ScoringSpec.ResultFormat
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    ON_BAD_ROWS_FIELD_NUMBER: _ClassVar[int]
    FORMATS_FIELD_NUMBER: _ClassVar[int]
    SHARD_ROWS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    name: str
    input: ScoringInput
    fields: _containers.RepeatedScalarFieldContainer[_inference_pb2.ScoreField]
    interval_level: float
    on_bad_rows: ScoringSpec.OnBadRows
    formats: _containers.RepeatedScalarFieldContainer[ScoringSpec.ResultFormat]
    shard_rows: int
    priority: _jobs_pb2.JobPriority
    time_limit_seconds: float
    def __init__(self, model_id: _Optional[str] = ..., name: _Optional[str] = ..., input: _Optional[_Union[ScoringInput, _Mapping]] = ..., fields: _Optional[_Iterable[_Union[_inference_pb2.ScoreField, str]]] = ..., interval_level: _Optional[float] = ..., on_bad_rows: _Optional[_Union[ScoringSpec.OnBadRows, str]] = ..., formats: _Optional[_Iterable[_Union[ScoringSpec.ResultFormat, str]]] = ..., shard_rows: _Optional[int] = ..., priority: _Optional[_Union[_jobs_pb2.JobPriority, str]] = ..., time_limit_seconds: _Optional[float] = ...) -> None: ...

class ScoringInput(_message.Message):
    __slots__ = ("table", "combinations")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COMBINATIONS_FIELD_NUMBER: _ClassVar[int]
    table: TableInput
    combinations: CombinationsInput
    def __init__(self, table: _Optional[_Union[TableInput, _Mapping]] = ..., combinations: _Optional[_Union[CombinationsInput, _Mapping]] = ...) -> None: ...

class TableInput(_message.Message):
    __slots__ = ("format", "design", "keep")
    class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FORMAT_UNSPECIFIED: _ClassVar[TableInput.Format]
        FORMAT_AUTO: _ClassVar[TableInput.Format]
        FORMAT_TSV: _ClassVar[TableInput.Format]
        FORMAT_CSV: _ClassVar[TableInput.Format]
        FORMAT_PARQUET: _ClassVar[TableInput.Format]
    FORMAT_UNSPECIFIED: TableInput.Format
    FORMAT_AUTO: TableInput.Format
    FORMAT_TSV: TableInput.Format
    FORMAT_CSV: TableInput.Format
    FORMAT_PARQUET: TableInput.Format
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DESIGN_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    format: TableInput.Format
    design: _designs_pb2.DesignColumns
    keep: _pools_pb2.NameList
    def __init__(self, format: _Optional[_Union[TableInput.Format, str]] = ..., design: _Optional[_Union[_designs_pb2.DesignColumns, _Mapping]] = ..., keep: _Optional[_Union[_pools_pb2.NameList, _Mapping]] = ...) -> None: ...

class CombinationsInput(_message.Message):
    __slots__ = ("pool", "min_order", "max_order")
    POOL_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDER_FIELD_NUMBER: _ClassVar[int]
    pool: _pools_pb2.Pool
    min_order: int
    max_order: int
    def __init__(self, pool: _Optional[_Union[_pools_pb2.Pool, _Mapping]] = ..., min_order: _Optional[int] = ..., max_order: _Optional[int] = ...) -> None: ...

class ScoringReport(_message.Message):
    __slots__ = ("row_count", "scored_count", "bad_row_count", "bad_rows", "orders", "extrapolated_count", "higher_order_count", "labels", "columns", "resolved_names", "seconds", "prepare_seconds", "designs_per_second", "worker_count", "shard_count", "worker_peak_bytes", "size_bytes")
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    SCORED_COUNT_FIELD_NUMBER: _ClassVar[int]
    BAD_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    BAD_ROWS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    EXTRAPOLATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    HIGHER_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_NAMES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PREPARE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    WORKER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARD_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORKER_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    scored_count: int
    bad_row_count: int
    bad_rows: _containers.RepeatedCompositeFieldContainer[_jobs_pb2.Offender]
    orders: _containers.RepeatedCompositeFieldContainer[ScoredOrder]
    extrapolated_count: int
    higher_order_count: int
    labels: _containers.RepeatedCompositeFieldContainer[ScoredLabel]
    columns: _containers.RepeatedScalarFieldContainer[str]
    resolved_names: _containers.RepeatedCompositeFieldContainer[_inference_pb2.ResolvedName]
    seconds: float
    prepare_seconds: float
    designs_per_second: float
    worker_count: int
    shard_count: int
    worker_peak_bytes: int
    size_bytes: int
    def __init__(self, row_count: _Optional[int] = ..., scored_count: _Optional[int] = ..., bad_row_count: _Optional[int] = ..., bad_rows: _Optional[_Iterable[_Union[_jobs_pb2.Offender, _Mapping]]] = ..., orders: _Optional[_Iterable[_Union[ScoredOrder, _Mapping]]] = ..., extrapolated_count: _Optional[int] = ..., higher_order_count: _Optional[int] = ..., labels: _Optional[_Iterable[_Union[ScoredLabel, _Mapping]]] = ..., columns: _Optional[_Iterable[str]] = ..., resolved_names: _Optional[_Iterable[_Union[_inference_pb2.ResolvedName, _Mapping]]] = ..., seconds: _Optional[float] = ..., prepare_seconds: _Optional[float] = ..., designs_per_second: _Optional[float] = ..., worker_count: _Optional[int] = ..., shard_count: _Optional[int] = ..., worker_peak_bytes: _Optional[int] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class ScoredOrder(_message.Message):
    __slots__ = ("order", "count")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    order: int
    count: int
    def __init__(self, order: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class ScoredLabel(_message.Message):
    __slots__ = ("name", "unit", "min", "max", "mean", "histogram", "highest", "lowest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAM_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_FIELD_NUMBER: _ClassVar[int]
    LOWEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    min: float
    max: float
    mean: float
    histogram: ScoreHistogram
    highest: _containers.RepeatedCompositeFieldContainer[TopDesign]
    lowest: _containers.RepeatedCompositeFieldContainer[TopDesign]
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., mean: _Optional[float] = ..., histogram: _Optional[_Union[ScoreHistogram, _Mapping]] = ..., highest: _Optional[_Iterable[_Union[TopDesign, _Mapping]]] = ..., lowest: _Optional[_Iterable[_Union[TopDesign, _Mapping]]] = ...) -> None: ...

class ScoreHistogram(_message.Message):
    __slots__ = ("left", "width", "counts")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    left: float
    width: float
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, left: _Optional[float] = ..., width: _Optional[float] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class TopDesign(_message.Message):
    __slots__ = ("row", "genotype", "mean")
    ROW_FIELD_NUMBER: _ClassVar[int]
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    row: int
    genotype: str
    mean: float
    def __init__(self, row: _Optional[int] = ..., genotype: _Optional[str] = ..., mean: _Optional[float] = ...) -> None: ...
