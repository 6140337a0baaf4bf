"""What a running server tells of itself by reflection: methods, and types of their messages."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


@dataclass(frozen=True)
class ReflectedMethod:
    """A method of a service, to be called with bytes."""

    service: str
    name: str
    request: Any
    answer: Any
    takes_stream: bool
    gives_stream: bool

    @property
    def path(self):
        return f"/{self.service}/{self.name}"

    def call(self, channel, contents, timeout, metadata):
        """The answers to requests given as bytes; raises `grpc.RpcError`."""
        asked = "stream" if self.takes_stream else "unary"
        given = "stream" if self.gives_stream else "unary"
        method = getattr(channel, f"{asked}_{given}")(self.path, bytes, self.answer.FromString)
        answers = method(
            iter(contents) if self.takes_stream else contents[0], timeout=timeout, metadata=metadata
        )
        return list(answers) if self.gives_stream else [answers]


def reflected_methods(channel):
    """Every method of every service that the server lists."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    found = []
    for name in sorted(database.get_services()):
        service = pool.FindServiceByName(name)
        found += [
            ReflectedMethod(
                service=name,
                name=method.name,
                request=method.input_type,
                answer=GetMessageClass(method.output_type),
                takes_stream=method.client_streaming,
                gives_stream=method.server_streaming,
            )
            for method in service.methods
        ]
    return found
