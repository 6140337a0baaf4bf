"""Keys that two change at once."""

import time
from concurrent.futures import ThreadPoolExecutor

from service.contract.database import utc_now
from service.contract.repositories import api_keys
from tests.service.keys import make_key


def test_of_two_rotations_at_once_both_secrets_hold(database):
    key_id, first = make_key(database)

    def rotate():
        with database.write() as session:
            return api_keys.rotate_key(session, "default", key_id, keep_old_seconds=60)[1]

    with ThreadPoolExecutor(1) as other:
        with database.write() as session:
            _, earlier = api_keys.rotate_key(session, "default", key_id, keep_old_seconds=60)
            session.flush()
            waiting = other.submit(rotate)
            time.sleep(0.5)  # it has read the key by then, if it does not wait to do so
        later = waiting.result(timeout=20)
    with database.read() as session:
        row = api_keys.get_key(session, "default", key_id)
    held = [row.sha256, row.previous_sha256]
    assert held == [api_keys.hash_of(later), api_keys.hash_of(earlier)]
    assert len({first, earlier, later}) == 3


def test_two_processes_that_note_uses_do_not_lock_each_other_out(database):
    ids = [make_key(database)[0] for _ in range(40)]
    orders = [ids, ids[::-1]] * 4

    def note(order):
        with database.write() as session:
            api_keys.note_uses(session, dict.fromkeys(order, utc_now()))

    with ThreadPoolExecutor(2) as processes:
        list(processes.map(note, orders))
    with database.read() as session:
        assert all(row.last_use_time for row in api_keys.list_all_keys(session))
