"""ModelAliasService: each method is a conversion, a handler and a conversion."""

from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers import registry
from service.handlers.context import Context
from service.rpc import registry_converters as converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import registry_pb2, registry_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class ModelAliasServicer(registry_pb2_grpc.ModelAliasServiceServicer):
    """Serves aliases of models, and promotions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def GetModelAlias(  # noqa: N802
        self, request: registry_pb2.GetModelAliasRequest, call: Call
    ) -> registry_pb2.ModelAlias:
        get, caller = registry.get_alias, caller_of(call)
        alias = await self._run(get, self._context, caller, request.reference)
        return converters.alias_message(alias)

    async def ListModelAliases(  # noqa: N802
        self, request: registry_pb2.ListModelAliasesRequest, call: Call
    ) -> registry_pb2.ListModelAliasesResponse:
        page, name = converters.aliases_arguments(request)
        list_, caller = registry.list_aliases, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, name=name)
        return converters.aliases_message(answer)

    async def DeleteModelAlias(  # noqa: N802
        self, request: registry_pb2.DeleteModelAliasRequest, call: Call
    ) -> Empty:
        await registry.delete_alias(self._context, caller_of(call), request.reference)
        return Empty()

    async def RollbackModelAlias(  # noqa: N802
        self, request: registry_pb2.RollbackModelAliasRequest, call: Call
    ) -> registry_pb2.Promotion:
        reference, asked = converters.rollback_arguments(request)
        rollback, caller = registry.rollback, caller_of(call)
        promotion = await self._run(rollback, self._context, caller, reference, asked)
        return converters.promotion_message(promotion)

    async def GetPromotion(  # noqa: N802
        self, request: registry_pb2.GetPromotionRequest, call: Call
    ) -> registry_pb2.Promotion:
        get, caller = registry.get_promotion, caller_of(call)
        promotion = await self._run(get, self._context, caller, request.id)
        return converters.promotion_message(promotion)

    async def ListPromotions(  # noqa: N802
        self, request: registry_pb2.ListPromotionsRequest, call: Call
    ) -> registry_pb2.ListPromotionsResponse:
        page, filters = converters.promotions_arguments(request)
        list_, caller = registry.list_promotions, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, **filters)
        return converters.promotions_message(answer)
