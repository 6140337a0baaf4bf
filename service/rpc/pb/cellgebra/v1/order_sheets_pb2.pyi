from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Acquisition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACQUISITION_UNSPECIFIED: _ClassVar[Acquisition]
    ACQUISITION_EXPECTED_IMPROVEMENT: _ClassVar[Acquisition]
    ACQUISITION_UPPER_CONFIDENCE_BOUND: _ClassVar[Acquisition]
    ACQUISITION_THOMPSON: _ClassVar[Acquisition]
ACQUISITION_UNSPECIFIED: Acquisition
ACQUISITION_EXPECTED_IMPROVEMENT: Acquisition
ACQUISITION_UPPER_CONFIDENCE_BOUND: Acquisition
ACQUISITION_THOMPSON: Acquisition

class OrderSheetSpec(_message.Message):
    __slots__ = ("row_count", "explore_share", "acquisition", "optimism", "diversity", "controls", "measured", "rebuild_count", "stock", "costs", "default_cost", "cost_weight", "seed")
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPLORE_SHARE_FIELD_NUMBER: _ClassVar[int]
    ACQUISITION_FIELD_NUMBER: _ClassVar[int]
    OPTIMISM_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    REBUILD_COUNT_FIELD_NUMBER: _ClassVar[int]
    STOCK_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COST_FIELD_NUMBER: _ClassVar[int]
    COST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    explore_share: float
    acquisition: Acquisition
    optimism: float
    diversity: float
    controls: GenotypeList
    measured: _containers.RepeatedCompositeFieldContainer[MeasuredStrain]
    rebuild_count: int
    stock: _containers.RepeatedScalarFieldContainer[str]
    costs: _containers.RepeatedCompositeFieldContainer[EditCost]
    default_cost: float
    cost_weight: float
    seed: int
    def __init__(self, row_count: _Optional[int] = ..., explore_share: _Optional[float] = ..., acquisition: _Optional[_Union[Acquisition, str]] = ..., optimism: _Optional[float] = ..., diversity: _Optional[float] = ..., controls: _Optional[_Union[GenotypeList, _Mapping]] = ..., measured: _Optional[_Iterable[_Union[MeasuredStrain, _Mapping]]] = ..., rebuild_count: _Optional[int] = ..., stock: _Optional[_Iterable[str]] = ..., costs: _Optional[_Iterable[_Union[EditCost, _Mapping]]] = ..., default_cost: _Optional[float] = ..., cost_weight: _Optional[float] = ..., seed: _Optional[int] = ...) -> None: ...

class GenotypeList(_message.Message):
    __slots__ = ("genotypes",)
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, genotypes: _Optional[_Iterable[str]] = ...) -> None: ...

class MeasuredStrain(_message.Message):
    __slots__ = ("genotype", "utility")
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    UTILITY_FIELD_NUMBER: _ClassVar[int]
    genotype: str
    utility: float
    def __init__(self, genotype: _Optional[str] = ..., utility: _Optional[float] = ...) -> None: ...

class EditCost(_message.Message):
    __slots__ = ("name", "cost")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    name: str
    cost: float
    def __init__(self, name: _Optional[str] = ..., cost: _Optional[float] = ...) -> None: ...
