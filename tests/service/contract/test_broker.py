"""Law: one setting reaches the same server through redis-py and through Celery."""

import pytest

from service.contract.broker import celery_url, client_url


@pytest.mark.parametrize(
    ("url", "client", "celery"),
    [
        ("redis://h:6379/1", "redis://h:6379/1", "redis://h:6379/1"),
        ("valkey://u:p@h/0", "redis://u:p@h/0", "redis://u:p@h/0"),
        ("valkeys://h", "rediss://h", "rediss://h"),
        ("unix:///run/b.sock", "unix:///run/b.sock", "redis+socket:///run/b.sock"),
        ("redis+socket:///run/b.sock", "unix:///run/b.sock", "redis+socket:///run/b.sock"),
    ],
)
def test_both_spellings(url, client, celery):
    assert client_url(url) == client
    assert celery_url(url) == celery


@pytest.mark.parametrize("url", ["amqp://h", "unix://relative.sock", "/run/b.sock", ""])
def test_other_brokers_are_refused_with_what_is_allowed(url):
    with pytest.raises(ValueError, match="CELLGEBRA_BROKER_URL must be redis://"):
        celery_url(url)
