"""Folders of files that only have names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path) -> Callable[..., Path]:
    """Make a folder of empty files: `folder("in", "a.mp4", "sub/b.mp4", ...)`."""

    def make(name: str, *files: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        for file in files:
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            (made / file).touch()
        return made

    return make
