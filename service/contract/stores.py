"""The artifact store that the settings name: a local folder, or a bucket."""

from datetime import timedelta
from typing import Any

from service.contract.artifacts import ArtifactStore
from service.contract.settings import Settings

RETRY_SECONDS = 60
MOST_RETRIES = 6


def artifact_store(settings: Settings) -> ArtifactStore:
    """The store of this deployment; nothing is asked of it yet.

    Raises:
        ValueError: the URL is not one of a bucket, or what speaks to it is not installed.
    """
    if settings.artifact_url is None:
        return ArtifactStore(settings.artifact_dir)
    if not settings.artifact_url.startswith("s3://"):
        raise ValueError("setting CELLGEBRA_ARTIFACT_URL: use s3://bucket/prefix")
    try:
        from obstore.store import S3Store

        from service.contract.object_store import ObjectArtifactStore
    except ModuleNotFoundError as error:
        raise ValueError(
            "CELLGEBRA_ARTIFACT_URL needs obstore: pip install 'cellgebra[s3]'"
        ) from error
    objects = S3Store.from_url(
        settings.artifact_url,
        config=_config(settings),
        client_options={"allow_http": (settings.artifact_endpoint or "").startswith("http://")},
        retry_config={
            "max_retries": MOST_RETRIES,
            "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        },
    )
    return ObjectArtifactStore(settings.artifact_dir, objects, settings.artifact_cache_bytes)


def _config(settings: Settings) -> Any:  # noqa: ANN401 - obstore's S3Config
    """What is set; the rest comes from AWS's own variables, profiles aside."""
    secret = settings.artifact_secret_key
    given = {
        "endpoint": settings.artifact_endpoint,
        "region": settings.artifact_region,
        "access_key_id": settings.artifact_access_key,
        "secret_access_key": secret.get_secret_value() if secret else None,
        "checksum_algorithm": "SHA256",  # the bucket compares what comes with it
    }
    return {name: value for name, value in given.items() if value is not None}
