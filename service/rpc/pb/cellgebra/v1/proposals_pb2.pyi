from service.rpc.pb.cellgebra.v1 import panels_pb2 as _panels_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SearchStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEARCH_STRATEGY_UNSPECIFIED: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_AUTO: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_SCREEN: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_BATCHED: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_BEAM: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_BRANCH_AND_BOUND: _ClassVar[SearchStrategy]
    SEARCH_STRATEGY_EVOLUTIONARY: _ClassVar[SearchStrategy]
SEARCH_STRATEGY_UNSPECIFIED: SearchStrategy
SEARCH_STRATEGY_AUTO: SearchStrategy
SEARCH_STRATEGY_SCREEN: SearchStrategy
SEARCH_STRATEGY_BATCHED: SearchStrategy
SEARCH_STRATEGY_BEAM: SearchStrategy
SEARCH_STRATEGY_BRANCH_AND_BOUND: SearchStrategy
SEARCH_STRATEGY_EVOLUTIONARY: SearchStrategy

class SearchReport(_message.Message):
    __slots__ = ("strategy", "kernel", "edit_count", "orders", "seconds", "designs_per_second", "worker_count", "shard_count", "proposal_count", "beam_recall", "proof", "shrinkage", "panel", "notes")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    EDIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    WORKER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARD_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    BEAM_RECALL_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    SHRINKAGE_FIELD_NUMBER: _ClassVar[int]
    PANEL_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    strategy: SearchStrategy
    kernel: str
    edit_count: int
    orders: _containers.RepeatedCompositeFieldContainer[OrderCount]
    seconds: float
    designs_per_second: float
    worker_count: int
    shard_count: int
    proposal_count: int
    beam_recall: _containers.RepeatedCompositeFieldContainer[BeamRecall]
    proof: SearchProof
    shrinkage: _containers.RepeatedCompositeFieldContainer[Shrinkage]
    panel: _panels_pb2.Panel
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, strategy: _Optional[_Union[SearchStrategy, str]] = ..., kernel: _Optional[str] = ..., edit_count: _Optional[int] = ..., orders: _Optional[_Iterable[_Union[OrderCount, _Mapping]]] = ..., seconds: _Optional[float] = ..., designs_per_second: _Optional[float] = ..., worker_count: _Optional[int] = ..., shard_count: _Optional[int] = ..., proposal_count: _Optional[int] = ..., beam_recall: _Optional[_Iterable[_Union[BeamRecall, _Mapping]]] = ..., proof: _Optional[_Union[SearchProof, _Mapping]] = ..., shrinkage: _Optional[_Iterable[_Union[Shrinkage, _Mapping]]] = ..., panel: _Optional[_Union[_panels_pb2.Panel, _Mapping]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class OrderCount(_message.Message):
    __slots__ = ("order", "possible_count", "evaluated_count", "excluded_count", "pruned_count", "infeasible_count")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSSIBLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EVALUATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PRUNED_COUNT_FIELD_NUMBER: _ClassVar[int]
    INFEASIBLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    order: int
    possible_count: int
    evaluated_count: int
    excluded_count: int
    pruned_count: int
    infeasible_count: int
    def __init__(self, order: _Optional[int] = ..., possible_count: _Optional[int] = ..., evaluated_count: _Optional[int] = ..., excluded_count: _Optional[int] = ..., pruned_count: _Optional[int] = ..., infeasible_count: _Optional[int] = ...) -> None: ...

class BeamRecall(_message.Message):
    __slots__ = ("order", "best_count", "found_count")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    BEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    FOUND_COUNT_FIELD_NUMBER: _ClassVar[int]
    order: int
    best_count: int
    found_count: int
    def __init__(self, order: _Optional[int] = ..., best_count: _Optional[int] = ..., found_count: _Optional[int] = ...) -> None: ...

class SearchProof(_message.Message):
    __slots__ = ("is_proven", "node_count", "bound_left", "gap")
    IS_PROVEN_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BOUND_LEFT_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    is_proven: bool
    node_count: int
    bound_left: float
    gap: float
    def __init__(self, is_proven: _Optional[bool] = ..., node_count: _Optional[int] = ..., bound_left: _Optional[float] = ..., gap: _Optional[float] = ...) -> None: ...

class Shrinkage(_message.Message):
    __slots__ = ("label", "center", "chosen_center", "slope", "design_count")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CENTER_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_CENTER_FIELD_NUMBER: _ClassVar[int]
    SLOPE_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    label: str
    center: float
    chosen_center: float
    slope: float
    design_count: int
    def __init__(self, label: _Optional[str] = ..., center: _Optional[float] = ..., chosen_center: _Optional[float] = ..., slope: _Optional[float] = ..., design_count: _Optional[int] = ...) -> None: ...

class Proposal(_message.Message):
    __slots__ = ("rank", "check_rank", "genotype", "order", "value", "check_value", "check_is_feasible", "is_pareto", "design_support", "edit_support", "pair_support", "is_new_combination", "labels")
    RANK_FIELD_NUMBER: _ClassVar[int]
    CHECK_RANK_FIELD_NUMBER: _ClassVar[int]
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CHECK_VALUE_FIELD_NUMBER: _ClassVar[int]
    CHECK_IS_FEASIBLE_FIELD_NUMBER: _ClassVar[int]
    IS_PARETO_FIELD_NUMBER: _ClassVar[int]
    DESIGN_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    EDIT_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    PAIR_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    IS_NEW_COMBINATION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    rank: int
    check_rank: int
    genotype: str
    order: int
    value: float
    check_value: float
    check_is_feasible: bool
    is_pareto: bool
    design_support: int
    edit_support: int
    pair_support: int
    is_new_combination: bool
    labels: _containers.RepeatedCompositeFieldContainer[ProposalLabel]
    def __init__(self, rank: _Optional[int] = ..., check_rank: _Optional[int] = ..., genotype: _Optional[str] = ..., order: _Optional[int] = ..., value: _Optional[float] = ..., check_value: _Optional[float] = ..., check_is_feasible: _Optional[bool] = ..., is_pareto: _Optional[bool] = ..., design_support: _Optional[int] = ..., edit_support: _Optional[int] = ..., pair_support: _Optional[int] = ..., is_new_combination: _Optional[bool] = ..., labels: _Optional[_Iterable[_Union[ProposalLabel, _Mapping]]] = ...) -> None: ...

class ProposalLabel(_message.Message):
    __slots__ = ("name", "unit", "compose_mean", "compose_sd", "intact_mean", "intact_sd", "expected_neutral", "interaction", "sign_disagrees", "shrunk_mean")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    COMPOSE_MEAN_FIELD_NUMBER: _ClassVar[int]
    COMPOSE_SD_FIELD_NUMBER: _ClassVar[int]
    INTACT_MEAN_FIELD_NUMBER: _ClassVar[int]
    INTACT_SD_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    SIGN_DISAGREES_FIELD_NUMBER: _ClassVar[int]
    SHRUNK_MEAN_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    compose_mean: float
    compose_sd: float
    intact_mean: float
    intact_sd: float
    expected_neutral: float
    interaction: float
    sign_disagrees: bool
    shrunk_mean: float
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., compose_mean: _Optional[float] = ..., compose_sd: _Optional[float] = ..., intact_mean: _Optional[float] = ..., intact_sd: _Optional[float] = ..., expected_neutral: _Optional[float] = ..., interaction: _Optional[float] = ..., sign_disagrees: _Optional[bool] = ..., shrunk_mean: _Optional[float] = ...) -> None: ...
