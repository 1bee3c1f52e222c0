"""The commands by name, each imported when it is first asked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib import import_module

import click


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands that are called as their modules in `commands/` are.

    To start one command should not take the time of importing what all the others need.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._loaded: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        command = self._loaded[name]
        if command is None:
            with loading():
                module = import_module(f"sinet_video.cli.commands.{name}")
            command = self._loaded[name] = getattr(module, name)
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


@contextmanager
def loading() -> Iterator[None]:
    """Import without collecting garbage.

    Modules make many objects and no garbage, and looking for it takes a tenth of the start. They
    stay, so that later nothing is looked for among them either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
