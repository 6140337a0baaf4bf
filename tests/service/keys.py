"""Keys as tests make them, through the repository alone."""

from service.contract.api_keys import ApiKeyRequest, Scope
from service.contract.repositories import api_keys
from service.contract.repositories.jobs import Owner


def make_key(database, *scopes, project="default", **request):
    """A key; returns its id and its secret."""
    asked = ApiKeyRequest(name="test", scopes=scopes or [Scope.ADMIN], **request)
    with database.write() as session:
        row, secret = api_keys.create_key(session, Owner(project, "test"), asked)
        return row.id, secret


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}
