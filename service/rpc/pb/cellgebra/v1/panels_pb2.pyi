from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PanelKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PANEL_KIND_UNSPECIFIED: _ClassVar[PanelKind]
    PANEL_KIND_LOCI: _ClassVar[PanelKind]
    PANEL_KIND_PARENTS: _ClassVar[PanelKind]

class PanelStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PANEL_STRATEGY_UNSPECIFIED: _ClassVar[PanelStrategy]
    PANEL_STRATEGY_GREEDY: _ClassVar[PanelStrategy]
    PANEL_STRATEGY_INTEGER_PROGRAMMING: _ClassVar[PanelStrategy]
PANEL_KIND_UNSPECIFIED: PanelKind
PANEL_KIND_LOCI: PanelKind
PANEL_KIND_PARENTS: PanelKind
PANEL_STRATEGY_UNSPECIFIED: PanelStrategy
PANEL_STRATEGY_GREEDY: PanelStrategy
PANEL_STRATEGY_INTEGER_PROGRAMMING: PanelStrategy

class PanelSpec(_message.Message):
    __slots__ = ("kind", "size", "budget", "default_cost", "costs", "owned", "strategy", "time_limit_seconds")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COST_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    OWNED_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    kind: PanelKind
    size: int
    budget: float
    default_cost: float
    costs: _containers.RepeatedCompositeFieldContainer[PanelCost]
    owned: _containers.RepeatedScalarFieldContainer[str]
    strategy: PanelStrategy
    time_limit_seconds: float
    def __init__(self, kind: _Optional[_Union[PanelKind, str]] = ..., size: _Optional[int] = ..., budget: _Optional[float] = ..., default_cost: _Optional[float] = ..., costs: _Optional[_Iterable[_Union[PanelCost, _Mapping]]] = ..., owned: _Optional[_Iterable[str]] = ..., strategy: _Optional[_Union[PanelStrategy, str]] = ..., time_limit_seconds: _Optional[float] = ...) -> None: ...

class PanelCost(_message.Message):
    __slots__ = ("locus", "cost")
    LOCUS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    locus: str
    cost: float
    def __init__(self, locus: _Optional[str] = ..., cost: _Optional[float] = ...) -> None: ...

class Panel(_message.Message):
    __slots__ = ("kind", "members", "cost", "design_count", "worth_share", "cost_saved", "proof")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WORTH_SHARE_FIELD_NUMBER: _ClassVar[int]
    COST_SAVED_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    kind: PanelKind
    members: _containers.RepeatedCompositeFieldContainer[PanelMember]
    cost: float
    design_count: int
    worth_share: float
    cost_saved: float
    proof: PanelProof
    def __init__(self, kind: _Optional[_Union[PanelKind, str]] = ..., members: _Optional[_Iterable[_Union[PanelMember, _Mapping]]] = ..., cost: _Optional[float] = ..., design_count: _Optional[int] = ..., worth_share: _Optional[float] = ..., cost_saved: _Optional[float] = ..., proof: _Optional[_Union[PanelProof, _Mapping]] = ...) -> None: ...

class PanelMember(_message.Message):
    __slots__ = ("name", "cost", "is_owned", "design_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    IS_OWNED_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    cost: float
    is_owned: bool
    design_count: int
    def __init__(self, name: _Optional[str] = ..., cost: _Optional[float] = ..., is_owned: _Optional[bool] = ..., design_count: _Optional[int] = ...) -> None: ...

class PanelProof(_message.Message):
    __slots__ = ("is_proven", "greedy", "bound", "gap")
    IS_PROVEN_FIELD_NUMBER: _ClassVar[int]
    GREEDY_FIELD_NUMBER: _ClassVar[int]
    BOUND_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    is_proven: bool
    greedy: float
    bound: float
    gap: float
    def __init__(self, is_proven: _Optional[bool] = ..., greedy: _Optional[float] = ..., bound: _Optional[float] = ..., gap: _Optional[float] = ...) -> None: ...
