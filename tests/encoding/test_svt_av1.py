"""SVT-AV1 neither makes this process a real-time one nor prints."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from plain_mattes import everything

from sinet_video import Encoding, Settings, matte, open_sink, probe
from sinet_video.encoding.svt_av1 import LOG, THREADS, kept_scheduling

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="SCHEDULING IS NOT TESTED: only Linux has these policies"
)

OPEN_PLAINLY = """
import os, av
with av.open(os.devnull, "w", "matroska") as container:
    stream = container.add_stream("libsvtav1", rate=25)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    stream.codec_context.open()
    print({os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")})
"""


def policies() -> set[int]:
    """How the threads of this process are scheduled."""
    return {os.sched_getscheduler(int(entry.name)) for entry in THREADS.iterdir()}


@contextmanager
def other_thread() -> Iterator[None]:
    """One that does nothing until the end."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


def may_leave(policy: int) -> bool:
    """Whether this user's threads may come back from a policy: one that then ends tries."""

    def come_back() -> None:
        before = os.sched_getscheduler(0)
        os.sched_setscheduler(0, policy, os.sched_param(0))
        os.sched_setscheduler(0, before, os.sched_param(0))

    with ThreadPoolExecutor(1) as pool:
        return not isinstance(pool.submit(come_back).exception(), PermissionError)


@linux
def test_av1_leaves_threads_as_they_were(make_clip, tmp_path):
    """This one, and the many that the encoder starts; from the first frame to the last."""
    source = make_clip(frames=3)
    before, count = policies(), len(list(THREADS.iterdir()))
    found, counts = set(), set()
    out = tmp_path / "o.mp4"
    with open_sink(out, probe(source), encoding=Encoding(codec="av1", preset="12")) as sink:
        for cut in matte(source, settings=Settings(segmenter=everything)):
            sink.write(cut)
            found |= policies()
            counts.add(len(list(THREADS.iterdir())))
    assert max(counts) > count + 4
    assert found == policies() == before


@linux
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to be root")
def test_without_care_it_does_not():
    """If this fails, the encoder has mended its ways, and the care can go."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_PLAINLY], capture_output=True, text=True, check=True, timeout=60
    )
    if str(os.SCHED_FIFO) not in done.stdout and "priority" in done.stderr:
        pytest.skip("REAL-TIME SCHEDULING IS NOT TESTED: the system allows none here")
    assert str(os.SCHED_FIFO) in done.stdout.strip("{}\n").split(", ")


@linux
@pytest.mark.parametrize("policy", ["SCHED_BATCH", "SCHED_IDLE"])
def test_this_thread_and_new_ones_are_put_back(policy):
    """Threads that were there before are left alone; those that have ended are no error."""
    before, other = os.sched_getscheduler(0), getattr(os, policy)
    if not may_leave(other):
        pytest.skip(f"{policy} IS NOT TESTED: the system lets this user not come back from it")
    with ExitStack() as running:
        running.enter_context(other_thread())
        with kept_scheduling():
            os.sched_setscheduler(0, other, os.sched_param(0))
            with other_thread():
                assert policies() == {before, other}
            running.enter_context(other_thread())
            assert policies() == {before, other}
        assert policies() == {before}


@linux
def test_put_back_after_an_error():
    """As well."""

    def fail() -> None:
        with kept_scheduling():
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            raise ValueError("away")

    before = os.sched_getscheduler(0)
    with pytest.raises(ValueError, match="away"):
        fail()
    assert os.sched_getscheduler(0) == before


@linux
def test_without_proc_this_thread_is_put_back(monkeypatch):
    """The others cannot be found there."""
    before = os.sched_getscheduler(0)
    monkeypatch.setattr("sinet_video.encoding.svt_av1.THREADS", Path("/nowhere"))
    with kept_scheduling():
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    assert os.sched_getscheduler(0) == before


@linux
@pytest.mark.parametrize("error", [ProcessLookupError, PermissionError])
def test_a_thread_that_cannot_be_put_back_is_left(error, monkeypatch):
    """It has ended, or the system does not allow it; that is nothing to fail for."""

    def refuse(*_: object) -> None:
        raise error

    with kept_scheduling():
        monkeypatch.setattr(os, "sched_setscheduler", refuse)


CONVERT = """
import sys
import numpy as np
from sinet_video import Encoding, Settings, convert
everything = Settings(segmenter=lambda _: np.ones((3, 5), np.float32))
convert(sys.argv[1], sys.argv[2], settings=everything, encoding=Encoding(codec="av1"))
"""


@pytest.mark.parametrize("said", [None, "3"])
def test_it_prints_only_what_was_asked_for(said, make_clip, tmp_path):
    """By the environment, which is as before afterwards."""
    environment = {name: value for name, value in os.environ.items() if name != LOG}
    environment |= {LOG: said} if said else {}
    program = f"{CONVERT}\nimport os; print(os.environ.get({LOG!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program, make_clip(frames=3), tmp_path / "o.mp4"],
        capture_output=True, text=True, check=True, timeout=120, env=environment,
    )  # fmt: skip
    assert done.stdout == f"{said}\n"
    assert ("SVT-AV1" in done.stderr) == bool(said)
