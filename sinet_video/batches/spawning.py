"""New processes, which leave the caller's script alone where it is not needed."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Channel
else:
    from multiprocessing.connection import Connection as Channel

__all__ = ["SPAWN", "Channel", "spawned"]

SPAWN = multiprocessing.get_context("spawn")


def spawned(
    target: Callable[..., None], *arguments: Any, script: bool = False, name: str | None = None
) -> BaseProcess:
    """Start a fresh process.

    multiprocessing has it run the script that Python was started with, as what is sent may be
    defined there. That takes time, and a script without `if __name__ == "__main__":` would do its
    work again. So the new process hears of the script only where `script` asks for it.
    """
    process = SPAWN.Process(target=target, args=arguments, name=name)
    with nullcontext() if script else _without_script():
        process.start()
    return process


@contextmanager
def _without_script() -> Iterator[None]:
    """Let the main module look as that of an interactive session, which has no file."""
    script = sys.modules["__main__"]
    stand_in = ModuleType(script.__name__)
    kept = {name: value for name, value in vars(script).items() if name != "__file__"}
    vars(stand_in).update(kept, __spec__=None)
    sys.modules["__main__"] = stand_in
    try:
        yield
    finally:
        sys.modules["__main__"] = script
