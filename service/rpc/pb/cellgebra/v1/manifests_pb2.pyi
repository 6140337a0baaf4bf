from service.rpc.pb.cellgebra.v1 import datasets_pb2 as _datasets_pb2
from service.rpc.pb.cellgebra.v1 import genes_pb2 as _genes_pb2
from service.rpc.pb.cellgebra.v1 import inference_pb2 as _inference_pb2
from service.rpc.pb.cellgebra.v1 import models_pb2 as _models_pb2
from service.rpc.pb.cellgebra.v1 import training_pb2 as _training_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NeutralModel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEUTRAL_MODEL_UNSPECIFIED: _ClassVar[NeutralModel]
    NEUTRAL_MODEL_MULTIPLICATIVE: _ClassVar[NeutralModel]
    NEUTRAL_MODEL_ADDITIVE: _ClassVar[NeutralModel]
    NEUTRAL_MODEL_MIN: _ClassVar[NeutralModel]
    NEUTRAL_MODEL_ZERO: _ClassVar[NeutralModel]
NEUTRAL_MODEL_UNSPECIFIED: NeutralModel
NEUTRAL_MODEL_MULTIPLICATIVE: NeutralModel
NEUTRAL_MODEL_ADDITIVE: NeutralModel
NEUTRAL_MODEL_MIN: NeutralModel
NEUTRAL_MODEL_ZERO: NeutralModel

class ModelManifest(_message.Message):
    __slots__ = ("format_version", "name", "model_kind", "member_count", "training_spec", "selected_model", "selection", "dataset_id", "dataset_sha256", "table_sha256", "loci", "edits", "vocabulary_sha256", "weights_sha256", "labels", "backgrounds", "conditions", "genes", "report", "versions")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_KIND_FIELD_NUMBER: _ClassVar[int]
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRAINING_SPEC_FIELD_NUMBER: _ClassVar[int]
    SELECTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATASET_SHA256_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    LOCI_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    BACKGROUNDS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    GENES_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    name: str
    model_kind: str
    member_count: int
    training_spec: _struct_pb2.Struct
    selected_model: _struct_pb2.Struct
    selection: Selection
    dataset_id: str
    dataset_sha256: str
    table_sha256: str
    loci: _containers.RepeatedScalarFieldContainer[str]
    edits: _containers.RepeatedScalarFieldContainer[str]
    vocabulary_sha256: str
    weights_sha256: str
    labels: _containers.RepeatedCompositeFieldContainer[ManifestLabel]
    backgrounds: _containers.RepeatedScalarFieldContainer[str]
    conditions: _containers.RepeatedCompositeFieldContainer[_inference_pb2.Condition]
    genes: GenesUsed
    report: _struct_pb2.Struct
    versions: _containers.ScalarMap[str, str]
    def __init__(self, format_version: _Optional[int] = ..., name: _Optional[str] = ..., model_kind: _Optional[str] = ..., member_count: _Optional[int] = ..., training_spec: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., selected_model: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., selection: _Optional[_Union[Selection, _Mapping]] = ..., dataset_id: _Optional[str] = ..., dataset_sha256: _Optional[str] = ..., table_sha256: _Optional[str] = ..., loci: _Optional[_Iterable[str]] = ..., edits: _Optional[_Iterable[str]] = ..., vocabulary_sha256: _Optional[str] = ..., weights_sha256: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[ManifestLabel, _Mapping]]] = ..., backgrounds: _Optional[_Iterable[str]] = ..., conditions: _Optional[_Iterable[_Union[_inference_pb2.Condition, _Mapping]]] = ..., genes: _Optional[_Union[GenesUsed, _Mapping]] = ..., report: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., versions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ManifestLabel(_message.Message):
    __slots__ = ("name", "kind", "measure", "scale", "unit", "transform", "center", "spread", "detection_limit", "neutral_model", "train_count", "censored_count", "interval")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    CENTER_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    DETECTION_LIMIT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    TRAIN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CENSORED_COUNT_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: _datasets_pb2.LabelKind
    measure: str
    scale: _datasets_pb2.LabelScale
    unit: str
    transform: _training_pb2.Transform
    center: float
    spread: float
    detection_limit: float
    neutral_model: NeutralModel
    train_count: int
    censored_count: int
    interval: IntervalCalibration
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[_datasets_pb2.LabelKind, str]] = ..., measure: _Optional[str] = ..., scale: _Optional[_Union[_datasets_pb2.LabelScale, str]] = ..., unit: _Optional[str] = ..., transform: _Optional[_Union[_training_pb2.Transform, str]] = ..., center: _Optional[float] = ..., spread: _Optional[float] = ..., detection_limit: _Optional[float] = ..., neutral_model: _Optional[_Union[NeutralModel, str]] = ..., train_count: _Optional[int] = ..., censored_count: _Optional[int] = ..., interval: _Optional[_Union[IntervalCalibration, _Mapping]] = ...) -> None: ...

class IntervalCalibration(_message.Message):
    __slots__ = ("method", "calibrated_on", "design_count", "widened_by")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_ON_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WIDENED_BY_FIELD_NUMBER: _ClassVar[int]
    method: str
    calibrated_on: str
    design_count: int
    widened_by: float
    def __init__(self, method: _Optional[str] = ..., calibrated_on: _Optional[str] = ..., design_count: _Optional[int] = ..., widened_by: _Optional[float] = ...) -> None: ...

class Selection(_message.Message):
    __slots__ = ("criterion", "folds", "fold_count", "design_count", "group_count", "candidates", "chosen", "reason")
    CRITERION_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_COUNT_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    GROUP_COUNT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    criterion: str
    folds: str
    fold_count: int
    design_count: int
    group_count: int
    candidates: _containers.RepeatedCompositeFieldContainer[CandidateScore]
    chosen: _models_pb2.AutoSpec.Candidate
    reason: str
    def __init__(self, criterion: _Optional[str] = ..., folds: _Optional[str] = ..., fold_count: _Optional[int] = ..., design_count: _Optional[int] = ..., group_count: _Optional[int] = ..., candidates: _Optional[_Iterable[_Union[CandidateScore, _Mapping]]] = ..., chosen: _Optional[_Union[_models_pb2.AutoSpec.Candidate, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class CandidateScore(_message.Message):
    __slots__ = ("kind", "score", "behind_best", "standard_error", "estimated_seconds", "seconds", "is_best", "is_chosen", "left_out")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    BEHIND_BEST_FIELD_NUMBER: _ClassVar[int]
    STANDARD_ERROR_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    IS_BEST_FIELD_NUMBER: _ClassVar[int]
    IS_CHOSEN_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    kind: _models_pb2.AutoSpec.Candidate
    score: float
    behind_best: float
    standard_error: float
    estimated_seconds: float
    seconds: float
    is_best: bool
    is_chosen: bool
    left_out: str
    def __init__(self, kind: _Optional[_Union[_models_pb2.AutoSpec.Candidate, str]] = ..., score: _Optional[float] = ..., behind_best: _Optional[float] = ..., standard_error: _Optional[float] = ..., estimated_seconds: _Optional[float] = ..., seconds: _Optional[float] = ..., is_best: _Optional[bool] = ..., is_chosen: _Optional[bool] = ..., left_out: _Optional[str] = ...) -> None: ...

class GenesUsed(_message.Message):
    __slots__ = ("gene_table_id", "table_sha256", "are_genes_held_out", "features", "features_off", "evidence_off", "networks", "matched_locus_count", "renamed_loci", "unmatched_loci", "names", "notes")
    class RenamedLociEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class NamesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _genes_pb2.LocusList
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_genes_pb2.LocusList, _Mapping]] = ...) -> None: ...
    GENE_TABLE_ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    ARE_GENES_HELD_OUT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    FEATURES_OFF_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_OFF_FIELD_NUMBER: _ClassVar[int]
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_LOCUS_COUNT_FIELD_NUMBER: _ClassVar[int]
    RENAMED_LOCI_FIELD_NUMBER: _ClassVar[int]
    UNMATCHED_LOCI_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    gene_table_id: str
    table_sha256: str
    are_genes_held_out: bool
    features: _containers.RepeatedScalarFieldContainer[str]
    features_off: _containers.RepeatedScalarFieldContainer[str]
    evidence_off: _containers.RepeatedScalarFieldContainer[str]
    networks: _containers.RepeatedCompositeFieldContainer[NetworkUsed]
    matched_locus_count: int
    renamed_loci: _containers.ScalarMap[str, str]
    unmatched_loci: _containers.RepeatedScalarFieldContainer[str]
    names: _containers.MessageMap[str, _genes_pb2.LocusList]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gene_table_id: _Optional[str] = ..., table_sha256: _Optional[str] = ..., are_genes_held_out: _Optional[bool] = ..., features: _Optional[_Iterable[str]] = ..., features_off: _Optional[_Iterable[str]] = ..., evidence_off: _Optional[_Iterable[str]] = ..., networks: _Optional[_Iterable[_Union[NetworkUsed, _Mapping]]] = ..., matched_locus_count: _Optional[int] = ..., renamed_loci: _Optional[_Mapping[str, str]] = ..., unmatched_loci: _Optional[_Iterable[str]] = ..., names: _Optional[_Mapping[str, _genes_pb2.LocusList]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class NetworkUsed(_message.Message):
    __slots__ = ("name", "network_id", "network_sha256", "channels", "channels_off", "min_score", "edge_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    NETWORK_SHA256_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_OFF_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    EDGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    network_id: str
    network_sha256: str
    channels: _containers.RepeatedScalarFieldContainer[str]
    channels_off: _containers.RepeatedScalarFieldContainer[str]
    min_score: float
    edge_count: int
    def __init__(self, name: _Optional[str] = ..., network_id: _Optional[str] = ..., network_sha256: _Optional[str] = ..., channels: _Optional[_Iterable[str]] = ..., channels_off: _Optional[_Iterable[str]] = ..., min_score: _Optional[float] = ..., edge_count: _Optional[int] = ...) -> None: ...
