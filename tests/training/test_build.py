"""The kernels of training: built once, and what is said where they cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sinet_video.training.kernels import build


@pytest.fixture
def forgetful() -> Iterator[None]:
    """What is known of this machine's compiler is asked anew, and forgotten afterwards."""
    build.unavailable_reason.cache_clear()
    yield
    build.unavailable_reason.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_without_a_compiler(monkeypatch, tmp_path):
    """A sentence's worth of reason, found out before anything is built."""
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    with pytest.raises(RuntimeError, match="no C\\+\\+ compiler no-such-compiler"):
        build.kernels.__wrapped__()
    monkeypatch.setattr(build, "kernels", build.kernels.__wrapped__)
    assert build.unavailable_reason() == "there is no C++ compiler no-such-compiler"
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("forgetful")
def test_a_compiler_that_fails(monkeypatch, tmp_path):
    """The first line of what it says; nothing half-built stays, nor a changed path."""
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    broken = tmp_path / "fused.cpp"
    broken.write_text("this is no C++\n")
    monkeypatch.setattr(build, "SOURCE", broken)
    monkeypatch.setattr(build, "kernels", build.kernels.__wrapped__)
    path = build.os.environ["PATH"]
    reason = build.unavailable_reason()
    assert reason
    assert "\n" not in reason
    assert build.os.environ["PATH"] == path
    assert not [own for own in tmp_path.rglob("*") if own.suffix in (".so", ".o", ".ninja")]


@pytest.mark.usefixtures("_built")
def test_a_library_is_of_its_source_and_flags(monkeypatch, tmp_path):
    """Another of either is another file."""
    one = build._library(["-O3"])
    assert one == build._library(["-O3"])
    assert one != build._library(["-O2"])
    other = tmp_path / "fused.cpp"
    other.write_text("// another\n")
    monkeypatch.setattr(build, "SOURCE", other)
    assert one != build._library(["-O3"])
    assert isinstance(one, Path)
