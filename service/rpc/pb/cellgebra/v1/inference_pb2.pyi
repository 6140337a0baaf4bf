from google.protobuf import any_pb2 as _any_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScoreField(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCORE_FIELD_UNSPECIFIED: _ClassVar[ScoreField]
    SCORE_FIELD_MEAN: _ClassVar[ScoreField]
    SCORE_FIELD_SD: _ClassVar[ScoreField]
    SCORE_FIELD_MIN: _ClassVar[ScoreField]
    SCORE_FIELD_MAX: _ClassVar[ScoreField]
    SCORE_FIELD_EXPECTED_NEUTRAL: _ClassVar[ScoreField]
    SCORE_FIELD_INTERACTION: _ClassVar[ScoreField]
    SCORE_FIELD_Y_COMPOSE: _ClassVar[ScoreField]
    SCORE_FIELD_Y_INTACT: _ClassVar[ScoreField]
    SCORE_FIELD_SUPPORT: _ClassVar[ScoreField]
    SCORE_FIELD_NEUTRAL_SOURCE: _ClassVar[ScoreField]
    SCORE_FIELD_INTERVAL: _ClassVar[ScoreField]
    SCORE_FIELD_SIGN_AGREEMENT: _ClassVar[ScoreField]
    SCORE_FIELD_INTERACTION_SD: _ClassVar[ScoreField]

class ScoreExtra(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCORE_EXTRA_UNSPECIFIED: _ClassVar[ScoreExtra]
    SCORE_EXTRA_NEAREST: _ClassVar[ScoreExtra]
    SCORE_EXTRA_Z: _ClassVar[ScoreExtra]
    SCORE_EXTRA_GRADIENT: _ClassVar[ScoreExtra]

class NeutralSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEUTRAL_SOURCE_UNSPECIFIED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_MEASURED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_FITTED: _ClassVar[NeutralSource]
    NEUTRAL_SOURCE_RULE: _ClassVar[NeutralSource]

class LatentOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LATENT_OPERATION_UNSPECIFIED: _ClassVar[LatentOperation]
    LATENT_OPERATION_COMPOSE: _ClassVar[LatentOperation]
    LATENT_OPERATION_SUBTRACT: _ClassVar[LatentOperation]
    LATENT_OPERATION_ANALOGY: _ClassVar[LatentOperation]
    LATENT_OPERATION_INTERPOLATE: _ClassVar[LatentOperation]

class LatentMetric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LATENT_METRIC_UNSPECIFIED: _ClassVar[LatentMetric]
    LATENT_METRIC_EUCLID: _ClassVar[LatentMetric]
    LATENT_METRIC_COSINE: _ClassVar[LatentMetric]

class NullDesigns(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NULL_DESIGNS_UNSPECIFIED: _ClassVar[NullDesigns]
    NULL_DESIGNS_MEASURED: _ClassVar[NullDesigns]
    NULL_DESIGNS_DRAWN: _ClassVar[NullDesigns]
SCORE_FIELD_UNSPECIFIED: ScoreField
SCORE_FIELD_MEAN: ScoreField
SCORE_FIELD_SD: ScoreField
SCORE_FIELD_MIN: ScoreField
SCORE_FIELD_MAX: ScoreField
SCORE_FIELD_EXPECTED_NEUTRAL: ScoreField
SCORE_FIELD_INTERACTION: ScoreField
SCORE_FIELD_Y_COMPOSE: ScoreField
SCORE_FIELD_Y_INTACT: ScoreField
SCORE_FIELD_SUPPORT: ScoreField
SCORE_FIELD_NEUTRAL_SOURCE: ScoreField
SCORE_FIELD_INTERVAL: ScoreField
SCORE_FIELD_SIGN_AGREEMENT: ScoreField
SCORE_FIELD_INTERACTION_SD: ScoreField
SCORE_EXTRA_UNSPECIFIED: ScoreExtra
SCORE_EXTRA_NEAREST: ScoreExtra
SCORE_EXTRA_Z: ScoreExtra
SCORE_EXTRA_GRADIENT: ScoreExtra
NEUTRAL_SOURCE_UNSPECIFIED: NeutralSource
NEUTRAL_SOURCE_MEASURED: NeutralSource
NEUTRAL_SOURCE_FITTED: NeutralSource
NEUTRAL_SOURCE_RULE: NeutralSource
LATENT_OPERATION_UNSPECIFIED: LatentOperation
LATENT_OPERATION_COMPOSE: LatentOperation
LATENT_OPERATION_SUBTRACT: LatentOperation
LATENT_OPERATION_ANALOGY: LatentOperation
LATENT_OPERATION_INTERPOLATE: LatentOperation
LATENT_METRIC_UNSPECIFIED: LatentMetric
LATENT_METRIC_EUCLID: LatentMetric
LATENT_METRIC_COSINE: LatentMetric
NULL_DESIGNS_UNSPECIFIED: NullDesigns
NULL_DESIGNS_MEASURED: NullDesigns
NULL_DESIGNS_DRAWN: NullDesigns

class ScoreRequest(_message.Message):
    __slots__ = ("model_id", "genotypes", "fields", "timeout_seconds", "interval_level", "include", "conditions")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_LEVEL_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    fields: _containers.RepeatedScalarFieldContainer[ScoreField]
    timeout_seconds: float
    interval_level: float
    include: _containers.RepeatedScalarFieldContainer[ScoreExtra]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, model_id: _Optional[str] = ..., genotypes: _Optional[_Iterable[str]] = ..., fields: _Optional[_Iterable[_Union[ScoreField, str]]] = ..., timeout_seconds: _Optional[float] = ..., interval_level: _Optional[float] = ..., include: _Optional[_Iterable[_Union[ScoreExtra, str]]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class ScoreStreamRequest(_message.Message):
    __slots__ = ("number", "request")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    number: int
    request: ScoreRequest
    def __init__(self, number: _Optional[int] = ..., request: _Optional[_Union[ScoreRequest, _Mapping]] = ...) -> None: ...

class ScoreStreamResponse(_message.Message):
    __slots__ = ("number", "answer", "error")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    number: int
    answer: ScoreResponse
    error: ErrorStatus
    def __init__(self, number: _Optional[int] = ..., answer: _Optional[_Union[ScoreResponse, _Mapping]] = ..., error: _Optional[_Union[ErrorStatus, _Mapping]] = ...) -> None: ...

class ErrorStatus(_message.Message):
    __slots__ = ("code", "message", "details")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    details: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., details: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("model_id", "vocabulary_sha256", "genotypes", "labels", "support", "resolved_names", "model_name", "model_version", "nearest", "z", "conditions")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_SHA256_FIELD_NUMBER: _ClassVar[int]
    GENOTYPES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SUPPORT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_NAMES_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEAREST_FIELD_NUMBER: _ClassVar[int]
    Z_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    vocabulary_sha256: str
    genotypes: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.RepeatedCompositeFieldContainer[LabelScores]
    support: Support
    resolved_names: _containers.RepeatedCompositeFieldContainer[ResolvedName]
    model_name: str
    model_version: int
    nearest: _containers.RepeatedCompositeFieldContainer[NearDesign]
    z: _containers.RepeatedCompositeFieldContainer[MemberState]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, model_id: _Optional[str] = ..., vocabulary_sha256: _Optional[str] = ..., genotypes: _Optional[_Iterable[str]] = ..., labels: _Optional[_Iterable[_Union[LabelScores, _Mapping]]] = ..., support: _Optional[_Union[Support, _Mapping]] = ..., resolved_names: _Optional[_Iterable[_Union[ResolvedName, _Mapping]]] = ..., model_name: _Optional[str] = ..., model_version: _Optional[int] = ..., nearest: _Optional[_Iterable[_Union[NearDesign, _Mapping]]] = ..., z: _Optional[_Iterable[_Union[MemberState, _Mapping]]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class ResolvedName(_message.Message):
    __slots__ = ("name", "locus")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCUS_FIELD_NUMBER: _ClassVar[int]
    name: str
    locus: str
    def __init__(self, name: _Optional[str] = ..., locus: _Optional[str] = ...) -> None: ...

class LabelScores(_message.Message):
    __slots__ = ("name", "unit", "neutral_model", "mean", "sd", "min", "max", "expected_neutral", "interaction", "y_compose", "y_intact", "neutral_source", "interval", "sign_agreement", "interaction_sd", "gradient")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    Y_COMPOSE_FIELD_NUMBER: _ClassVar[int]
    Y_INTACT_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_SOURCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SIGN_AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_SD_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    neutral_model: str
    mean: _containers.RepeatedScalarFieldContainer[float]
    sd: _containers.RepeatedScalarFieldContainer[float]
    min: _containers.RepeatedScalarFieldContainer[float]
    max: _containers.RepeatedScalarFieldContainer[float]
    expected_neutral: _containers.RepeatedScalarFieldContainer[float]
    interaction: _containers.RepeatedScalarFieldContainer[float]
    y_compose: _containers.RepeatedScalarFieldContainer[float]
    y_intact: _containers.RepeatedScalarFieldContainer[float]
    neutral_source: _containers.RepeatedScalarFieldContainer[NeutralSource]
    interval: ScoreInterval
    sign_agreement: _containers.RepeatedScalarFieldContainer[float]
    interaction_sd: _containers.RepeatedScalarFieldContainer[float]
    gradient: _containers.RepeatedCompositeFieldContainer[EditGradient]
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., neutral_model: _Optional[str] = ..., mean: _Optional[_Iterable[float]] = ..., sd: _Optional[_Iterable[float]] = ..., min: _Optional[_Iterable[float]] = ..., max: _Optional[_Iterable[float]] = ..., expected_neutral: _Optional[_Iterable[float]] = ..., interaction: _Optional[_Iterable[float]] = ..., y_compose: _Optional[_Iterable[float]] = ..., y_intact: _Optional[_Iterable[float]] = ..., neutral_source: _Optional[_Iterable[_Union[NeutralSource, str]]] = ..., interval: _Optional[_Union[ScoreInterval, _Mapping]] = ..., sign_agreement: _Optional[_Iterable[float]] = ..., interaction_sd: _Optional[_Iterable[float]] = ..., gradient: _Optional[_Iterable[_Union[EditGradient, _Mapping]]] = ...) -> None: ...

class EditGradient(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class ScoreInterval(_message.Message):
    __slots__ = ("level", "calibrated_on", "low", "high")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_ON_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    level: float
    calibrated_on: str
    low: _containers.RepeatedScalarFieldContainer[float]
    high: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, level: _Optional[float] = ..., calibrated_on: _Optional[str] = ..., low: _Optional[_Iterable[float]] = ..., high: _Optional[_Iterable[float]] = ...) -> None: ...

class Support(_message.Message):
    __slots__ = ("design_count", "edit_count_min", "pair_count_min", "is_extrapolated", "gene_count", "genes_seen", "pair_count", "pairs_seen", "is_higher_order")
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    EDIT_COUNT_MIN_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_MIN_FIELD_NUMBER: _ClassVar[int]
    IS_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    GENE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GENES_SEEN_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    PAIRS_SEEN_FIELD_NUMBER: _ClassVar[int]
    IS_HIGHER_ORDER_FIELD_NUMBER: _ClassVar[int]
    design_count: _containers.RepeatedScalarFieldContainer[int]
    edit_count_min: _containers.RepeatedScalarFieldContainer[int]
    pair_count_min: _containers.RepeatedScalarFieldContainer[int]
    is_extrapolated: _containers.RepeatedScalarFieldContainer[bool]
    gene_count: _containers.RepeatedScalarFieldContainer[int]
    genes_seen: _containers.RepeatedScalarFieldContainer[int]
    pair_count: _containers.RepeatedScalarFieldContainer[int]
    pairs_seen: _containers.RepeatedScalarFieldContainer[int]
    is_higher_order: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, design_count: _Optional[_Iterable[int]] = ..., edit_count_min: _Optional[_Iterable[int]] = ..., pair_count_min: _Optional[_Iterable[int]] = ..., is_extrapolated: _Optional[_Iterable[bool]] = ..., gene_count: _Optional[_Iterable[int]] = ..., genes_seen: _Optional[_Iterable[int]] = ..., pair_count: _Optional[_Iterable[int]] = ..., pairs_seen: _Optional[_Iterable[int]] = ..., is_higher_order: _Optional[_Iterable[bool]] = ...) -> None: ...

class ComposeRequest(_message.Message):
    __slots__ = ("model_id", "operation", "designs", "steps", "metric", "nearest_count", "permutations", "seed", "with_latents", "timeout_seconds")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    NEAREST_COUNT_FIELD_NUMBER: _ClassVar[int]
    PERMUTATIONS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WITH_LATENTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    operation: LatentOperation
    designs: _containers.RepeatedScalarFieldContainer[str]
    steps: int
    metric: LatentMetric
    nearest_count: int
    permutations: int
    seed: int
    with_latents: bool
    timeout_seconds: float
    def __init__(self, model_id: _Optional[str] = ..., operation: _Optional[_Union[LatentOperation, str]] = ..., designs: _Optional[_Iterable[str]] = ..., steps: _Optional[int] = ..., metric: _Optional[_Union[LatentMetric, str]] = ..., nearest_count: _Optional[int] = ..., permutations: _Optional[int] = ..., seed: _Optional[int] = ..., with_latents: _Optional[bool] = ..., timeout_seconds: _Optional[float] = ...) -> None: ...

class ComposeResponse(_message.Message):
    __slots__ = ("model_id", "vocabulary_sha256", "operation", "designs", "metric", "member_count", "states", "measured", "resolved_names", "model_name", "model_version")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VOCABULARY_SHA256_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MEMBER_COUNT_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_NAMES_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    vocabulary_sha256: str
    operation: LatentOperation
    designs: _containers.RepeatedScalarFieldContainer[str]
    metric: LatentMetric
    member_count: int
    states: _containers.RepeatedCompositeFieldContainer[ComposedState]
    measured: MeasuredSource
    resolved_names: _containers.RepeatedCompositeFieldContainer[ResolvedName]
    model_name: str
    model_version: int
    def __init__(self, model_id: _Optional[str] = ..., vocabulary_sha256: _Optional[str] = ..., operation: _Optional[_Union[LatentOperation, str]] = ..., designs: _Optional[_Iterable[str]] = ..., metric: _Optional[_Union[LatentMetric, str]] = ..., member_count: _Optional[int] = ..., states: _Optional[_Iterable[_Union[ComposedState, _Mapping]]] = ..., measured: _Optional[_Union[MeasuredSource, _Mapping]] = ..., resolved_names: _Optional[_Iterable[_Union[ResolvedName, _Mapping]]] = ..., model_name: _Optional[str] = ..., model_version: _Optional[int] = ...) -> None: ...

class ComposedState(_message.Message):
    __slots__ = ("position", "labels", "design", "no_design_reason", "nearest", "latents")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    DESIGN_FIELD_NUMBER: _ClassVar[int]
    NO_DESIGN_REASON_FIELD_NUMBER: _ClassVar[int]
    NEAREST_FIELD_NUMBER: _ClassVar[int]
    LATENTS_FIELD_NUMBER: _ClassVar[int]
    position: float
    labels: _containers.RepeatedCompositeFieldContainer[StateReading]
    design: ComposedDesign
    no_design_reason: str
    nearest: _containers.RepeatedCompositeFieldContainer[NearDesign]
    latents: _containers.RepeatedCompositeFieldContainer[MemberState]
    def __init__(self, position: _Optional[float] = ..., labels: _Optional[_Iterable[_Union[StateReading, _Mapping]]] = ..., design: _Optional[_Union[ComposedDesign, _Mapping]] = ..., no_design_reason: _Optional[str] = ..., nearest: _Optional[_Iterable[_Union[NearDesign, _Mapping]]] = ..., latents: _Optional[_Iterable[_Union[MemberState, _Mapping]]] = ...) -> None: ...

class StateReading(_message.Message):
    __slots__ = ("name", "unit", "mean", "sd", "member_values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    MEMBER_VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    mean: float
    sd: float
    member_values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., mean: _Optional[float] = ..., sd: _Optional[float] = ..., member_values: _Optional[_Iterable[float]] = ...) -> None: ...

class ComposedDesign(_message.Message):
    __slots__ = ("genotype", "composition_residual", "labels")
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    COMPOSITION_RESIDUAL_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    genotype: str
    composition_residual: float
    labels: _containers.RepeatedCompositeFieldContainer[DesignReading]
    def __init__(self, genotype: _Optional[str] = ..., composition_residual: _Optional[float] = ..., labels: _Optional[_Iterable[_Union[DesignReading, _Mapping]]] = ...) -> None: ...

class DesignReading(_message.Message):
    __slots__ = ("name", "unit", "y_compose", "y_compose_sd", "y_intact", "y_intact_sd", "difference", "difference_sd", "permutation_null", "neutral_model", "neutral_source", "expected_neutral", "interaction")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    Y_COMPOSE_FIELD_NUMBER: _ClassVar[int]
    Y_COMPOSE_SD_FIELD_NUMBER: _ClassVar[int]
    Y_INTACT_FIELD_NUMBER: _ClassVar[int]
    Y_INTACT_SD_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_SD_FIELD_NUMBER: _ClassVar[int]
    PERMUTATION_NULL_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_MODEL_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    y_compose: float
    y_compose_sd: float
    y_intact: float
    y_intact_sd: float
    difference: float
    difference_sd: float
    permutation_null: PermutationNull
    neutral_model: str
    neutral_source: NeutralSource
    expected_neutral: float
    interaction: float
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., y_compose: _Optional[float] = ..., y_compose_sd: _Optional[float] = ..., y_intact: _Optional[float] = ..., y_intact_sd: _Optional[float] = ..., difference: _Optional[float] = ..., difference_sd: _Optional[float] = ..., permutation_null: _Optional[_Union[PermutationNull, _Mapping]] = ..., neutral_model: _Optional[str] = ..., neutral_source: _Optional[_Union[NeutralSource, str]] = ..., expected_neutral: _Optional[float] = ..., interaction: _Optional[float] = ...) -> None: ...

class PermutationNull(_message.Message):
    __slots__ = ("p_value", "permutation_count", "design_count", "designs")
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    PERMUTATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    DESIGNS_FIELD_NUMBER: _ClassVar[int]
    p_value: float
    permutation_count: int
    design_count: int
    designs: NullDesigns
    def __init__(self, p_value: _Optional[float] = ..., permutation_count: _Optional[int] = ..., design_count: _Optional[int] = ..., designs: _Optional[_Union[NullDesigns, str]] = ...) -> None: ...

class NearDesign(_message.Message):
    __slots__ = ("genotype", "distance", "row_count", "labels")
    GENOTYPE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    genotype: str
    distance: float
    row_count: int
    labels: _containers.RepeatedCompositeFieldContainer[MeasuredValue]
    def __init__(self, genotype: _Optional[str] = ..., distance: _Optional[float] = ..., row_count: _Optional[int] = ..., labels: _Optional[_Iterable[_Union[MeasuredValue, _Mapping]]] = ...) -> None: ...

class MeasuredValue(_message.Message):
    __slots__ = ("name", "unit", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    value: float
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...

class MemberState(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class MeasuredSource(_message.Message):
    __slots__ = ("dataset_id", "table_sha256", "design_count")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_SHA256_FIELD_NUMBER: _ClassVar[int]
    DESIGN_COUNT_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    table_sha256: str
    design_count: int
    def __init__(self, dataset_id: _Optional[str] = ..., table_sha256: _Optional[str] = ..., design_count: _Optional[int] = ...) -> None: ...
