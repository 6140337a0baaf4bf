from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EditKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EDIT_KIND_UNSPECIFIED: _ClassVar[EditKind]
    EDIT_KIND_DELETION: _ClassVar[EditKind]
    EDIT_KIND_KNOCKDOWN: _ClassVar[EditKind]
    EDIT_KIND_OVEREXPRESSION: _ClassVar[EditKind]
    EDIT_KIND_PART: _ClassVar[EditKind]
    EDIT_KIND_ALLELE: _ClassVar[EditKind]
    EDIT_KIND_INSERTION: _ClassVar[EditKind]
    EDIT_KIND_COPY_NUMBER: _ClassVar[EditKind]
EDIT_KIND_UNSPECIFIED: EditKind
EDIT_KIND_DELETION: EditKind
EDIT_KIND_KNOCKDOWN: EditKind
EDIT_KIND_OVEREXPRESSION: EditKind
EDIT_KIND_PART: EditKind
EDIT_KIND_ALLELE: EditKind
EDIT_KIND_INSERTION: EditKind
EDIT_KIND_COPY_NUMBER: EditKind

class DesignColumns(_message.Message):
    __slots__ = ("genotype", "edits", "genes")
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    GENES_FIELD_NUMBER: _ClassVar[int]
    genotype: GenotypeColumn
    edits: EditColumns
    genes: GeneColumns
    def __init__(self, genotype: _Optional[_Union[GenotypeColumn, _Mapping]] = ..., edits: _Optional[_Union[EditColumns, _Mapping]] = ..., genes: _Optional[_Union[GeneColumns, _Mapping]] = ...) -> None: ...

class GenotypeColumn(_message.Message):
    __slots__ = ("column", "separator", "kind")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    column: str
    separator: str
    kind: EditKind
    def __init__(self, column: _Optional[str] = ..., separator: _Optional[str] = ..., kind: _Optional[_Union[EditKind, str]] = ...) -> None: ...

class EditColumns(_message.Message):
    __slots__ = ("columns",)
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedCompositeFieldContainer[EditColumn]
    def __init__(self, columns: _Optional[_Iterable[_Union[EditColumn, _Mapping]]] = ...) -> None: ...

class EditColumn(_message.Message):
    __slots__ = ("locus_column", "kind", "kind_column", "kinds", "variant_column", "level_column", "ignore")
    class KindsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: KindValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[KindValue, _Mapping]] = ...) -> None: ...
    LOCUS_COLUMN_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    KIND_COLUMN_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_COLUMN_FIELD_NUMBER: _ClassVar[int]
    LEVEL_COLUMN_FIELD_NUMBER: _ClassVar[int]
    IGNORE_FIELD_NUMBER: _ClassVar[int]
    locus_column: str
    kind: EditKind
    kind_column: str
    kinds: _containers.MessageMap[str, KindValue]
    variant_column: str
    level_column: str
    ignore: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, locus_column: _Optional[str] = ..., kind: _Optional[_Union[EditKind, str]] = ..., kind_column: _Optional[str] = ..., kinds: _Optional[_Mapping[str, KindValue]] = ..., variant_column: _Optional[str] = ..., level_column: _Optional[str] = ..., ignore: _Optional[_Iterable[str]] = ...) -> None: ...

class KindValue(_message.Message):
    __slots__ = ("kind", "variant")
    KIND_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    kind: EditKind
    variant: str
    def __init__(self, kind: _Optional[_Union[EditKind, str]] = ..., variant: _Optional[str] = ...) -> None: ...

class GeneColumns(_message.Message):
    __slots__ = ("columns", "prefix", "kind", "coding", "reference_level")
    class Coding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CODING_UNSPECIFIED: _ClassVar[GeneColumns.Coding]
        CODING_PRESENCE: _ClassVar[GeneColumns.Coding]
        CODING_LEVEL: _ClassVar[GeneColumns.Coding]
    CODING_UNSPECIFIED: GeneColumns.Coding
    CODING_PRESENCE: GeneColumns.Coding
    CODING_LEVEL: GeneColumns.Coding
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CODING_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    prefix: str
    kind: EditKind
    coding: GeneColumns.Coding
    reference_level: float
    def __init__(self, columns: _Optional[_Iterable[str]] = ..., prefix: _Optional[str] = ..., kind: _Optional[_Union[EditKind, str]] = ..., coding: _Optional[_Union[GeneColumns.Coding, str]] = ..., reference_level: _Optional[float] = ...) -> None: ...
