from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelSpec(_message.Message):
    __slots__ = ("additive", "perturbation_set")
    ADDITIVE_FIELD_NUMBER: _ClassVar[int]
    PERTURBATION_SET_FIELD_NUMBER: _ClassVar[int]
    additive: AdditiveSpec
    perturbation_set: PerturbationSetSpec
    def __init__(self, additive: _Optional[_Union[AdditiveSpec, _Mapping]] = ..., perturbation_set: _Optional[_Union[PerturbationSetSpec, _Mapping]] = ...) -> None: ...

class AdditiveSpec(_message.Message):
    __slots__ = ("penalty",)
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    penalty: float
    def __init__(self, penalty: _Optional[float] = ...) -> None: ...

class PerturbationSetSpec(_message.Message):
    __slots__ = ("latent_dim", "attention_heads", "attention_layers", "head", "hidden_dim", "hidden_layers", "dropout")
    class Head(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HEAD_UNSPECIFIED: _ClassVar[PerturbationSetSpec.Head]
        HEAD_LINEAR: _ClassVar[PerturbationSetSpec.Head]
        HEAD_QUADRATIC: _ClassVar[PerturbationSetSpec.Head]
        HEAD_MLP: _ClassVar[PerturbationSetSpec.Head]
    HEAD_UNSPECIFIED: PerturbationSetSpec.Head
    HEAD_LINEAR: PerturbationSetSpec.Head
    HEAD_QUADRATIC: PerturbationSetSpec.Head
    HEAD_MLP: PerturbationSetSpec.Head
    LATENT_DIM_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_HEADS_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_LAYERS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_DIM_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_LAYERS_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    latent_dim: int
    attention_heads: int
    attention_layers: int
    head: PerturbationSetSpec.Head
    hidden_dim: int
    hidden_layers: int
    dropout: float
    def __init__(self, latent_dim: _Optional[int] = ..., attention_heads: _Optional[int] = ..., attention_layers: _Optional[int] = ..., head: _Optional[_Union[PerturbationSetSpec.Head, str]] = ..., hidden_dim: _Optional[int] = ..., hidden_layers: _Optional[int] = ..., dropout: _Optional[float] = ...) -> None: ...
