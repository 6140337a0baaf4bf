import datetime

from service.rpc.pb.cellgebra.v1 import genes_pb2 as _genes_pb2
from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from service.rpc.pb.cellgebra.v1 import losses_pb2 as _losses_pb2
from service.rpc.pb.cellgebra.v1 import models_pb2 as _models_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Transform(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFORM_UNSPECIFIED: _ClassVar[Transform]
    TRANSFORM_IDENTITY: _ClassVar[Transform]
    TRANSFORM_LOG: _ClassVar[Transform]
TRANSFORM_UNSPECIFIED: Transform
TRANSFORM_IDENTITY: Transform
TRANSFORM_LOG: Transform

class CreateTrainingJobRequest(_message.Message):
    __slots__ = ("spec", "request_id")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    spec: TrainingSpec
    request_id: str
    def __init__(self, spec: _Optional[_Union[TrainingSpec, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetTrainingJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListTrainingJobsRequest(_message.Message):
    __slots__ = ("state", "dataset_id", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _jobs_pb2.JobState
    dataset_id: str
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., dataset_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTrainingJobsResponse(_message.Message):
    __slots__ = ("training_jobs", "next_page_token")
    TRAINING_JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    training_jobs: _containers.RepeatedCompositeFieldContainer[TrainingJob]
    next_page_token: str
    def __init__(self, training_jobs: _Optional[_Iterable[_Union[TrainingJob, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelTrainingJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ResumeTrainingJobRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteTrainingJobRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class WatchTrainingJobRequest(_message.Message):
    __slots__ = ("id", "after_sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    after_sequence: int
    def __init__(self, id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class TrainingJob(_message.Message):
    __slots__ = ("id", "state", "spec", "create_time", "start_time", "end_time", "fraction", "estimated_seconds_left", "attempt_count", "model_id", "report", "error", "sweep_id", "trial_number", "queue_position", "expected_start_seconds", "queue_reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SWEEP_ID_FIELD_NUMBER: _ClassVar[int]
    TRIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: _jobs_pb2.JobState
    spec: TrainingSpec
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    fraction: float
    estimated_seconds_left: float
    attempt_count: int
    model_id: str
    report: _struct_pb2.Struct
    error: _jobs_pb2.Problem
    sweep_id: str
    trial_number: int
    queue_position: int
    expected_start_seconds: float
    queue_reason: str
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., spec: _Optional[_Union[TrainingSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ..., attempt_count: _Optional[int] = ..., model_id: _Optional[str] = ..., report: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ..., sweep_id: _Optional[str] = ..., trial_number: _Optional[int] = ..., queue_position: _Optional[int] = ..., expected_start_seconds: _Optional[float] = ..., queue_reason: _Optional[str] = ...) -> None: ...

class TrainingSpec(_message.Message):
    __slots__ = ("dataset_id", "name", "labels", "split", "model", "loss", "optimizer", "epochs", "patience_epochs", "batch_size", "ensemble_size", "seed", "device", "genes", "upper_bound", "resources", "precision", "compile", "time_limit_seconds", "report", "priority")
    class Device(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DEVICE_UNSPECIFIED: _ClassVar[TrainingSpec.Device]
        DEVICE_AUTO: _ClassVar[TrainingSpec.Device]
        DEVICE_CPU: _ClassVar[TrainingSpec.Device]
        DEVICE_CUDA: _ClassVar[TrainingSpec.Device]
    DEVICE_UNSPECIFIED: TrainingSpec.Device
    DEVICE_AUTO: TrainingSpec.Device
    DEVICE_CPU: TrainingSpec.Device
    DEVICE_CUDA: TrainingSpec.Device
    class Precision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PRECISION_UNSPECIFIED: _ClassVar[TrainingSpec.Precision]
        PRECISION_FLOAT32: _ClassVar[TrainingSpec.Precision]
        PRECISION_BF16: _ClassVar[TrainingSpec.Precision]
    PRECISION_UNSPECIFIED: TrainingSpec.Precision
    PRECISION_FLOAT32: TrainingSpec.Precision
    PRECISION_BF16: TrainingSpec.Precision
    class UpperBound(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UPPER_BOUND_UNSPECIFIED: _ClassVar[TrainingSpec.UpperBound]
        UPPER_BOUND_NONE: _ClassVar[TrainingSpec.UpperBound]
        UPPER_BOUND_MIN_LOWER_ORDERS: _ClassVar[TrainingSpec.UpperBound]
    UPPER_BOUND_UNSPECIFIED: TrainingSpec.UpperBound
    UPPER_BOUND_NONE: TrainingSpec.UpperBound
    UPPER_BOUND_MIN_LOWER_ORDERS: TrainingSpec.UpperBound
    class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PRIORITY_UNSPECIFIED: _ClassVar[TrainingSpec.Priority]
        PRIORITY_LOW: _ClassVar[TrainingSpec.Priority]
        PRIORITY_NORMAL: _ClassVar[TrainingSpec.Priority]
        PRIORITY_HIGH: _ClassVar[TrainingSpec.Priority]
    PRIORITY_UNSPECIFIED: TrainingSpec.Priority
    PRIORITY_LOW: TrainingSpec.Priority
    PRIORITY_NORMAL: TrainingSpec.Priority
    PRIORITY_HIGH: TrainingSpec.Priority
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZER_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_EPOCHS_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENSEMBLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    GENES_FIELD_NUMBER: _ClassVar[int]
    UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    COMPILE_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    name: str
    labels: _containers.RepeatedCompositeFieldContainer[TrainingLabel]
    split: Split
    model: _models_pb2.ModelSpec
    loss: _losses_pb2.LossSpec
    optimizer: OptimizerSpec
    epochs: int
    patience_epochs: int
    batch_size: int
    ensemble_size: int
    seed: int
    device: TrainingSpec.Device
    genes: _genes_pb2.GenesUse
    upper_bound: TrainingSpec.UpperBound
    resources: Resources
    precision: TrainingSpec.Precision
    compile: bool
    time_limit_seconds: float
    report: ReportSpec
    priority: TrainingSpec.Priority
    def __init__(self, dataset_id: _Optional[str] = ..., name: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[TrainingLabel, _Mapping]]] = ..., split: _Optional[_Union[Split, _Mapping]] = ..., model: _Optional[_Union[_models_pb2.ModelSpec, _Mapping]] = ..., loss: _Optional[_Union[_losses_pb2.LossSpec, _Mapping]] = ..., optimizer: _Optional[_Union[OptimizerSpec, _Mapping]] = ..., epochs: _Optional[int] = ..., patience_epochs: _Optional[int] = ..., batch_size: _Optional[int] = ..., ensemble_size: _Optional[int] = ..., seed: _Optional[int] = ..., device: _Optional[_Union[TrainingSpec.Device, str]] = ..., genes: _Optional[_Union[_genes_pb2.GenesUse, _Mapping]] = ..., upper_bound: _Optional[_Union[TrainingSpec.UpperBound, str]] = ..., resources: _Optional[_Union[Resources, _Mapping]] = ..., precision: _Optional[_Union[TrainingSpec.Precision, str]] = ..., compile: _Optional[bool] = ..., time_limit_seconds: _Optional[float] = ..., report: _Optional[_Union[ReportSpec, _Mapping]] = ..., priority: _Optional[_Union[TrainingSpec.Priority, str]] = ...) -> None: ...

class Resources(_message.Message):
    __slots__ = ("gpus", "processes")
    GPUS_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    gpus: int
    processes: int
    def __init__(self, gpus: _Optional[int] = ..., processes: _Optional[int] = ...) -> None: ...

class TrainingLabel(_message.Message):
    __slots__ = ("name", "transform", "weight")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TRANSFORM_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    transform: Transform
    weight: float
    def __init__(self, name: _Optional[str] = ..., transform: _Optional[_Union[Transform, str]] = ..., weight: _Optional[float] = ...) -> None: ...

class Split(_message.Message):
    __slots__ = ("random", "covariate", "none", "gene", "query_pair", "order", "group", "forward", "condition", "background")
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    COVARIATE_FIELD_NUMBER: _ClassVar[int]
    NONE_FIELD_NUMBER: _ClassVar[int]
    GENE_FIELD_NUMBER: _ClassVar[int]
    QUERY_PAIR_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    random: RandomSplit
    covariate: CovariateSplit
    none: NoSplit
    gene: GeneSplit
    query_pair: QueryPairSplit
    order: OrderSplit
    group: GroupSplit
    forward: ForwardSplit
    condition: ConditionSplit
    background: BackgroundSplit
    def __init__(self, random: _Optional[_Union[RandomSplit, _Mapping]] = ..., covariate: _Optional[_Union[CovariateSplit, _Mapping]] = ..., none: _Optional[_Union[NoSplit, _Mapping]] = ..., gene: _Optional[_Union[GeneSplit, _Mapping]] = ..., query_pair: _Optional[_Union[QueryPairSplit, _Mapping]] = ..., order: _Optional[_Union[OrderSplit, _Mapping]] = ..., group: _Optional[_Union[GroupSplit, _Mapping]] = ..., forward: _Optional[_Union[ForwardSplit, _Mapping]] = ..., condition: _Optional[_Union[ConditionSplit, _Mapping]] = ..., background: _Optional[_Union[BackgroundSplit, _Mapping]] = ...) -> None: ...

class RandomSplit(_message.Message):
    __slots__ = ("test_fraction", "seed", "folds", "fold")
    TEST_FRACTION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    test_fraction: float
    seed: int
    folds: int
    fold: int
    def __init__(self, test_fraction: _Optional[float] = ..., seed: _Optional[int] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ...) -> None: ...

class GeneSplit(_message.Message):
    __slots__ = ("test_fraction", "seed", "folds", "fold", "test", "match", "keep_singles")
    class Match(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MATCH_UNSPECIFIED: _ClassVar[GeneSplit.Match]
        MATCH_ANY: _ClassVar[GeneSplit.Match]
        MATCH_ALL: _ClassVar[GeneSplit.Match]
    MATCH_UNSPECIFIED: GeneSplit.Match
    MATCH_ANY: GeneSplit.Match
    MATCH_ALL: GeneSplit.Match
    TEST_FRACTION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    KEEP_SINGLES_FIELD_NUMBER: _ClassVar[int]
    test_fraction: float
    seed: int
    folds: int
    fold: int
    test: _containers.RepeatedScalarFieldContainer[str]
    match: GeneSplit.Match
    keep_singles: bool
    def __init__(self, test_fraction: _Optional[float] = ..., seed: _Optional[int] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ..., test: _Optional[_Iterable[str]] = ..., match: _Optional[_Union[GeneSplit.Match, str]] = ..., keep_singles: _Optional[bool] = ...) -> None: ...

class QueryPairSplit(_message.Message):
    __slots__ = ("test_fraction", "seed", "folds", "fold", "test", "covariate")
    TEST_FRACTION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    COVARIATE_FIELD_NUMBER: _ClassVar[int]
    test_fraction: float
    seed: int
    folds: int
    fold: int
    test: _containers.RepeatedScalarFieldContainer[str]
    covariate: str
    def __init__(self, test_fraction: _Optional[float] = ..., seed: _Optional[int] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ..., test: _Optional[_Iterable[str]] = ..., covariate: _Optional[str] = ...) -> None: ...

class OrderSplit(_message.Message):
    __slots__ = ("max_train_order",)
    MAX_TRAIN_ORDER_FIELD_NUMBER: _ClassVar[int]
    max_train_order: int
    def __init__(self, max_train_order: _Optional[int] = ...) -> None: ...

class GroupSplit(_message.Message):
    __slots__ = ("test_fraction", "seed", "folds", "fold", "test")
    TEST_FRACTION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    test_fraction: float
    seed: int
    folds: int
    fold: int
    test: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, test_fraction: _Optional[float] = ..., seed: _Optional[int] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ..., test: _Optional[_Iterable[str]] = ...) -> None: ...

class CovariateSplit(_message.Message):
    __slots__ = ("covariate", "test", "train", "folds", "fold")
    COVARIATE_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    TRAIN_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    covariate: str
    test: _containers.RepeatedScalarFieldContainer[str]
    train: _containers.RepeatedScalarFieldContainer[str]
    folds: int
    fold: int
    def __init__(self, covariate: _Optional[str] = ..., test: _Optional[_Iterable[str]] = ..., train: _Optional[_Iterable[str]] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ...) -> None: ...

class ForwardSplit(_message.Message):
    __slots__ = ("covariate", "test", "folds", "fold")
    COVARIATE_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    covariate: str
    test: str
    folds: int
    fold: int
    def __init__(self, covariate: _Optional[str] = ..., test: _Optional[str] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ...) -> None: ...

class ConditionSplit(_message.Message):
    __slots__ = ("covariate", "test", "train", "folds", "fold")
    COVARIATE_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    TRAIN_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    covariate: str
    test: _containers.RepeatedScalarFieldContainer[str]
    train: _containers.RepeatedScalarFieldContainer[str]
    folds: int
    fold: int
    def __init__(self, covariate: _Optional[str] = ..., test: _Optional[_Iterable[str]] = ..., train: _Optional[_Iterable[str]] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ...) -> None: ...

class BackgroundSplit(_message.Message):
    __slots__ = ("test", "train", "folds", "fold")
    TEST_FIELD_NUMBER: _ClassVar[int]
    TRAIN_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    FOLD_FIELD_NUMBER: _ClassVar[int]
    test: _containers.RepeatedScalarFieldContainer[str]
    train: _containers.RepeatedScalarFieldContainer[str]
    folds: int
    fold: int
    def __init__(self, test: _Optional[_Iterable[str]] = ..., train: _Optional[_Iterable[str]] = ..., folds: _Optional[int] = ..., fold: _Optional[int] = ...) -> None: ...

class NoSplit(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReportSpec(_message.Message):
    __slots__ = ("latent_map",)
    class LatentMap(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LATENT_MAP_UNSPECIFIED: _ClassVar[ReportSpec.LatentMap]
        LATENT_MAP_PCA: _ClassVar[ReportSpec.LatentMap]
        LATENT_MAP_UMAP: _ClassVar[ReportSpec.LatentMap]
    LATENT_MAP_UNSPECIFIED: ReportSpec.LatentMap
    LATENT_MAP_PCA: ReportSpec.LatentMap
    LATENT_MAP_UMAP: ReportSpec.LatentMap
    LATENT_MAP_FIELD_NUMBER: _ClassVar[int]
    latent_map: ReportSpec.LatentMap
    def __init__(self, latent_map: _Optional[_Union[ReportSpec.LatentMap, str]] = ...) -> None: ...

class OptimizerSpec(_message.Message):
    __slots__ = ("kind", "learning_rate", "weight_decay", "gradient_clip_norm")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[OptimizerSpec.Kind]
        KIND_ADAMW: _ClassVar[OptimizerSpec.Kind]
    KIND_UNSPECIFIED: OptimizerSpec.Kind
    KIND_ADAMW: OptimizerSpec.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    LEARNING_RATE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_DECAY_FIELD_NUMBER: _ClassVar[int]
    GRADIENT_CLIP_NORM_FIELD_NUMBER: _ClassVar[int]
    kind: OptimizerSpec.Kind
    learning_rate: float
    weight_decay: float
    gradient_clip_norm: float
    def __init__(self, kind: _Optional[_Union[OptimizerSpec.Kind, str]] = ..., learning_rate: _Optional[float] = ..., weight_decay: _Optional[float] = ..., gradient_clip_norm: _Optional[float] = ...) -> None: ...
