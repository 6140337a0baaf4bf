import datetime

from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from service.rpc.pb.cellgebra.v1 import order_sheets_pb2 as _order_sheets_pb2
from service.rpc.pb.cellgebra.v1 import panels_pb2 as _panels_pb2
from service.rpc.pb.cellgebra.v1 import pools_pb2 as _pools_pb2
from service.rpc.pb.cellgebra.v1 import proposals_pb2 as _proposals_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateSearchJobRequest(_message.Message):
    __slots__ = ("spec", "request_id")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    spec: SearchSpec
    request_id: str
    def __init__(self, spec: _Optional[_Union[SearchSpec, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetSearchJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListSearchJobsRequest(_message.Message):
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

class ListSearchJobsResponse(_message.Message):
    __slots__ = ("search_jobs", "next_page_token")
    SEARCH_JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    search_jobs: _containers.RepeatedCompositeFieldContainer[SearchJob]
    next_page_token: str
    def __init__(self, search_jobs: _Optional[_Iterable[_Union[SearchJob, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelSearchJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ResumeSearchJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteSearchJobRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class WatchSearchJobRequest(_message.Message):
    __slots__ = ("id", "after_sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    after_sequence: int
    def __init__(self, id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class ListProposalsRequest(_message.Message):
    __slots__ = ("id", "order", "locus", "is_pareto", "is_new_combination", "order_by", "page_size", "page_token")
    class OrderBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ORDER_BY_UNSPECIFIED: _ClassVar[ListProposalsRequest.OrderBy]
        ORDER_BY_RANK: _ClassVar[ListProposalsRequest.OrderBy]
        ORDER_BY_CHECK_RANK: _ClassVar[ListProposalsRequest.OrderBy]
    ORDER_BY_UNSPECIFIED: ListProposalsRequest.OrderBy
    ORDER_BY_RANK: ListProposalsRequest.OrderBy
    ORDER_BY_CHECK_RANK: ListProposalsRequest.OrderBy
    ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    LOCUS_FIELD_NUMBER: _ClassVar[int]
    IS_PARETO_FIELD_NUMBER: _ClassVar[int]
    IS_NEW_COMBINATION_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    id: str
    order: int
    locus: str
    is_pareto: bool
    is_new_combination: bool
    order_by: ListProposalsRequest.OrderBy
    page_size: int
    page_token: str
    def __init__(self, id: _Optional[str] = ..., order: _Optional[int] = ..., locus: _Optional[str] = ..., is_pareto: _Optional[bool] = ..., is_new_combination: _Optional[bool] = ..., order_by: _Optional[_Union[ListProposalsRequest.OrderBy, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListProposalsResponse(_message.Message):
    __slots__ = ("proposals", "next_page_token")
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    proposals: _containers.RepeatedCompositeFieldContainer[_proposals_pb2.Proposal]
    next_page_token: str
    def __init__(self, proposals: _Optional[_Iterable[_Union[_proposals_pb2.Proposal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DownloadSearchFileRequest(_message.Message):
    __slots__ = ("id", "file")
    class File(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FILE_UNSPECIFIED: _ClassVar[DownloadSearchFileRequest.File]
        FILE_PROPOSALS_TSV: _ClassVar[DownloadSearchFileRequest.File]
        FILE_PROPOSALS_PARQUET: _ClassVar[DownloadSearchFileRequest.File]
        FILE_ORDER_SHEET_TSV: _ClassVar[DownloadSearchFileRequest.File]
    FILE_UNSPECIFIED: DownloadSearchFileRequest.File
    FILE_PROPOSALS_TSV: DownloadSearchFileRequest.File
    FILE_PROPOSALS_PARQUET: DownloadSearchFileRequest.File
    FILE_ORDER_SHEET_TSV: DownloadSearchFileRequest.File
    ID_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    id: str
    file: DownloadSearchFileRequest.File
    def __init__(self, id: _Optional[str] = ..., file: _Optional[_Union[DownloadSearchFileRequest.File, str]] = ...) -> None: ...

class SearchJob(_message.Message):
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
    spec: SearchSpec
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    fraction: float
    estimated_seconds_left: float
    attempt_count: int
    queue_position: int
    expected_start_seconds: float
    report: _proposals_pb2.SearchReport
    error: _jobs_pb2.Problem
    queue_reason: str
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., spec: _Optional[_Union[SearchSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ..., attempt_count: _Optional[int] = ..., queue_position: _Optional[int] = ..., expected_start_seconds: _Optional[float] = ..., report: _Optional[_Union[_proposals_pb2.SearchReport, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., queue_reason: _Optional[str] = ...) -> None: ...

class SearchSpec(_message.Message):
    __slots__ = ("model_id", "name", "objectives", "feasibility", "rank_by", "caution", "background", "pool", "min_order", "max_order", "proposal_count", "per_order", "pareto", "diversity", "strategy", "beam_width", "branch_and_bound", "evolution", "panel", "order_sheet", "priority", "time_limit_seconds")
    class RankBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RANK_BY_UNSPECIFIED: _ClassVar[SearchSpec.RankBy]
        RANK_BY_LOWER_BOUND: _ClassVar[SearchSpec.RankBy]
        RANK_BY_MEAN: _ClassVar[SearchSpec.RankBy]
    RANK_BY_UNSPECIFIED: SearchSpec.RankBy
    RANK_BY_LOWER_BOUND: SearchSpec.RankBy
    RANK_BY_MEAN: SearchSpec.RankBy
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVES_FIELD_NUMBER: _ClassVar[int]
    FEASIBILITY_FIELD_NUMBER: _ClassVar[int]
    RANK_BY_FIELD_NUMBER: _ClassVar[int]
    CAUTION_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_FIELD_NUMBER: _ClassVar[int]
    MAX_ORDER_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    PER_ORDER_FIELD_NUMBER: _ClassVar[int]
    PARETO_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    BEAM_WIDTH_FIELD_NUMBER: _ClassVar[int]
    BRANCH_AND_BOUND_FIELD_NUMBER: _ClassVar[int]
    EVOLUTION_FIELD_NUMBER: _ClassVar[int]
    PANEL_FIELD_NUMBER: _ClassVar[int]
    ORDER_SHEET_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    name: str
    objectives: _containers.RepeatedCompositeFieldContainer[SearchObjective]
    feasibility: _containers.RepeatedCompositeFieldContainer[Feasibility]
    rank_by: SearchSpec.RankBy
    caution: float
    background: str
    pool: _pools_pb2.Pool
    min_order: int
    max_order: int
    proposal_count: int
    per_order: bool
    pareto: bool
    diversity: float
    strategy: _proposals_pb2.SearchStrategy
    beam_width: int
    branch_and_bound: BranchAndBoundSpec
    evolution: EvolutionSpec
    panel: _panels_pb2.PanelSpec
    order_sheet: _order_sheets_pb2.OrderSheetSpec
    priority: _jobs_pb2.JobPriority
    time_limit_seconds: float
    def __init__(self, model_id: _Optional[str] = ..., name: _Optional[str] = ..., objectives: _Optional[_Iterable[_Union[SearchObjective, _Mapping]]] = ..., feasibility: _Optional[_Iterable[_Union[Feasibility, _Mapping]]] = ..., rank_by: _Optional[_Union[SearchSpec.RankBy, str]] = ..., caution: _Optional[float] = ..., background: _Optional[str] = ..., pool: _Optional[_Union[_pools_pb2.Pool, _Mapping]] = ..., min_order: _Optional[int] = ..., max_order: _Optional[int] = ..., proposal_count: _Optional[int] = ..., per_order: _Optional[bool] = ..., pareto: _Optional[bool] = ..., diversity: _Optional[float] = ..., strategy: _Optional[_Union[_proposals_pb2.SearchStrategy, str]] = ..., beam_width: _Optional[int] = ..., branch_and_bound: _Optional[_Union[BranchAndBoundSpec, _Mapping]] = ..., evolution: _Optional[_Union[EvolutionSpec, _Mapping]] = ..., panel: _Optional[_Union[_panels_pb2.PanelSpec, _Mapping]] = ..., order_sheet: _Optional[_Union[_order_sheets_pb2.OrderSheetSpec, _Mapping]] = ..., priority: _Optional[_Union[_jobs_pb2.JobPriority, str]] = ..., time_limit_seconds: _Optional[float] = ...) -> None: ...

class SearchObjective(_message.Message):
    __slots__ = ("label", "direction", "weight")
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIRECTION_UNSPECIFIED: _ClassVar[SearchObjective.Direction]
        DIRECTION_MAXIMIZE: _ClassVar[SearchObjective.Direction]
        DIRECTION_MINIMIZE: _ClassVar[SearchObjective.Direction]
    DIRECTION_UNSPECIFIED: SearchObjective.Direction
    DIRECTION_MAXIMIZE: SearchObjective.Direction
    DIRECTION_MINIMIZE: SearchObjective.Direction
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    label: str
    direction: SearchObjective.Direction
    weight: float
    def __init__(self, label: _Optional[str] = ..., direction: _Optional[_Union[SearchObjective.Direction, str]] = ..., weight: _Optional[float] = ...) -> None: ...

class Feasibility(_message.Message):
    __slots__ = ("label", "at_least", "at_most", "probability")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    label: str
    at_least: float
    at_most: float
    probability: float
    def __init__(self, label: _Optional[str] = ..., at_least: _Optional[float] = ..., at_most: _Optional[float] = ..., probability: _Optional[float] = ...) -> None: ...

class BranchAndBoundSpec(_message.Message):
    __slots__ = ("nodes", "seconds")
    NODES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    nodes: int
    seconds: float
    def __init__(self, nodes: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class EvolutionSpec(_message.Message):
    __slots__ = ("designs", "population", "patience", "restarts", "seed")
    DESIGNS_FIELD_NUMBER: _ClassVar[int]
    POPULATION_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    designs: int
    population: int
    patience: int
    restarts: int
    seed: int
    def __init__(self, designs: _Optional[int] = ..., population: _Optional[int] = ..., patience: _Optional[int] = ..., restarts: _Optional[int] = ..., seed: _Optional[int] = ...) -> None: ...
