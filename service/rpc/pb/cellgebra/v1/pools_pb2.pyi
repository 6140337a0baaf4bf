from service.rpc.pb.cellgebra.v1 import designs_pb2 as _designs_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Pool(_message.Message):
    __slots__ = ("edits", "loci", "genes", "allowed", "must_include", "must_avoid", "forbidden_pairs", "min_support")
    EDITS_FIELD_NUMBER: _ClassVar[int]
    LOCI_FIELD_NUMBER: _ClassVar[int]
    GENES_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    MUST_INCLUDE_FIELD_NUMBER: _ClassVar[int]
    MUST_AVOID_FIELD_NUMBER: _ClassVar[int]
    FORBIDDEN_PAIRS_FIELD_NUMBER: _ClassVar[int]
    MIN_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    edits: _containers.RepeatedScalarFieldContainer[str]
    loci: _containers.RepeatedScalarFieldContainer[str]
    genes: GeneFilter
    allowed: _containers.RepeatedCompositeFieldContainer[AllowedEdits]
    must_include: _containers.RepeatedScalarFieldContainer[str]
    must_avoid: _containers.RepeatedScalarFieldContainer[str]
    forbidden_pairs: _containers.RepeatedCompositeFieldContainer[NameList]
    min_support: int
    def __init__(self, edits: _Optional[_Iterable[str]] = ..., loci: _Optional[_Iterable[str]] = ..., genes: _Optional[_Union[GeneFilter, _Mapping]] = ..., allowed: _Optional[_Iterable[_Union[AllowedEdits, _Mapping]]] = ..., must_include: _Optional[_Iterable[str]] = ..., must_avoid: _Optional[_Iterable[str]] = ..., forbidden_pairs: _Optional[_Iterable[_Union[NameList, _Mapping]]] = ..., min_support: _Optional[int] = ...) -> None: ...

class NameList(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class AllowedEdits(_message.Message):
    __slots__ = ("locus", "kinds", "variants")
    LOCUS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    locus: str
    kinds: _containers.RepeatedScalarFieldContainer[_designs_pb2.EditKind]
    variants: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, locus: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[_designs_pb2.EditKind, str]]] = ..., variants: _Optional[_Iterable[str]] = ...) -> None: ...

class GeneFilter(_message.Message):
    __slots__ = ("gene_table_id", "where")
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    where: _containers.RepeatedCompositeFieldContainer[FeatureRange]
    def __init__(self, gene_table_id: _Optional[str] = ..., where: _Optional[_Iterable[_Union[FeatureRange, _Mapping]]] = ...) -> None: ...

class FeatureRange(_message.Message):
    __slots__ = ("feature", "at_least", "at_most")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    feature: str
    at_least: float
    at_most: float
    def __init__(self, feature: _Optional[str] = ..., at_least: _Optional[float] = ..., at_most: _Optional[float] = ...) -> None: ...
