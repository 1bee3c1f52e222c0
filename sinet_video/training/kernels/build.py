"""The C++ kernels of training: built once on a machine, and kept in this library's cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from sinet_video.cache import cache_folder

NAME = "sinet_video_fused"
FOLDER = Path(__file__).parent
SOURCE = FOLDER / "fused.cpp"
HEADERS = sorted(FOLDER.glob("*.h"))


@cache
def unavailable_reason() -> str | None:
    """Return why there are no kernels on this machine, or None if there are.

    The first call on a machine builds the kernels.
    """
    try:
        kernels()
    except (ImportError, OSError, RuntimeError) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None


def built() -> bool:
    """Whether the kernels need not be built any more."""
    return _library(_flags()).exists()


@cache
def kernels() -> Any:
    """Return the compiled kernels; the first call on a machine builds them.

    They are stored in this library's cache, or in TORCH_EXTENSIONS_DIR. Raises RuntimeError,
    OSError or ImportError if there is no C++ compiler or no ninja, or if they do not fit this
    machine.
    """
    from torch.utils.cpp_extension import get_cxx_compiler, load

    flags = _flags()
    library = _library(flags)
    if library.exists():
        return _imported(library)
    compiler: str = get_cxx_compiler()  # type: ignore[no-untyped-call]  # torch gives it none
    if not shutil.which(compiler):
        raise RuntimeError(f"there is no C++ compiler {compiler}")
    library.parent.mkdir(parents=True, exist_ok=True)
    # In a folder of its own, as torch would wait for ever for a build that was killed.
    with TemporaryDirectory(dir=library.parent) as folder, _ninja_on_path():
        module = load(NAME, [str(SOURCE)], extra_cflags=flags, build_directory=folder)
        (Path(folder) / library.name).replace(library)
    return module


def _flags() -> list[str]:
    return ["-std=c++20", "-O3", "-march=native", *_instruction_set()]


def _library(flags: list[str]) -> Path:
    """Return the path of this machine's kernels, named after everything they are built from."""
    from torch.utils.cpp_extension import LIB_EXT

    capability = torch.backends.cpu.get_cpu_capability()
    texts = [path.read_text("utf-8") for path in (SOURCE, *HEADERS)]
    origins = [*texts, sys.version, torch.__version__, capability, *flags]
    digest = hashlib.sha256("\n".join(origins).encode()).hexdigest()[:16]
    root = os.environ.get("TORCH_EXTENSIONS_DIR") or cache_folder()
    return Path(root) / NAME / digest / f"{NAME}{LIB_EXT}"


def _imported(library: Path) -> Any:
    spec = importlib.util.spec_from_file_location(NAME, library)
    if spec is None or spec.loader is None:
        raise ImportError(f"{library} is not a module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _ninja_on_path() -> Iterator[None]:
    """Let torch find the package's ninja even if no environment is activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([before, sysconfig.get_path("scripts")])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _instruction_set() -> list[str]:
    """Return the flags that make torch's vector class use this machine's width."""
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX"):
        return []
    # 256 bits even where 512 are available, as the rows of SINet are short.
    return ["-DCPU_CAPABILITY=AVX2", "-DCPU_CAPABILITY_AVX2"]
