"""What a key's text is."""

import hashlib

import pytest

from service.contract.api_keys import hash_of, id_of, new_key_id, new_secret


def test_a_secret_names_its_key():
    key_id = new_key_id()
    assert id_of(new_secret(key_id)) == key_id


def test_a_secret_has_256_bits_that_no_other_has():
    secrets = {new_secret("key_0123456789abcdef") for _ in range(1000)}
    assert len(secrets) == 1000
    assert {len(secret.removeprefix("cgb_0123456789abcdef_")) for secret in secrets} == {43}
    assert 43 * 6 >= 256  # base64url has six bits a character


def test_what_is_kept_is_its_sha256():
    assert hash_of("cgb_x") == hashlib.sha256(b"cgb_x").hexdigest()


@pytest.mark.parametrize(
    "text", ["", "cgb_", "cgb__", "key_0123456789abcdef", f"cgb_0123456789abcdef_{'a' * 42}"]
)
def test_what_is_no_key_names_none(text):
    assert id_of(text) is None
