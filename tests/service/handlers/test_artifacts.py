"""A blob that has to come from a bucket takes as long as it takes: no transaction waits for it."""

import time

from service.handlers.access import LOCAL
from service.handlers.artifacts import find_artifact
from tests.service.rows import publish_blob


async def test_a_file_is_fetched_when_the_transaction_is_over(context, database, monkeypatch):
    blob = publish_blob(database, context.store, b"content")
    at_work = []

    def path(sha256, fetch=context.store.path):
        for _ in range(500):  # others may be reading just now, in threads of their own
            if context.database.engine.pool.checkedout() == 0:
                break
            time.sleep(0.01)
        at_work.append(context.database.engine.pool.checkedout())
        return fetch(sha256)

    monkeypatch.setattr(context.store, "path", path)
    artifact, file = find_artifact(context, LOCAL, blob.sha256)
    assert (artifact.sha256, file.read_bytes()) == (blob.sha256, b"content")
    assert at_work == [0]
