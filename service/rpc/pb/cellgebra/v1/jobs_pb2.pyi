import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_QUEUED: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_CANCELLING: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]

class JobPriority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_PRIORITY_UNSPECIFIED: _ClassVar[JobPriority]
    JOB_PRIORITY_LOW: _ClassVar[JobPriority]
    JOB_PRIORITY_NORMAL: _ClassVar[JobPriority]
    JOB_PRIORITY_HIGH: _ClassVar[JobPriority]

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TYPE_UNSPECIFIED: _ClassVar[EventType]
    EVENT_TYPE_STATE: _ClassVar[EventType]
    EVENT_TYPE_PROGRESS: _ClassVar[EventType]
    EVENT_TYPE_EPOCH: _ClassVar[EventType]
    EVENT_TYPE_VALIDATION: _ClassVar[EventType]
    EVENT_TYPE_REPORT: _ClassVar[EventType]
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_QUEUED: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_CANCELLING: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
JOB_PRIORITY_UNSPECIFIED: JobPriority
JOB_PRIORITY_LOW: JobPriority
JOB_PRIORITY_NORMAL: JobPriority
JOB_PRIORITY_HIGH: JobPriority
EVENT_TYPE_UNSPECIFIED: EventType
EVENT_TYPE_STATE: EventType
EVENT_TYPE_PROGRESS: EventType
EVENT_TYPE_EPOCH: EventType
EVENT_TYPE_VALIDATION: EventType
EVENT_TYPE_REPORT: EventType

class JobEvent(_message.Message):
    __slots__ = ("sequence", "type", "create_time", "data", "state", "progress", "epoch", "validation")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    VALIDATION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    type: EventType
    create_time: _timestamp_pb2.Timestamp
    data: _struct_pb2.Struct
    state: StateEvent
    progress: ProgressEvent
    epoch: EpochEvent
    validation: ValidationEvent
    def __init__(self, sequence: _Optional[int] = ..., type: _Optional[_Union[EventType, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., state: _Optional[_Union[StateEvent, _Mapping]] = ..., progress: _Optional[_Union[ProgressEvent, _Mapping]] = ..., epoch: _Optional[_Union[EpochEvent, _Mapping]] = ..., validation: _Optional[_Union[ValidationEvent, _Mapping]] = ...) -> None: ...

class StateEvent(_message.Message):
    __slots__ = ("state", "error")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    state: JobState
    error: Problem
    def __init__(self, state: _Optional[_Union[JobState, str]] = ..., error: _Optional[_Union[Problem, _Mapping]] = ...) -> None: ...

class ProgressEvent(_message.Message):
    __slots__ = ("fraction", "estimated_seconds_left", "message", "evaluated_count", "possible_count")
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EVALUATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    POSSIBLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    fraction: float
    estimated_seconds_left: float
    message: str
    evaluated_count: int
    possible_count: int
    def __init__(self, fraction: _Optional[float] = ..., estimated_seconds_left: _Optional[float] = ..., message: _Optional[str] = ..., evaluated_count: _Optional[int] = ..., possible_count: _Optional[int] = ...) -> None: ...

class EpochEvent(_message.Message):
    __slots__ = ("member", "epoch", "epochs", "terms", "metrics")
    class TermsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    member: int
    epoch: int
    epochs: int
    terms: _containers.ScalarMap[str, float]
    metrics: _containers.ScalarMap[str, float]
    def __init__(self, member: _Optional[int] = ..., epoch: _Optional[int] = ..., epochs: _Optional[int] = ..., terms: _Optional[_Mapping[str, float]] = ..., metrics: _Optional[_Mapping[str, float]] = ...) -> None: ...

class ValidationEvent(_message.Message):
    __slots__ = ("fold", "folds", "score")
    FOLD_FIELD_NUMBER: _ClassVar[int]
    FOLDS_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    fold: int
    folds: int
    score: float
    def __init__(self, fold: _Optional[int] = ..., folds: _Optional[int] = ..., score: _Optional[float] = ...) -> None: ...

class FilePart(_message.Message):
    __slots__ = ("sha256", "size_bytes", "content")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size_bytes: int
    content: bytes
    def __init__(self, sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., content: _Optional[bytes] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("code", "reason", "detail", "errors")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    code: str
    reason: str
    detail: str
    errors: _containers.RepeatedCompositeFieldContainer[Offender]
    def __init__(self, code: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., errors: _Optional[_Iterable[_Union[Offender, _Mapping]]] = ...) -> None: ...

class Offender(_message.Message):
    __slots__ = ("message", "field", "row", "column", "value", "suggestions")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SUGGESTIONS_FIELD_NUMBER: _ClassVar[int]
    message: str
    field: str
    row: int
    column: str
    value: str
    suggestions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, message: _Optional[str] = ..., field: _Optional[str] = ..., row: _Optional[int] = ..., column: _Optional[str] = ..., value: _Optional[str] = ..., suggestions: _Optional[_Iterable[str]] = ...) -> None: ...
