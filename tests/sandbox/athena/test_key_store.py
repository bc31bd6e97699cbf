"""A listing that runs between a name and its key must not lose the name."""

import sys
import threading

import pytest

from sandbox.athena.moto_fixes.s3 import OrderedKeyStore

WRITERS, KEYS = 4, 2000


class Key:
    def dispose(self) -> None:
        pass


@pytest.fixture
def eager_switching():
    """Threads take turns so often that whatever can come between two steps does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_switching")
def test_no_key_is_lost_to_a_listing_that_runs_at_the_same_time():
    store, done = OrderedKeyStore(), threading.Event()

    def write(number: int) -> None:
        for n in range(KEYS):
            store[f"{number}-{n}"] = Key()
            if n % 3 == 0:  # a key that goes makes the next listing start anew
                store.pop(f"{number}-{n}")

    def look() -> None:
        while not done.is_set():
            store.names()

    reader = threading.Thread(target=look)
    writers = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    expected = {f"{number}-{n}" for number in range(WRITERS) for n in range(KEYS) if n % 3}
    assert set(store.names()) == expected
