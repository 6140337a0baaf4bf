"""TLS: who is let in by which certificate, and what is said of a file that is none."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import ValidationError

from service.contract.settings import Settings
from service.rpc.server import start_server
from service.rpc.tls import TlsError, server_credentials
from tests.service.rpc.certificates import make_authority, make_pair, openssl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder):
    return make_authority(folder, "authority")


@pytest.fixture(scope="module")
def strange_authority(folder):
    return make_authority(folder, "strange_authority")


@pytest.fixture(scope="module")
def pair(folder, authority):
    return make_pair(folder, "server", authority)


@pytest.fixture(scope="module")
def client_pair(folder, authority):
    return make_pair(folder, "client", authority)


@pytest.fixture(scope="module")
def strange_pair(folder, strange_authority):
    return make_pair(folder, "stranger", strange_authority)


@pytest.fixture
def over_tls(settings, pair):
    return settings.model_copy(
        update={"grpc_tls_certificate": pair.certificate, "grpc_tls_key": pair.key}
    )


@pytest.fixture
def asking_for_certificates(over_tls, authority):
    return over_tls.model_copy(update={"grpc_tls_client_ca": authority.certificate})


@pytest.fixture
async def ask(context):
    """The health of a server with such settings, asked with credentials (None: no TLS)."""
    servers = []

    async def check(settings, credentials):
        server = await start_server(context, settings)
        servers.append(server)
        address = f"localhost:{server.port}"
        channel = (
            grpc.aio.insecure_channel(address)
            if credentials is None
            else grpc.aio.secure_channel(address, credentials)
        )
        async with channel:
            stub = health_pb2_grpc.HealthStub(channel)
            return (await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)).status

    yield check
    for server in servers:
        await server.stop(0)


def trusting(authority, pair=None):
    """A client's credentials: whom it trusts, and what it shows."""
    certificate, key = (None, None) if pair is None else pair.contents
    return grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, certificate)


async def refused(asked):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asked
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_client_that_trusts_the_authority_is_served(ask, over_tls, authority):
    status = await ask(over_tls, trusting(authority))
    assert status == health_pb2.HealthCheckResponse.SERVING


async def test_a_client_that_trusts_another_does_not_speak(ask, over_tls, strange_authority):
    await refused(ask(over_tls, trusting(strange_authority)))


async def test_nobody_is_served_without_tls(ask, over_tls):
    await refused(ask(over_tls, None))


async def test_a_client_with_a_certificate_is_served(
    ask, asking_for_certificates, authority, client_pair
):
    status = await ask(asking_for_certificates, trusting(authority, client_pair))
    assert status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("has_one", [False, True])
async def test_a_client_without_a_certificate_of_the_authority_is_refused(
    ask, asking_for_certificates, authority, strange_pair, has_one
):
    shown = strange_pair if has_one else None
    await refused(ask(asking_for_certificates, trusting(authority, shown)))


@pytest.fixture
def broken(folder):
    """Files that are not what they should be, by what is wrong with them."""
    made = {name: folder / name for name in ("missing", "folder", "empty", "garbage", "locked")}
    made["folder"].mkdir(exist_ok=True)
    made["empty"].write_bytes(b"")
    made["garbage"].write_bytes(
        b"-----BEGIN CERTIFICATE-----\n\xff\xfe\n-----END CERTIFICATE-----\n"
    )
    openssl(
        *("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret"),
        *("-out", made["locked"]),
    )
    return made


@pytest.mark.parametrize(
    ("setting", "wrong", "said"),
    [
        ("certificate", "missing", "cannot read .*missing .No such file"),
        ("certificate", "folder", "cannot read .*folder .Is a directory"),
        ("certificate", "empty", "holds no certificate in PEM"),
        ("certificate", "garbage", "holds no certificate in PEM"),
        ("key", "missing", "cannot read .*missing"),
        ("key", "empty", "holds no private key in PEM"),
        ("key", "locked", "holds no private key in PEM without a password"),
        ("client_ca", "missing", "cannot read .*missing"),
        ("client_ca", "garbage", "holds no certificate in PEM"),
    ],
)
def test_a_file_that_is_of_no_use_is_named_with_its_setting(
    asking_for_certificates, broken, setting, wrong, said
):
    settings = asking_for_certificates.model_copy(update={f"grpc_tls_{setting}": broken[wrong]})
    with pytest.raises(TlsError, match=f"CELLGEBRA_GRPC_TLS_{setting.upper()}: .*{said}"):
        server_credentials(settings)


def test_the_key_of_another_certificate_is_named(over_tls, client_pair):
    settings = over_tls.model_copy(update={"grpc_tls_key": client_pair.key})
    with pytest.raises(TlsError, match=r"TLS_KEY: .*client\.key is not the key of .*server\.crt"):
        server_credentials(settings)


def test_without_a_certificate_there_is_no_tls(settings):
    assert server_credentials(settings) is None


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"grpc_tls_certificate": "a"}, "CELLGEBRA_GRPC_TLS_KEY"),
        ({"grpc_tls_key": "a"}, "CELLGEBRA_GRPC_TLS_CERTIFICATE"),
        ({"grpc_tls_client_ca": "a"}, "CELLGEBRA_GRPC_TLS_CERTIFICATE"),
    ],
)
def test_tls_by_halves_is_refused(given, missing):
    with pytest.raises(ValidationError, match=f"is set, which needs {missing}, too"):
        Settings(**given)
