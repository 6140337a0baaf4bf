from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Weighting(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEIGHTING_UNSPECIFIED: _ClassVar[Weighting]
    WEIGHTING_FIXED: _ClassVar[Weighting]
    WEIGHTING_UNCERTAINTY: _ClassVar[Weighting]
    WEIGHTING_PCGRAD: _ClassVar[Weighting]

class StopGradient(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOP_GRADIENT_UNSPECIFIED: _ClassVar[StopGradient]
    STOP_GRADIENT_NONE: _ClassVar[StopGradient]
    STOP_GRADIENT_INTACT: _ClassVar[StopGradient]
    STOP_GRADIENT_SHIFT: _ClassVar[StopGradient]
WEIGHTING_UNSPECIFIED: Weighting
WEIGHTING_FIXED: Weighting
WEIGHTING_UNCERTAINTY: Weighting
WEIGHTING_PCGRAD: Weighting
STOP_GRADIENT_UNSPECIFIED: StopGradient
STOP_GRADIENT_NONE: StopGradient
STOP_GRADIENT_INTACT: StopGradient
STOP_GRADIENT_SHIFT: StopGradient

class LossSpec(_message.Message):
    __slots__ = ("terms", "weighting", "latent_split")
    TERMS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTING_FIELD_NUMBER: _ClassVar[int]
    LATENT_SPLIT_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[LossTerm]
    weighting: Weighting
    latent_split: float
    def __init__(self, terms: _Optional[_Iterable[_Union[LossTerm, _Mapping]]] = ..., weighting: _Optional[_Union[Weighting, str]] = ..., latent_split: _Optional[float] = ...) -> None: ...

class LossTerm(_message.Message):
    __slots__ = ("mse", "dist", "supcr", "composition")
    MSE_FIELD_NUMBER: _ClassVar[int]
    DIST_FIELD_NUMBER: _ClassVar[int]
    SUPCR_FIELD_NUMBER: _ClassVar[int]
    COMPOSITION_FIELD_NUMBER: _ClassVar[int]
    mse: MseTerm
    dist: DistTerm
    supcr: SupcrTerm
    composition: CompositionTerm
    def __init__(self, mse: _Optional[_Union[MseTerm, _Mapping]] = ..., dist: _Optional[_Union[DistTerm, _Mapping]] = ..., supcr: _Optional[_Union[SupcrTerm, _Mapping]] = ..., composition: _Optional[_Union[CompositionTerm, _Mapping]] = ...) -> None: ...

class MseTerm(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class DistTerm(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class SupcrTerm(_message.Message):
    __slots__ = ("weight", "temperature", "similarity")
    class Similarity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SIMILARITY_UNSPECIFIED: _ClassVar[SupcrTerm.Similarity]
        SIMILARITY_NEG_L2: _ClassVar[SupcrTerm.Similarity]
        SIMILARITY_COSINE: _ClassVar[SupcrTerm.Similarity]
    SIMILARITY_UNSPECIFIED: SupcrTerm.Similarity
    SIMILARITY_NEG_L2: SupcrTerm.Similarity
    SIMILARITY_COSINE: SupcrTerm.Similarity
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    weight: float
    temperature: float
    similarity: SupcrTerm.Similarity
    def __init__(self, weight: _Optional[float] = ..., temperature: _Optional[float] = ..., similarity: _Optional[_Union[SupcrTerm.Similarity, str]] = ...) -> None: ...

class CompositionTerm(_message.Message):
    __slots__ = ("weight", "stop_gradient", "normalized")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    STOP_GRADIENT_FIELD_NUMBER: _ClassVar[int]
    NORMALIZED_FIELD_NUMBER: _ClassVar[int]
    weight: float
    stop_gradient: StopGradient
    normalized: bool
    def __init__(self, weight: _Optional[float] = ..., stop_gradient: _Optional[_Union[StopGradient, str]] = ..., normalized: _Optional[bool] = ...) -> None: ...
