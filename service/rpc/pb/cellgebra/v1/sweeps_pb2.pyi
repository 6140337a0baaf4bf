import datetime

from service.rpc.pb.cellgebra.v1 import jobs_pb2 as _jobs_pb2
from service.rpc.pb.cellgebra.v1 import training_pb2 as _training_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrialState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIAL_STATE_UNSPECIFIED: _ClassVar[TrialState]
    TRIAL_STATE_RUNNING: _ClassVar[TrialState]
    TRIAL_STATE_SUCCEEDED: _ClassVar[TrialState]
    TRIAL_STATE_FAILED: _ClassVar[TrialState]
    TRIAL_STATE_CANCELLED: _ClassVar[TrialState]
    TRIAL_STATE_PRUNED: _ClassVar[TrialState]
    TRIAL_STATE_QUEUED: _ClassVar[TrialState]

class Pruner(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRUNER_UNSPECIFIED: _ClassVar[Pruner]
    PRUNER_MEDIAN: _ClassVar[Pruner]
    PRUNER_NONE: _ClassVar[Pruner]
TRIAL_STATE_UNSPECIFIED: TrialState
TRIAL_STATE_RUNNING: TrialState
TRIAL_STATE_SUCCEEDED: TrialState
TRIAL_STATE_FAILED: TrialState
TRIAL_STATE_CANCELLED: TrialState
TRIAL_STATE_PRUNED: TrialState
TRIAL_STATE_QUEUED: TrialState
PRUNER_UNSPECIFIED: Pruner
PRUNER_MEDIAN: Pruner
PRUNER_NONE: Pruner

class CreateSweepRequest(_message.Message):
    __slots__ = ("spec", "request_id")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    spec: SweepSpec
    request_id: str
    def __init__(self, spec: _Optional[_Union[SweepSpec, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class GetSweepRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListSweepsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _jobs_pb2.JobState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSweepsResponse(_message.Message):
    __slots__ = ("sweeps", "next_page_token")
    SWEEPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sweeps: _containers.RepeatedCompositeFieldContainer[Sweep]
    next_page_token: str
    def __init__(self, sweeps: _Optional[_Iterable[_Union[Sweep, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelSweepRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ResumeSweepRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class DeleteSweepRequest(_message.Message):
    __slots__ = ("id", "cascade")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASCADE_FIELD_NUMBER: _ClassVar[int]
    id: str
    cascade: bool
    def __init__(self, id: _Optional[str] = ..., cascade: _Optional[bool] = ...) -> None: ...

class Sweep(_message.Message):
    __slots__ = ("id", "state", "spec", "create_time", "start_time", "end_time", "trial_count", "best_trial_number", "best_objective", "winner_job_id", "model_id", "trials", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    TRIAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    BEST_TRIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BEST_OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    WINNER_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: _jobs_pb2.JobState
    spec: SweepSpec
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    trial_count: int
    best_trial_number: int
    best_objective: float
    winner_job_id: str
    model_id: str
    trials: _containers.RepeatedCompositeFieldContainer[SweepTrial]
    error: _jobs_pb2.Problem
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[_jobs_pb2.JobState, str]] = ..., spec: _Optional[_Union[SweepSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trial_count: _Optional[int] = ..., best_trial_number: _Optional[int] = ..., best_objective: _Optional[float] = ..., winner_job_id: _Optional[str] = ..., model_id: _Optional[str] = ..., trials: _Optional[_Iterable[_Union[SweepTrial, _Mapping]]] = ..., error: _Optional[_Union[_jobs_pb2.Problem, _Mapping]] = ...) -> None: ...

class SweepTrial(_message.Message):
    __slots__ = ("number", "state", "values", "fold_scores", "objective", "job_id", "reason")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FOLD_SCORES_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    number: int
    state: TrialState
    values: _containers.RepeatedCompositeFieldContainer[SweepValue]
    fold_scores: _containers.RepeatedScalarFieldContainer[float]
    objective: float
    job_id: str
    reason: str
    def __init__(self, number: _Optional[int] = ..., state: _Optional[_Union[TrialState, str]] = ..., values: _Optional[_Iterable[_Union[SweepValue, _Mapping]]] = ..., fold_scores: _Optional[_Iterable[float]] = ..., objective: _Optional[float] = ..., job_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SweepValue(_message.Message):
    __slots__ = ("path", "value")
    PATH_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    path: str
    value: str
    def __init__(self, path: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class SweepSpec(_message.Message):
    __slots__ = ("training", "parameters", "objective", "max_trials", "max_parallel", "budget_seconds", "pruner", "seed")
    TRAINING_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    MAX_TRIALS_FIELD_NUMBER: _ClassVar[int]
    MAX_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    BUDGET_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PRUNER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    training: _training_pb2.TrainingSpec
    parameters: _containers.RepeatedCompositeFieldContainer[SweepRange]
    objective: Objective
    max_trials: int
    max_parallel: int
    budget_seconds: float
    pruner: Pruner
    seed: int
    def __init__(self, training: _Optional[_Union[_training_pb2.TrainingSpec, _Mapping]] = ..., parameters: _Optional[_Iterable[_Union[SweepRange, _Mapping]]] = ..., objective: _Optional[_Union[Objective, _Mapping]] = ..., max_trials: _Optional[int] = ..., max_parallel: _Optional[int] = ..., budget_seconds: _Optional[float] = ..., pruner: _Optional[_Union[Pruner, str]] = ..., seed: _Optional[int] = ...) -> None: ...

class Objective(_message.Message):
    __slots__ = ("criterion", "label", "folds")
    class Criterion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CRITERION_UNSPECIFIED: _ClassVar[Objective.Criterion]
        CRITERION_SPEARMAN: _ClassVar[Objective.Criterion]
        CRITERION_MSE: _ClassVar[Objective.Criterion]
    CRITERION_UNSPECIFIED: Objective.Criterion
    CRITERION_SPEARMAN: Objective.Criterion
    CRITERION_MSE: Objective.Criterion
    CRITERION_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    criterion: Objective.Criterion
    label: str
    folds: int
    def __init__(self, criterion: _Optional[_Union[Objective.Criterion, str]] = ..., label: _Optional[str] = ..., folds: _Optional[int] = ...) -> None: ...

class SweepRange(_message.Message):
    __slots__ = ("int", "float", "choice")
    INT_FIELD_NUMBER: _ClassVar[int]
    FLOAT_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    int: IntRange
    float: FloatRange
    choice: ChoiceRange
    def __init__(self, int: _Optional[_Union[IntRange, _Mapping]] = ..., float: _Optional[_Union[FloatRange, _Mapping]] = ..., choice: _Optional[_Union[ChoiceRange, _Mapping]] = ...) -> None: ...

class IntRange(_message.Message):
    __slots__ = ("path", "log", "low", "high")
    PATH_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    path: str
    log: bool
    low: int
    high: int
    def __init__(self, path: _Optional[str] = ..., log: _Optional[bool] = ..., low: _Optional[int] = ..., high: _Optional[int] = ...) -> None: ...

class FloatRange(_message.Message):
    __slots__ = ("path", "log", "low", "high")
    PATH_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    path: str
    log: bool
    low: float
    high: float
    def __init__(self, path: _Optional[str] = ..., log: _Optional[bool] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class ChoiceRange(_message.Message):
    __slots__ = ("path", "choices")
    PATH_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    path: str
    choices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, path: _Optional[str] = ..., choices: _Optional[_Iterable[str]] = ...) -> None: ...
