"""KeyService: each method is a conversion, a handler and a conversion."""

from typing import Any

import grpc

from service.handlers import api_keys
from service.handlers.context import Context
from service.rpc import api_key_converters as converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import keys_pb2, keys_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class KeyServicer(keys_pb2_grpc.KeyServiceServicer):
    """Serves API keys."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def CreateApiKey(  # noqa: N802
        self, request: keys_pb2.CreateApiKeyRequest, call: Call
    ) -> keys_pb2.IssuedApiKey:
        asked = converters.create_arguments(request)
        made = await api_keys.create_key(self._context, caller_of(call), asked)
        return converters.issued_message(made)

    async def GetApiKey(  # noqa: N802
        self, request: keys_pb2.GetApiKeyRequest, call: Call
    ) -> keys_pb2.ApiKey:
        get, caller = api_keys.get_key, caller_of(call)
        return converters.key_message(await self._run(get, self._context, caller, request.id))

    async def ListApiKeys(  # noqa: N802
        self, request: keys_pb2.ListApiKeysRequest, call: Call
    ) -> keys_pb2.ListApiKeysResponse:
        page, caller = converters.page_of(request), caller_of(call)
        answer = await self._run(api_keys.list_keys, self._context, caller, page)
        return converters.keys_message(answer)

    async def RevokeApiKey(  # noqa: N802
        self, request: keys_pb2.RevokeApiKeyRequest, call: Call
    ) -> keys_pb2.ApiKey:
        revoked = await api_keys.revoke_key(self._context, caller_of(call), request.id)
        return converters.key_message(revoked)

    async def RotateApiKey(  # noqa: N802
        self, request: keys_pb2.RotateApiKeyRequest, call: Call
    ) -> keys_pb2.IssuedApiKey:
        key_id, how = converters.rotate_arguments(request)
        made = await api_keys.rotate_key(self._context, caller_of(call), key_id, how)
        return converters.issued_message(made)
