"""Ray on this machine, for tests: clusters, their processes, and that none is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "RAY_TEST_MARK"
"""A variable of the environment by which the processes of a test are known."""

HELD = """
import sys, ray
ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=80 << 20)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
"""


def marked(mark: str, titled: str = "") -> list[int]:
    """Return the processes with a mark that are not at their end, by what `ps` calls them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()  # none of one that has ended
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment.split(b"\0") and titled.encode() in title:
            found.append((int(folder.name), title))
    # Python's own helper of processes lasts as long as the tests do.
    return [pid for pid, title in found if pid != os.getpid() and b"resource_tracker" not in title]


def listening(mark: str) -> set[str]:
    """Return the addresses, as the system writes them, that processes with a mark listen on."""
    links = []
    for pid in marked(mark):
        try:
            links += [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in links:
                found.add(local.partition(":")[0])
    return found


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, in both tables."""


def until(so: Callable[[], object], seconds: float = 60.0) -> bool:
    """Wait until something is so; return whether it is."""
    end = time.monotonic() + seconds
    while not (is_so := so()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(is_so)


@contextmanager
def cluster(environment: dict[str, str]) -> Iterator[str]:
    """Start a cluster with two cores, yield its address, and see that all of it ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HELD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
    assert until(lambda: not marked(environment[MARK]))
