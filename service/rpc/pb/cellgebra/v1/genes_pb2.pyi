from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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
