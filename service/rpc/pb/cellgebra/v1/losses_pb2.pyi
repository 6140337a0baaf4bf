from google.protobuf import struct_pb2 as _struct_pb2
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

class ListLossesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListLossesResponse(_message.Message):
    __slots__ = ("losses",)
    LOSSES_FIELD_NUMBER: _ClassVar[int]
    losses: _containers.RepeatedCompositeFieldContainer[Loss]
    def __init__(self, losses: _Optional[_Iterable[_Union[Loss, _Mapping]]] = ...) -> None: ...

class Loss(_message.Message):
    __slots__ = ("name", "description", "formula", "parameters", "needs", "source", "is_regression", "is_term", "refusal")
    class Need(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NEED_UNSPECIFIED: _ClassVar[Loss.Need]
        NEED_TRAINING_LABELS: _ClassVar[Loss.Need]
        NEED_SD: _ClassVar[Loss.Need]
        NEED_DETECTION_LIMIT: _ClassVar[Loss.Need]
        NEED_LATENT: _ClassVar[Loss.Need]
        NEED_PARAMETERS: _ClassVar[Loss.Need]
        NEED_SAMPLES: _ClassVar[Loss.Need]
        NEED_NEGATIVES: _ClassVar[Loss.Need]
        NEED_BATCHES: _ClassVar[Loss.Need]
        NEED_ASSIGNMENTS: _ClassVar[Loss.Need]
        NEED_VELOCITIES: _ClassVar[Loss.Need]
    NEED_UNSPECIFIED: Loss.Need
    NEED_TRAINING_LABELS: Loss.Need
    NEED_SD: Loss.Need
    NEED_DETECTION_LIMIT: Loss.Need
    NEED_LATENT: Loss.Need
    NEED_PARAMETERS: Loss.Need
    NEED_SAMPLES: Loss.Need
    NEED_NEGATIVES: Loss.Need
    NEED_BATCHES: Loss.Need
    NEED_ASSIGNMENTS: Loss.Need
    NEED_VELOCITIES: Loss.Need
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FORMULA_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    IS_REGRESSION_FIELD_NUMBER: _ClassVar[int]
    IS_TERM_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    formula: str
    parameters: _containers.RepeatedCompositeFieldContainer[LossParameter]
    needs: _containers.RepeatedScalarFieldContainer[Loss.Need]
    source: _containers.RepeatedScalarFieldContainer[str]
    is_regression: bool
    is_term: bool
    refusal: str
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., formula: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[LossParameter, _Mapping]]] = ..., needs: _Optional[_Iterable[_Union[Loss.Need, str]]] = ..., source: _Optional[_Iterable[str]] = ..., is_regression: _Optional[bool] = ..., is_term: _Optional[bool] = ..., refusal: _Optional[str] = ...) -> None: ...

class LossParameter(_message.Message):
    __slots__ = ("name", "description", "type", "default", "minimum", "exclusive_minimum", "maximum", "exclusive_maximum", "choices")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[LossParameter.Type]
        TYPE_NUMBER: _ClassVar[LossParameter.Type]
        TYPE_BOOLEAN: _ClassVar[LossParameter.Type]
        TYPE_CHOICE: _ClassVar[LossParameter.Type]
    TYPE_UNSPECIFIED: LossParameter.Type
    TYPE_NUMBER: LossParameter.Type
    TYPE_BOOLEAN: LossParameter.Type
    TYPE_CHOICE: LossParameter.Type
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    EXCLUSIVE_MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    EXCLUSIVE_MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    type: LossParameter.Type
    default: _struct_pb2.Value
    minimum: float
    exclusive_minimum: float
    maximum: float
    exclusive_maximum: float
    choices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., type: _Optional[_Union[LossParameter.Type, str]] = ..., default: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., minimum: _Optional[float] = ..., exclusive_minimum: _Optional[float] = ..., maximum: _Optional[float] = ..., exclusive_maximum: _Optional[float] = ..., choices: _Optional[_Iterable[str]] = ...) -> None: ...

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
    __slots__ = ("mse", "dist", "supcr", "composition", "huber", "gaussian_nll", "tobit", "hurdle", "crps", "l1", "group_lasso", "c_node", "hard_concrete", "infonce", "supcon", "batch_mixing")
    MSE_FIELD_NUMBER: _ClassVar[int]
    DIST_FIELD_NUMBER: _ClassVar[int]
    SUPCR_FIELD_NUMBER: _ClassVar[int]
    COMPOSITION_FIELD_NUMBER: _ClassVar[int]
    HUBER_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_NLL_FIELD_NUMBER: _ClassVar[int]
    TOBIT_FIELD_NUMBER: _ClassVar[int]
    HURDLE_FIELD_NUMBER: _ClassVar[int]
    CRPS_FIELD_NUMBER: _ClassVar[int]
    L1_FIELD_NUMBER: _ClassVar[int]
    GROUP_LASSO_FIELD_NUMBER: _ClassVar[int]
    C_NODE_FIELD_NUMBER: _ClassVar[int]
    HARD_CONCRETE_FIELD_NUMBER: _ClassVar[int]
    INFONCE_FIELD_NUMBER: _ClassVar[int]
    SUPCON_FIELD_NUMBER: _ClassVar[int]
    BATCH_MIXING_FIELD_NUMBER: _ClassVar[int]
    mse: MseTerm
    dist: DistTerm
    supcr: SupcrTerm
    composition: CompositionTerm
    huber: HuberTerm
    gaussian_nll: GaussianNllTerm
    tobit: TobitTerm
    hurdle: HurdleTerm
    crps: CrpsTerm
    l1: L1Term
    group_lasso: GroupLassoTerm
    c_node: CNodeTerm
    hard_concrete: HardConcreteTerm
    infonce: InfonceTerm
    supcon: SupconTerm
    batch_mixing: BatchMixingTerm
    def __init__(self, mse: _Optional[_Union[MseTerm, _Mapping]] = ..., dist: _Optional[_Union[DistTerm, _Mapping]] = ..., supcr: _Optional[_Union[SupcrTerm, _Mapping]] = ..., composition: _Optional[_Union[CompositionTerm, _Mapping]] = ..., huber: _Optional[_Union[HuberTerm, _Mapping]] = ..., gaussian_nll: _Optional[_Union[GaussianNllTerm, _Mapping]] = ..., tobit: _Optional[_Union[TobitTerm, _Mapping]] = ..., hurdle: _Optional[_Union[HurdleTerm, _Mapping]] = ..., crps: _Optional[_Union[CrpsTerm, _Mapping]] = ..., l1: _Optional[_Union[L1Term, _Mapping]] = ..., group_lasso: _Optional[_Union[GroupLassoTerm, _Mapping]] = ..., c_node: _Optional[_Union[CNodeTerm, _Mapping]] = ..., hard_concrete: _Optional[_Union[HardConcreteTerm, _Mapping]] = ..., infonce: _Optional[_Union[InfonceTerm, _Mapping]] = ..., supcon: _Optional[_Union[SupconTerm, _Mapping]] = ..., batch_mixing: _Optional[_Union[BatchMixingTerm, _Mapping]] = ...) -> None: ...

class MseTerm(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class HuberTerm(_message.Message):
    __slots__ = ("weight", "delta")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    weight: float
    delta: float
    def __init__(self, weight: _Optional[float] = ..., delta: _Optional[float] = ...) -> None: ...

class GaussianNllTerm(_message.Message):
    __slots__ = ("weight", "floor")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    weight: float
    floor: float
    def __init__(self, weight: _Optional[float] = ..., floor: _Optional[float] = ...) -> None: ...

class TobitTerm(_message.Message):
    __slots__ = ("weight", "sd")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    weight: float
    sd: float
    def __init__(self, weight: _Optional[float] = ..., sd: _Optional[float] = ...) -> None: ...

class HurdleTerm(_message.Message):
    __slots__ = ("weight", "threshold", "sd", "scale")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    weight: float
    threshold: float
    sd: float
    scale: float
    def __init__(self, weight: _Optional[float] = ..., threshold: _Optional[float] = ..., sd: _Optional[float] = ..., scale: _Optional[float] = ...) -> None: ...

class CrpsTerm(_message.Message):
    __slots__ = ("weight", "sd")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SD_FIELD_NUMBER: _ClassVar[int]
    weight: float
    sd: float
    def __init__(self, weight: _Optional[float] = ..., sd: _Optional[float] = ...) -> None: ...

class DistTerm(_message.Message):
    __slots__ = ("weight", "rule", "distance", "delta", "bandwidth", "step")
    class Rule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RULE_UNSPECIFIED: _ClassVar[DistTerm.Rule]
        RULE_QUANTILE: _ClassVar[DistTerm.Rule]
        RULE_KDE: _ClassVar[DistTerm.Rule]
        RULE_OFFICIAL: _ClassVar[DistTerm.Rule]
    RULE_UNSPECIFIED: DistTerm.Rule
    RULE_QUANTILE: DistTerm.Rule
    RULE_KDE: DistTerm.Rule
    RULE_OFFICIAL: DistTerm.Rule
    class Distance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DISTANCE_UNSPECIFIED: _ClassVar[DistTerm.Distance]
        DISTANCE_L2: _ClassVar[DistTerm.Distance]
        DISTANCE_L1: _ClassVar[DistTerm.Distance]
        DISTANCE_HUBER: _ClassVar[DistTerm.Distance]
    DISTANCE_UNSPECIFIED: DistTerm.Distance
    DISTANCE_L2: DistTerm.Distance
    DISTANCE_L1: DistTerm.Distance
    DISTANCE_HUBER: DistTerm.Distance
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    BANDWIDTH_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    weight: float
    rule: DistTerm.Rule
    distance: DistTerm.Distance
    delta: float
    bandwidth: float
    step: float
    def __init__(self, weight: _Optional[float] = ..., rule: _Optional[_Union[DistTerm.Rule, str]] = ..., distance: _Optional[_Union[DistTerm.Distance, str]] = ..., delta: _Optional[float] = ..., bandwidth: _Optional[float] = ..., step: _Optional[float] = ...) -> None: ...

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

class L1Term(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class GroupLassoTerm(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class CNodeTerm(_message.Message):
    __slots__ = ("weight",)
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    weight: float
    def __init__(self, weight: _Optional[float] = ...) -> None: ...

class HardConcreteTerm(_message.Message):
    __slots__ = ("weight", "temperature", "low", "high")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    weight: float
    temperature: float
    low: float
    high: float
    def __init__(self, weight: _Optional[float] = ..., temperature: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class InfonceTerm(_message.Message):
    __slots__ = ("weight", "temperature", "similarity", "symmetric")
    class Similarity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SIMILARITY_UNSPECIFIED: _ClassVar[InfonceTerm.Similarity]
        SIMILARITY_NEG_L2: _ClassVar[InfonceTerm.Similarity]
        SIMILARITY_COSINE: _ClassVar[InfonceTerm.Similarity]
    SIMILARITY_UNSPECIFIED: InfonceTerm.Similarity
    SIMILARITY_NEG_L2: InfonceTerm.Similarity
    SIMILARITY_COSINE: InfonceTerm.Similarity
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    SYMMETRIC_FIELD_NUMBER: _ClassVar[int]
    weight: float
    temperature: float
    similarity: InfonceTerm.Similarity
    symmetric: bool
    def __init__(self, weight: _Optional[float] = ..., temperature: _Optional[float] = ..., similarity: _Optional[_Union[InfonceTerm.Similarity, str]] = ..., symmetric: _Optional[bool] = ...) -> None: ...

class SupconTerm(_message.Message):
    __slots__ = ("weight", "temperature", "similarity", "bins")
    class Similarity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SIMILARITY_UNSPECIFIED: _ClassVar[SupconTerm.Similarity]
        SIMILARITY_NEG_L2: _ClassVar[SupconTerm.Similarity]
        SIMILARITY_COSINE: _ClassVar[SupconTerm.Similarity]
    SIMILARITY_UNSPECIFIED: SupconTerm.Similarity
    SIMILARITY_NEG_L2: SupconTerm.Similarity
    SIMILARITY_COSINE: SupconTerm.Similarity
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    BINS_FIELD_NUMBER: _ClassVar[int]
    weight: float
    temperature: float
    similarity: SupconTerm.Similarity
    bins: int
    def __init__(self, weight: _Optional[float] = ..., temperature: _Optional[float] = ..., similarity: _Optional[_Union[SupconTerm.Similarity, str]] = ..., bins: _Optional[int] = ...) -> None: ...

class BatchMixingTerm(_message.Message):
    __slots__ = ("weight", "n_neighbors", "temperature")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    N_NEIGHBORS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    weight: float
    n_neighbors: int
    temperature: float
    def __init__(self, weight: _Optional[float] = ..., n_neighbors: _Optional[int] = ..., temperature: _Optional[float] = ...) -> None: ...
