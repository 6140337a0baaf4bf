import datetime

from service.rpc.pb.cellgebra.v1 import datasets_pb2 as _datasets_pb2
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

class CreateGeneTableRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: GeneTableHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[GeneTableHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class GeneTableHeader(_message.Message):
    __slots__ = ("spec", "name", "request_id", "size_bytes", "sha256")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    spec: GeneTableSpec
    name: str
    request_id: str
    size_bytes: int
    sha256: str
    def __init__(self, spec: _Optional[_Union[GeneTableSpec, _Mapping]] = ..., name: _Optional[str] = ..., request_id: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class GetGeneTableRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListGeneTablesRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _datasets_pb2.DatasetState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_datasets_pb2.DatasetState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListGeneTablesResponse(_message.Message):
    __slots__ = ("gene_tables", "next_page_token")
    GENE_TABLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    gene_tables: _containers.RepeatedCompositeFieldContainer[GeneTable]
    next_page_token: str
    def __init__(self, gene_tables: _Optional[_Iterable[_Union[GeneTable, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelGeneTableRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteGeneTableRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class CreateNetworkRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: NetworkHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[NetworkHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class NetworkHeader(_message.Message):
    __slots__ = ("gene_table_id", "spec", "name", "request_id", "size_bytes", "sha256")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    spec: NetworkSpec
    name: str
    request_id: str
    size_bytes: int
    sha256: str
    def __init__(self, gene_table_id: _Optional[str] = ..., spec: _Optional[_Union[NetworkSpec, _Mapping]] = ..., name: _Optional[str] = ..., request_id: _Optional[str] = ..., size_bytes: _Optional[int] = ..., sha256: _Optional[str] = ...) -> None: ...

class GetNetworkRequest(_message.Message):
    __slots__ = ("gene_table_id", "id")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    id: str
    def __init__(self, gene_table_id: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class ListNetworksRequest(_message.Message):
    __slots__ = ("gene_table_id", "page_size", "page_token")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    page_size: int
    page_token: str
    def __init__(self, gene_table_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNetworksResponse(_message.Message):
    __slots__ = ("networks", "next_page_token")
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    networks: _containers.RepeatedCompositeFieldContainer[Network]
    next_page_token: str
    def __init__(self, networks: _Optional[_Iterable[_Union[Network, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelNetworkRequest(_message.Message):
    __slots__ = ("gene_table_id", "id")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    id: str
    def __init__(self, gene_table_id: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class DeleteNetworkRequest(_message.Message):
    __slots__ = ("gene_table_id", "id", "cascade")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    id: str
    cascade: bool
    def __init__(self, gene_table_id: _Optional[str] = ..., id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class GeneTable(_message.Message):
    __slots__ = ("id", "name", "state", "create_time", "size_bytes", "source_sha256", "table_sha256", "spec", "profile", "error", "fraction", "estimated_seconds_left")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    state: _datasets_pb2.DatasetState
    create_time: _timestamp_pb2.Timestamp
    size_bytes: int
    source_sha256: str
    table_sha256: str
    spec: GeneTableSpec
    profile: GeneTableProfile
    error: _jobs_pb2.Problem
    fraction: float
    estimated_seconds_left: float
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[_datasets_pb2.DatasetState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ..., source_sha256: _Optional[str] = ..., table_sha256: _Optional[str] = ..., spec: _Optional[_Union[GeneTableSpec, _Mapping]] = ..., profile: _Optional[_Union[GeneTableProfile, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ...) -> None: ...

class GeneTableSpec(_message.Message):
    __slots__ = ("format", "locus_column", "alias_columns", "alias_separator", "on_ambiguous_aliases", "features", "off_when_held_out")
    class AmbiguousAliases(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        AMBIGUOUS_ALIASES_UNSPECIFIED: _ClassVar[GeneTableSpec.AmbiguousAliases]
        AMBIGUOUS_ALIASES_FAIL: _ClassVar[GeneTableSpec.AmbiguousAliases]
        AMBIGUOUS_ALIASES_KEEP: _ClassVar[GeneTableSpec.AmbiguousAliases]
    AMBIGUOUS_ALIASES_UNSPECIFIED: GeneTableSpec.AmbiguousAliases
    AMBIGUOUS_ALIASES_FAIL: GeneTableSpec.AmbiguousAliases
    AMBIGUOUS_ALIASES_KEEP: GeneTableSpec.AmbiguousAliases
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    LOCUS_COLUMN_FIELD_NUMBER: _ClassVar[int]
    ALIAS_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ALIAS_SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    ON_AMBIGUOUS_ALIASES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    OFF_WHEN_HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    format: _datasets_pb2.TableFormat
    locus_column: str
    alias_columns: _containers.RepeatedScalarFieldContainer[str]
    alias_separator: str
    on_ambiguous_aliases: GeneTableSpec.AmbiguousAliases
    features: GeneFeatures
    off_when_held_out: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, format: _Optional[_Union[_datasets_pb2.TableFormat, str]] = ..., locus_column: _Optional[str] = ..., alias_columns: _Optional[_Iterable[str]] = ..., alias_separator: _Optional[str] = ..., on_ambiguous_aliases: _Optional[_Union[GeneTableSpec.AmbiguousAliases, str]] = ..., features: _Optional[_Union[GeneFeatures, _Mapping]] = ..., off_when_held_out: _Optional[_Iterable[str]] = ...) -> None: ...

class GeneFeatures(_message.Message):
    __slots__ = ("wide", "long")
    WIDE_FIELD_NUMBER: _ClassVar[int]
    LONG_FIELD_NUMBER: _ClassVar[int]
    wide: WideFeatures
    long: LongFeatures
    def __init__(self, wide: _Optional[_Union[WideFeatures, _Mapping]] = ..., long: _Optional[_Union[LongFeatures, _Mapping]] = ...) -> None: ...

class WideFeatures(_message.Message):
    __slots__ = ("columns", "categories")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    columns: ColumnList
    categories: _containers.RepeatedCompositeFieldContainer[CategoryColumn]
    def __init__(self, columns: _Optional[_Union[ColumnList, _Mapping]] = ..., categories: _Optional[_Iterable[_Union[CategoryColumn, _Mapping]]] = ...) -> None: ...

class ColumnList(_message.Message):
    __slots__ = ("columns",)
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, columns: _Optional[_Iterable[str]] = ...) -> None: ...

class CategoryColumn(_message.Message):
    __slots__ = ("column", "separator", "min_locus_count", "missing")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    MIN_LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    column: str
    separator: str
    min_locus_count: int
    missing: CellList
    def __init__(self, column: _Optional[str] = ..., separator: _Optional[str] = ..., min_locus_count: _Optional[int] = ..., missing: _Optional[_Union[CellList, _Mapping]] = ...) -> None: ...

class CellList(_message.Message):
    __slots__ = ("cells",)
    CELLS_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cells: _Optional[_Iterable[str]] = ...) -> None: ...

class LongFeatures(_message.Message):
    __slots__ = ("feature_column", "evidence_column", "min_locus_count")
    FEATURE_COLUMN_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COLUMN_FIELD_NUMBER: _ClassVar[int]
    MIN_LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    feature_column: str
    evidence_column: str
    min_locus_count: int
    def __init__(self, feature_column: _Optional[str] = ..., evidence_column: _Optional[str] = ..., min_locus_count: _Optional[int] = ...) -> None: ...

class GeneTableProfile(_message.Message):
    __slots__ = ("row_count", "locus_count", "alias_count", "ambiguous_alias_count", "ambiguous_aliases", "shadowed_alias_count", "feature_count", "feature_names", "features", "left_out_columns", "rare_feature_count", "evidence_counts", "off_when_held_out")
    class AmbiguousAliasesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: LocusList
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[LocusList, _Mapping]] = ...) -> None: ...
    class EvidenceCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    ALIAS_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_ALIAS_COUNT_FIELD_NUMBER: _ClassVar[int]
    AMBIGUOUS_ALIASES_FIELD_NUMBER: _ClassVar[int]
    SHADOWED_ALIAS_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_NAMES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    RARE_FEATURE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    OFF_WHEN_HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    locus_count: int
    alias_count: int
    ambiguous_alias_count: int
    ambiguous_aliases: _containers.MessageMap[str, LocusList]
    shadowed_alias_count: int
    feature_count: int
    feature_names: _containers.RepeatedScalarFieldContainer[str]
    features: _containers.RepeatedCompositeFieldContainer[FeatureProfile]
    left_out_columns: _containers.RepeatedScalarFieldContainer[str]
    rare_feature_count: int
    evidence_counts: _containers.ScalarMap[str, int]
    off_when_held_out: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, row_count: _Optional[int] = ..., locus_count: _Optional[int] = ..., alias_count: _Optional[int] = ..., ambiguous_alias_count: _Optional[int] = ..., ambiguous_aliases: _Optional[_Mapping[str, LocusList]] = ..., shadowed_alias_count: _Optional[int] = ..., feature_count: _Optional[int] = ..., feature_names: _Optional[_Iterable[str]] = ..., features: _Optional[_Iterable[_Union[FeatureProfile, _Mapping]]] = ..., left_out_columns: _Optional[_Iterable[str]] = ..., rare_feature_count: _Optional[int] = ..., evidence_counts: _Optional[_Mapping[str, int]] = ..., off_when_held_out: _Optional[_Iterable[str]] = ...) -> None: ...

class LocusList(_message.Message):
    __slots__ = ("loci",)
    LOCI_FIELD_NUMBER: _ClassVar[int]
    loci: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, loci: _Optional[_Iterable[str]] = ...) -> None: ...

class FeatureProfile(_message.Message):
    __slots__ = ("name", "missing_share", "min", "mean", "max")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MISSING_SHARE_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    name: str
    missing_share: float
    min: float
    mean: float
    max: float
    def __init__(self, name: _Optional[str] = ..., missing_share: _Optional[float] = ..., min: _Optional[float] = ..., mean: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...

class Network(_message.Message):
    __slots__ = ("id", "gene_table_id", "name", "state", "create_time", "size_bytes", "source_sha256", "table_sha256", "spec", "profile", "error", "fraction", "estimated_seconds_left")
    ID_FIELD_NUMBER: _ClassVar[int]
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SHA256_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    id: str
    gene_table_id: str
    name: str
    state: _datasets_pb2.DatasetState
    create_time: _timestamp_pb2.Timestamp
    size_bytes: int
    source_sha256: str
    table_sha256: str
    spec: NetworkSpec
    profile: NetworkProfile
    error: _jobs_pb2.Problem
    fraction: float
    estimated_seconds_left: float
    def __init__(self, id: _Optional[str] = ..., gene_table_id: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[_datasets_pb2.DatasetState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ..., source_sha256: _Optional[str] = ..., table_sha256: _Optional[str] = ..., spec: _Optional[_Union[NetworkSpec, _Mapping]] = ..., profile: _Optional[_Union[NetworkProfile, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ...) -> None: ...

class NetworkSpec(_message.Message):
    __slots__ = ("format", "source_column", "target_column", "channel_columns", "score_unit", "name_prefix", "on_self_edges", "off_when_held_out")
    class SelfEdges(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SELF_EDGES_UNSPECIFIED: _ClassVar[NetworkSpec.SelfEdges]
        SELF_EDGES_FAIL: _ClassVar[NetworkSpec.SelfEdges]
        SELF_EDGES_SKIP: _ClassVar[NetworkSpec.SelfEdges]
    SELF_EDGES_UNSPECIFIED: NetworkSpec.SelfEdges
    SELF_EDGES_FAIL: NetworkSpec.SelfEdges
    SELF_EDGES_SKIP: NetworkSpec.SelfEdges
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_COLUMN_FIELD_NUMBER: _ClassVar[int]
    TARGET_COLUMN_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SCORE_UNIT_FIELD_NUMBER: _ClassVar[int]
    NAME_PREFIX_FIELD_NUMBER: _ClassVar[int]
    ON_SELF_EDGES_FIELD_NUMBER: _ClassVar[int]
    OFF_WHEN_HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    format: _datasets_pb2.TableFormat
    source_column: str
    target_column: str
    channel_columns: ColumnList
    score_unit: float
    name_prefix: str
    on_self_edges: NetworkSpec.SelfEdges
    off_when_held_out: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, format: _Optional[_Union[_datasets_pb2.TableFormat, str]] = ..., source_column: _Optional[str] = ..., target_column: _Optional[str] = ..., channel_columns: _Optional[_Union[ColumnList, _Mapping]] = ..., score_unit: _Optional[float] = ..., name_prefix: _Optional[str] = ..., on_self_edges: _Optional[_Union[NetworkSpec.SelfEdges, str]] = ..., off_when_held_out: _Optional[_Iterable[str]] = ...) -> None: ...

class NetworkProfile(_message.Message):
    __slots__ = ("row_count", "edge_count", "channels", "matched_name_count", "renamed_count", "unmatched_name_count", "unmatched_names", "unmatched_row_count", "duplicate_count", "self_edge_count", "isolated_locus_count", "off_when_held_out")
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    EDGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_NAME_COUNT_FIELD_NUMBER: _ClassVar[int]
    RENAMED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_NAME_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_NAMES_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SELF_EDGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ISOLATED_LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    OFF_WHEN_HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    edge_count: int
    channels: _containers.RepeatedCompositeFieldContainer[ChannelProfile]
    matched_name_count: int
    renamed_count: int
    unmatched_name_count: int
    unmatched_names: _containers.RepeatedScalarFieldContainer[str]
    unmatched_row_count: int
    duplicate_count: int
    self_edge_count: int
    isolated_locus_count: int
    off_when_held_out: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, row_count: _Optional[int] = ..., edge_count: _Optional[int] = ..., channels: _Optional[_Iterable[_Union[ChannelProfile, _Mapping]]] = ..., matched_name_count: _Optional[int] = ..., renamed_count: _Optional[int] = ..., unmatched_name_count: _Optional[int] = ..., unmatched_names: _Optional[_Iterable[str]] = ..., unmatched_row_count: _Optional[int] = ..., duplicate_count: _Optional[int] = ..., self_edge_count: _Optional[int] = ..., isolated_locus_count: _Optional[int] = ..., off_when_held_out: _Optional[_Iterable[str]] = ...) -> None: ...

class ChannelProfile(_message.Message):
    __slots__ = ("name", "edge_count", "min", "max")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EDGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    name: str
    edge_count: int
    min: float
    max: float
    def __init__(self, name: _Optional[str] = ..., edge_count: _Optional[int] = ..., min: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...

class GenesUse(_message.Message):
    __slots__ = ("gene_table_id", "use_features", "features", "evidence_off", "networks")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    USE_FEATURES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_OFF_FIELD_NUMBER: _ClassVar[int]
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    use_features: bool
    features: _containers.RepeatedScalarFieldContainer[str]
    evidence_off: _containers.RepeatedScalarFieldContainer[str]
    networks: _containers.RepeatedCompositeFieldContainer[NetworkUse]
    def __init__(self, gene_table_id: _Optional[str] = ..., use_features: _Optional[bool] = ..., features: _Optional[_Iterable[str]] = ..., evidence_off: _Optional[_Iterable[str]] = ..., networks: _Optional[_Iterable[_Union[NetworkUse, _Mapping]]] = ...) -> None: ...

class NetworkUse(_message.Message):
    __slots__ = ("name", "channels", "min_score")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    name: str
    channels: _containers.RepeatedScalarFieldContainer[str]
    min_score: float
    def __init__(self, name: _Optional[str] = ..., channels: _Optional[_Iterable[str]] = ..., min_score: _Optional[float] = ...) -> None: ...
