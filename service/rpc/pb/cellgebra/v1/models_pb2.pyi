from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelSpec(_message.Message):
    __slots__ = ("additive", "perturbation_set", "train_mean", "pair_mean", "nearest_design", "edit_frequency", "multiplicative", "pairwise", "low_rank", "profile_knn", "forest", "gp", "profile_gp", "feature_ridge", "gene_kernel", "gene_graph", "set_transformer", "saturating", "average", "auto")
    ADDITIVE_FIELD_NUMBER: _ClassVar[int]
    PERTURBATION_SET_FIELD_NUMBER: _ClassVar[int]
    TRAIN_MEAN_FIELD_NUMBER: _ClassVar[int]
    PAIR_MEAN_FIELD_NUMBER: _ClassVar[int]
    NEAREST_DESIGN_FIELD_NUMBER: _ClassVar[int]
    EDIT_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    MULTIPLICATIVE_FIELD_NUMBER: _ClassVar[int]
    PAIRWISE_FIELD_NUMBER: _ClassVar[int]
    LOW_RANK_FIELD_NUMBER: _ClassVar[int]
    PROFILE_KNN_FIELD_NUMBER: _ClassVar[int]
    FOREST_FIELD_NUMBER: _ClassVar[int]
    GP_FIELD_NUMBER: _ClassVar[int]
    PROFILE_GP_FIELD_NUMBER: _ClassVar[int]
    FEATURE_RIDGE_FIELD_NUMBER: _ClassVar[int]
    GENE_KERNEL_FIELD_NUMBER: _ClassVar[int]
    GENE_GRAPH_FIELD_NUMBER: _ClassVar[int]
    SET_TRANSFORMER_FIELD_NUMBER: _ClassVar[int]
    SATURATING_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_FIELD_NUMBER: _ClassVar[int]
    AUTO_FIELD_NUMBER: _ClassVar[int]
    additive: AdditiveSpec
    perturbation_set: PerturbationSetSpec
    train_mean: TrainMeanSpec
    pair_mean: PairMeanSpec
    nearest_design: NearestDesignSpec
    edit_frequency: EditFrequencySpec
    multiplicative: MultiplicativeSpec
    pairwise: PairwiseSpec
    low_rank: LowRankSpec
    profile_knn: ProfileKnnSpec
    forest: ForestSpec
    gp: GpSpec
    profile_gp: ProfileGpSpec
    feature_ridge: FeatureRidgeSpec
    gene_kernel: GeneKernelSpec
    gene_graph: GeneGraphSpec
    set_transformer: SetTransformerSpec
    saturating: SaturatingSpec
    average: AverageSpec
    auto: AutoSpec
    def __init__(self, additive: _Optional[_Union[AdditiveSpec, _Mapping]] = ..., perturbation_set: _Optional[_Union[PerturbationSetSpec, _Mapping]] = ..., train_mean: _Optional[_Union[TrainMeanSpec, _Mapping]] = ..., pair_mean: _Optional[_Union[PairMeanSpec, _Mapping]] = ..., nearest_design: _Optional[_Union[NearestDesignSpec, _Mapping]] = ..., edit_frequency: _Optional[_Union[EditFrequencySpec, _Mapping]] = ..., multiplicative: _Optional[_Union[MultiplicativeSpec, _Mapping]] = ..., pairwise: _Optional[_Union[PairwiseSpec, _Mapping]] = ..., low_rank: _Optional[_Union[LowRankSpec, _Mapping]] = ..., profile_knn: _Optional[_Union[ProfileKnnSpec, _Mapping]] = ..., forest: _Optional[_Union[ForestSpec, _Mapping]] = ..., gp: _Optional[_Union[GpSpec, _Mapping]] = ..., profile_gp: _Optional[_Union[ProfileGpSpec, _Mapping]] = ..., feature_ridge: _Optional[_Union[FeatureRidgeSpec, _Mapping]] = ..., gene_kernel: _Optional[_Union[GeneKernelSpec, _Mapping]] = ..., gene_graph: _Optional[_Union[GeneGraphSpec, _Mapping]] = ..., set_transformer: _Optional[_Union[SetTransformerSpec, _Mapping]] = ..., saturating: _Optional[_Union[SaturatingSpec, _Mapping]] = ..., average: _Optional[_Union[AverageSpec, _Mapping]] = ..., auto: _Optional[_Union[AutoSpec, _Mapping]] = ...) -> None: ...

class AdditiveSpec(_message.Message):
    __slots__ = ("penalty",)
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    penalty: float
    def __init__(self, penalty: _Optional[float] = ...) -> None: ...

class SaturatingSpec(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AverageSpec(_message.Message):
    __slots__ = ("models",)
    class Model(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODEL_UNSPECIFIED: _ClassVar[AverageSpec.Model]
        MODEL_ADDITIVE: _ClassVar[AverageSpec.Model]
        MODEL_SATURATING: _ClassVar[AverageSpec.Model]
        MODEL_LOW_RANK: _ClassVar[AverageSpec.Model]
        MODEL_PROFILE_KNN: _ClassVar[AverageSpec.Model]
        MODEL_PROFILE_GP: _ClassVar[AverageSpec.Model]
        MODEL_NEAREST_DESIGN: _ClassVar[AverageSpec.Model]
        MODEL_FOREST: _ClassVar[AverageSpec.Model]
        MODEL_GP: _ClassVar[AverageSpec.Model]
    MODEL_UNSPECIFIED: AverageSpec.Model
    MODEL_ADDITIVE: AverageSpec.Model
    MODEL_SATURATING: AverageSpec.Model
    MODEL_LOW_RANK: AverageSpec.Model
    MODEL_PROFILE_KNN: AverageSpec.Model
    MODEL_PROFILE_GP: AverageSpec.Model
    MODEL_NEAREST_DESIGN: AverageSpec.Model
    MODEL_FOREST: AverageSpec.Model
    MODEL_GP: AverageSpec.Model
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedScalarFieldContainer[AverageSpec.Model]
    def __init__(self, models: _Optional[_Iterable[_Union[AverageSpec.Model, str]]] = ...) -> None: ...

class FeatureRidgeSpec(_message.Message):
    __slots__ = ("penalty",)
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    penalty: float
    def __init__(self, penalty: _Optional[float] = ...) -> None: ...

class GeneKernelSpec(_message.Message):
    __slots__ = ("reach", "feature_weight", "rank", "penalty")
    REACH_FIELD_NUMBER: _ClassVar[int]
    FEATURE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    reach: float
    feature_weight: float
    rank: int
    penalty: float
    def __init__(self, reach: _Optional[float] = ..., feature_weight: _Optional[float] = ..., rank: _Optional[int] = ..., penalty: _Optional[float] = ...) -> None: ...

class PerturbationSetSpec(_message.Message):
    __slots__ = ("latent_dim", "attention_heads", "attention_layers", "head", "hidden_dim", "hidden_layers", "dropout", "network_dim", "saturates", "activation")
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
    class Activation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTIVATION_UNSPECIFIED: _ClassVar[PerturbationSetSpec.Activation]
        ACTIVATION_GELU: _ClassVar[PerturbationSetSpec.Activation]
        ACTIVATION_RELU: _ClassVar[PerturbationSetSpec.Activation]
    ACTIVATION_UNSPECIFIED: PerturbationSetSpec.Activation
    ACTIVATION_GELU: PerturbationSetSpec.Activation
    ACTIVATION_RELU: PerturbationSetSpec.Activation
    LATENT_DIM_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_HEADS_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_LAYERS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_DIM_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_LAYERS_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    NETWORK_DIM_FIELD_NUMBER: _ClassVar[int]
    SATURATES_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    latent_dim: int
    attention_heads: int
    attention_layers: int
    head: PerturbationSetSpec.Head
    hidden_dim: int
    hidden_layers: int
    dropout: float
    network_dim: int
    saturates: bool
    activation: PerturbationSetSpec.Activation
    def __init__(self, latent_dim: _Optional[int] = ..., attention_heads: _Optional[int] = ..., attention_layers: _Optional[int] = ..., head: _Optional[_Union[PerturbationSetSpec.Head, str]] = ..., hidden_dim: _Optional[int] = ..., hidden_layers: _Optional[int] = ..., dropout: _Optional[float] = ..., network_dim: _Optional[int] = ..., saturates: _Optional[bool] = ..., activation: _Optional[_Union[PerturbationSetSpec.Activation, str]] = ...) -> None: ...

class GeneGraphSpec(_message.Message):
    __slots__ = ("latent_dim", "layers", "hops", "head", "hidden_dim", "hidden_layers", "dropout", "network_dim", "activation")
    class Head(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HEAD_UNSPECIFIED: _ClassVar[GeneGraphSpec.Head]
        HEAD_LINEAR: _ClassVar[GeneGraphSpec.Head]
        HEAD_QUADRATIC: _ClassVar[GeneGraphSpec.Head]
        HEAD_MLP: _ClassVar[GeneGraphSpec.Head]
    HEAD_UNSPECIFIED: GeneGraphSpec.Head
    HEAD_LINEAR: GeneGraphSpec.Head
    HEAD_QUADRATIC: GeneGraphSpec.Head
    HEAD_MLP: GeneGraphSpec.Head
    class Activation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTIVATION_UNSPECIFIED: _ClassVar[GeneGraphSpec.Activation]
        ACTIVATION_GELU: _ClassVar[GeneGraphSpec.Activation]
        ACTIVATION_RELU: _ClassVar[GeneGraphSpec.Activation]
    ACTIVATION_UNSPECIFIED: GeneGraphSpec.Activation
    ACTIVATION_GELU: GeneGraphSpec.Activation
    ACTIVATION_RELU: GeneGraphSpec.Activation
    LATENT_DIM_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    HOPS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_DIM_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_LAYERS_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    NETWORK_DIM_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    latent_dim: int
    layers: int
    hops: int
    head: GeneGraphSpec.Head
    hidden_dim: int
    hidden_layers: int
    dropout: float
    network_dim: int
    activation: GeneGraphSpec.Activation
    def __init__(self, latent_dim: _Optional[int] = ..., layers: _Optional[int] = ..., hops: _Optional[int] = ..., head: _Optional[_Union[GeneGraphSpec.Head, str]] = ..., hidden_dim: _Optional[int] = ..., hidden_layers: _Optional[int] = ..., dropout: _Optional[float] = ..., network_dim: _Optional[int] = ..., activation: _Optional[_Union[GeneGraphSpec.Activation, str]] = ...) -> None: ...

class SetTransformerSpec(_message.Message):
    __slots__ = ("latent_dim", "attention_heads", "attention_layers", "head", "hidden_dim", "hidden_layers", "dropout", "network_dim", "activation")
    class Head(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HEAD_UNSPECIFIED: _ClassVar[SetTransformerSpec.Head]
        HEAD_LINEAR: _ClassVar[SetTransformerSpec.Head]
        HEAD_QUADRATIC: _ClassVar[SetTransformerSpec.Head]
        HEAD_MLP: _ClassVar[SetTransformerSpec.Head]
    HEAD_UNSPECIFIED: SetTransformerSpec.Head
    HEAD_LINEAR: SetTransformerSpec.Head
    HEAD_QUADRATIC: SetTransformerSpec.Head
    HEAD_MLP: SetTransformerSpec.Head
    class Activation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTIVATION_UNSPECIFIED: _ClassVar[SetTransformerSpec.Activation]
        ACTIVATION_GELU: _ClassVar[SetTransformerSpec.Activation]
        ACTIVATION_RELU: _ClassVar[SetTransformerSpec.Activation]
    ACTIVATION_UNSPECIFIED: SetTransformerSpec.Activation
    ACTIVATION_GELU: SetTransformerSpec.Activation
    ACTIVATION_RELU: SetTransformerSpec.Activation
    LATENT_DIM_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_HEADS_FIELD_NUMBER: _ClassVar[int]
    ATTENTION_LAYERS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_DIM_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_LAYERS_FIELD_NUMBER: _ClassVar[int]
    DROPOUT_FIELD_NUMBER: _ClassVar[int]
    NETWORK_DIM_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    latent_dim: int
    attention_heads: int
    attention_layers: int
    head: SetTransformerSpec.Head
    hidden_dim: int
    hidden_layers: int
    dropout: float
    network_dim: int
    activation: SetTransformerSpec.Activation
    def __init__(self, latent_dim: _Optional[int] = ..., attention_heads: _Optional[int] = ..., attention_layers: _Optional[int] = ..., head: _Optional[_Union[SetTransformerSpec.Head, str]] = ..., hidden_dim: _Optional[int] = ..., hidden_layers: _Optional[int] = ..., dropout: _Optional[float] = ..., network_dim: _Optional[int] = ..., activation: _Optional[_Union[SetTransformerSpec.Activation, str]] = ...) -> None: ...

class TrainMeanSpec(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PairMeanSpec(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NearestDesignSpec(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EditFrequencySpec(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MultiplicativeSpec(_message.Message):
    __slots__ = ("penalty", "floor")
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    penalty: float
    floor: float
    def __init__(self, penalty: _Optional[float] = ..., floor: _Optional[float] = ...) -> None: ...

class PairwiseSpec(_message.Message):
    __slots__ = ("rule",)
    class Rule(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RULE_UNSPECIFIED: _ClassVar[PairwiseSpec.Rule]
        RULE_PRODUCT: _ClassVar[PairwiseSpec.Rule]
        RULE_MIN: _ClassVar[PairwiseSpec.Rule]
    RULE_UNSPECIFIED: PairwiseSpec.Rule
    RULE_PRODUCT: PairwiseSpec.Rule
    RULE_MIN: PairwiseSpec.Rule
    RULE_FIELD_NUMBER: _ClassVar[int]
    rule: PairwiseSpec.Rule
    def __init__(self, rule: _Optional[_Union[PairwiseSpec.Rule, str]] = ...) -> None: ...

class LowRankSpec(_message.Message):
    __slots__ = ("rank", "penalty")
    RANK_FIELD_NUMBER: _ClassVar[int]
    PENALTY_FIELD_NUMBER: _ClassVar[int]
    rank: int
    penalty: float
    def __init__(self, rank: _Optional[int] = ..., penalty: _Optional[float] = ...) -> None: ...

class ProfileKnnSpec(_message.Message):
    __slots__ = ("neighbors",)
    NEIGHBORS_FIELD_NUMBER: _ClassVar[int]
    neighbors: int
    def __init__(self, neighbors: _Optional[int] = ...) -> None: ...

class ProfileGpSpec(_message.Message):
    __slots__ = ("rank", "rounds")
    RANK_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    rank: int
    rounds: int
    def __init__(self, rank: _Optional[int] = ..., rounds: _Optional[int] = ...) -> None: ...

class ForestSpec(_message.Message):
    __slots__ = ("trees", "max_depth", "min_samples_leaf", "max_features", "max_rows")
    TREES_FIELD_NUMBER: _ClassVar[int]
    MAX_DEPTH_FIELD_NUMBER: _ClassVar[int]
    MIN_SAMPLES_LEAF_FIELD_NUMBER: _ClassVar[int]
    MAX_FEATURES_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    trees: int
    max_depth: int
    min_samples_leaf: int
    max_features: float
    max_rows: int
    def __init__(self, trees: _Optional[int] = ..., max_depth: _Optional[int] = ..., min_samples_leaf: _Optional[int] = ..., max_features: _Optional[float] = ..., max_rows: _Optional[int] = ...) -> None: ...

class GpSpec(_message.Message):
    __slots__ = ("max_rows", "max_selection_rows", "sizes")
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    MAX_SELECTION_ROWS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    max_rows: int
    max_selection_rows: int
    sizes: bool
    def __init__(self, max_rows: _Optional[int] = ..., max_selection_rows: _Optional[int] = ..., sizes: _Optional[bool] = ...) -> None: ...

class AutoSpec(_message.Message):
    __slots__ = ("candidates", "criterion", "folds")
    class Candidate(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CANDIDATE_UNSPECIFIED: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_ADDITIVE: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_SATURATING: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_FEATURE_RIDGE: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_MULTIPLICATIVE: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_PAIRWISE: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_LOW_RANK: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_PROFILE_KNN: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_PROFILE_GP: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_GENE_KERNEL: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_NEAREST_DESIGN: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_FOREST: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_GP: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_PERTURBATION_SET: _ClassVar[AutoSpec.Candidate]
        CANDIDATE_GENE_GRAPH: _ClassVar[AutoSpec.Candidate]
    CANDIDATE_UNSPECIFIED: AutoSpec.Candidate
    CANDIDATE_ADDITIVE: AutoSpec.Candidate
    CANDIDATE_SATURATING: AutoSpec.Candidate
    CANDIDATE_FEATURE_RIDGE: AutoSpec.Candidate
    CANDIDATE_MULTIPLICATIVE: AutoSpec.Candidate
    CANDIDATE_PAIRWISE: AutoSpec.Candidate
    CANDIDATE_LOW_RANK: AutoSpec.Candidate
    CANDIDATE_PROFILE_KNN: AutoSpec.Candidate
    CANDIDATE_PROFILE_GP: AutoSpec.Candidate
    CANDIDATE_GENE_KERNEL: AutoSpec.Candidate
    CANDIDATE_NEAREST_DESIGN: AutoSpec.Candidate
    CANDIDATE_FOREST: AutoSpec.Candidate
    CANDIDATE_GP: AutoSpec.Candidate
    CANDIDATE_PERTURBATION_SET: AutoSpec.Candidate
    CANDIDATE_GENE_GRAPH: AutoSpec.Candidate
    class Criterion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CRITERION_UNSPECIFIED: _ClassVar[AutoSpec.Criterion]
        CRITERION_SPEARMAN: _ClassVar[AutoSpec.Criterion]
        CRITERION_MSE: _ClassVar[AutoSpec.Criterion]
    CRITERION_UNSPECIFIED: AutoSpec.Criterion
    CRITERION_SPEARMAN: AutoSpec.Criterion
    CRITERION_MSE: AutoSpec.Criterion
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    CRITERION_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedScalarFieldContainer[AutoSpec.Candidate]
    criterion: AutoSpec.Criterion
    folds: int
    def __init__(self, candidates: _Optional[_Iterable[_Union[AutoSpec.Candidate, str]]] = ..., criterion: _Optional[_Union[AutoSpec.Criterion, str]] = ..., folds: _Optional[int] = ...) -> None: ...
