"""TLS of the gRPC server: its certificate, its key, and who signs those of clients, from files."""

import ssl
from pathlib import Path

import grpc

from service.contract.settings import Settings

_PREFIX = "CELLGEBRA_GRPC_TLS_"


class TlsError(ValueError):
    """A file that TLS needs is not one to use; says which setting names it, and what is wrong."""


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """What the server shows and asks of its clients; None without a certificate: no TLS.

    Raises:
        TlsError: a file is missing, unreadable, or not what its setting says.
    """
    if settings.grpc_tls_certificate is None or settings.grpc_tls_key is None:
        return None
    certificate = _certificates("CERTIFICATE", settings.grpc_tls_certificate)
    key = _content("KEY", settings.grpc_tls_key)
    _require_pair(settings.grpc_tls_certificate, settings.grpc_tls_key)
    if settings.grpc_tls_client_ca is None:
        return grpc.ssl_server_credentials([(key, certificate)])
    signers = _certificates("CLIENT_CA", settings.grpc_tls_client_ca)
    return grpc.ssl_server_credentials([(key, certificate)], signers, require_client_auth=True)


def _content(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{_PREFIX}{name}: cannot read {path} ({error.strerror})") from None


def _certificates(name: str, path: Path) -> bytes:
    content = _content(name, path)
    try:
        text = content.decode() or "empty"  # for "" would be no file at all
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=text)
    except (ssl.SSLError, UnicodeDecodeError):
        raise TlsError(f"{_PREFIX}{name}: {path} holds no certificate in PEM") from None
    return content


def _require_pair(certificate: Path, key: Path) -> None:
    try:
        # A key that needs a password gets a wrong one, instead of asking at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "-")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"{_PREFIX}KEY: {key} is not the key of {certificate}") from None
        raise TlsError(
            f"{_PREFIX}KEY: {key} holds no private key in PEM without a password"
        ) from None
