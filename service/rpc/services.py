"""The one list of services: their names, and how each is added to a server."""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor

from service.handlers.context import Context
from service.rpc.api_keys import KeyServicer
from service.rpc.artifacts import ArtifactServicer
from service.rpc.audit import AuditServicer
from service.rpc.catalogs import HealthServicer, LossServicer, SchemaServicer
from service.rpc.datasets import DatasetServicer
from service.rpc.gene_tables import GeneTableServicer
from service.rpc.inference import InferenceServicer
from service.rpc.model_aliases import ModelAliasServicer
from service.rpc.models import ModelServicer
from service.rpc.open_inference import OpenInferenceServicer
from service.rpc.pb.cellgebra.v1 import (
    artifacts_pb2,
    artifacts_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    datasets_pb2,
    datasets_pb2_grpc,
    genes_pb2,
    genes_pb2_grpc,
    health_pb2,
    health_pb2_grpc,
    inference_pb2,
    inference_pb2_grpc,
    keys_pb2,
    keys_pb2_grpc,
    losses_pb2,
    losses_pb2_grpc,
    registry_pb2,
    registry_pb2_grpc,
    schemas_pb2,
    schemas_pb2_grpc,
    scoring_pb2,
    scoring_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    sweeps_pb2,
    sweeps_pb2_grpc,
    training_pb2,
    training_pb2_grpc,
)
from service.rpc.pb.inference import open_inference_pb2, open_inference_pb2_grpc
from service.rpc.scoring import ScoringServicer
from service.rpc.search import SearchServicer
from service.rpc.sweeps import SweepServicer
from service.rpc.training import TrainingServicer

Add = Callable[[Any, grpc.aio.Server], None]

# (file of the contract, how the service is added, what serves it); a file has one service or more,
# in the order of this list.
_SERVICES: tuple[tuple[FileDescriptor, Add, Callable[[Context], object]], ...] = (
    (
        training_pb2.DESCRIPTOR,
        training_pb2_grpc.add_TrainingServiceServicer_to_server,
        TrainingServicer,
    ),
    (search_pb2.DESCRIPTOR, search_pb2_grpc.add_SearchServiceServicer_to_server, SearchServicer),
    (
        scoring_pb2.DESCRIPTOR,
        scoring_pb2_grpc.add_ScoringServiceServicer_to_server,
        ScoringServicer,
    ),
    (sweeps_pb2.DESCRIPTOR, sweeps_pb2_grpc.add_SweepServiceServicer_to_server, SweepServicer),
    (
        inference_pb2.DESCRIPTOR,
        inference_pb2_grpc.add_InferenceServiceServicer_to_server,
        InferenceServicer,
    ),
    (
        datasets_pb2.DESCRIPTOR,
        datasets_pb2_grpc.add_DatasetServiceServicer_to_server,
        DatasetServicer,
    ),
    (
        genes_pb2.DESCRIPTOR,
        genes_pb2_grpc.add_GeneTableServiceServicer_to_server,
        GeneTableServicer,
    ),
    (registry_pb2.DESCRIPTOR, registry_pb2_grpc.add_ModelServiceServicer_to_server, ModelServicer),
    (
        registry_pb2.DESCRIPTOR,
        registry_pb2_grpc.add_ModelAliasServiceServicer_to_server,
        ModelAliasServicer,
    ),
    (
        artifacts_pb2.DESCRIPTOR,
        artifacts_pb2_grpc.add_ArtifactServiceServicer_to_server,
        ArtifactServicer,
    ),
    (losses_pb2.DESCRIPTOR, losses_pb2_grpc.add_LossServiceServicer_to_server, LossServicer),
    (schemas_pb2.DESCRIPTOR, schemas_pb2_grpc.add_SchemaServiceServicer_to_server, SchemaServicer),
    (health_pb2.DESCRIPTOR, health_pb2_grpc.add_HealthServiceServicer_to_server, HealthServicer),
    (keys_pb2.DESCRIPTOR, keys_pb2_grpc.add_KeyServiceServicer_to_server, KeyServicer),
    (audit_pb2.DESCRIPTOR, audit_pb2_grpc.add_AuditServiceServicer_to_server, AuditServicer),
    (
        open_inference_pb2.DESCRIPTOR,
        open_inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server,
        OpenInferenceServicer,
    ),
)

DESCRIPTORS: tuple[ServiceDescriptor, ...] = tuple(
    service
    for file in dict.fromkeys(file for file, _, _ in _SERVICES)
    for service in file.services_by_name.values()
)
SERVICE_NAMES: tuple[str, ...] = tuple(service.full_name for service in DESCRIPTORS)


def add_services(server: grpc.aio.Server, context: Context) -> None:
    """Have `server` answer for every service of the contract."""
    for _, add, servicer in _SERVICES:
        add(servicer(context), server)
