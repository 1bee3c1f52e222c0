"""The package's face: its names, their documentation, and what importing it costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import isfunction, signature
from pathlib import Path

import pytest

import sinet_video


def stub() -> list[ast.ImportFrom]:
    """The stub's imports."""
    text = Path(sinet_video.__file__).with_suffix(".pyi").read_text("utf-8")
    return [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]


HOME = {alias.name: node.module for node in stub() for alias in node.names}
NAMES = [name for name in sinet_video.__all__ if name != "__version__"]
HEAVY = ("torch", "kornia", "onnxruntime", "av", "numpy")


def modules_after(program: str, *arguments: object) -> set[str]:
    """The heavy packages that a fresh interpreter has imported after running a program."""
    ending = f"\nimport json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program + ending, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def defined_in(module: str) -> dict[str, str | None]:
    """Each name that a module's source defines at its top, with the docstring there."""
    source = Path(import_module(f"sinet_video.{module}").__file__ or "").read_text("utf-8")
    body = ast.parse(source).body
    found: dict[str, str | None] = {}
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            found[statement.name] = ast.get_docstring(statement)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = _string(following)
    return found


def _string(statement: ast.stmt | None) -> str | None:
    """A statement's string where it is nothing else: the docstring of the name before it."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there_and_documented(name: str) -> None:
    """Each public name is defined in the module that is named for it, with a docstring."""
    home = HOME[name]
    assert getattr(sinet_video, name) is getattr(import_module(f"sinet_video.{home}"), name)
    written = defined_in(home)
    assert name in written, f"{name} is not defined in {home}, only imported there"
    assert written[name], f"{name} has no docstring"
    assert written[name].splitlines()[0].rstrip().endswith((".", "`.", ";", ","))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_given_to_it_is_public(name: str) -> None:
    """A caller can make every settings object that it takes, without knowing modules."""
    thing = getattr(sinet_video, name)
    defaults: list[object] = []
    if isinstance(thing, type) and is_dataclass(thing):
        defaults = [each.default for each in fields(thing)]
    elif isfunction(thing):
        defaults = [each.default for each in signature(thing).parameters.values()]
    kinds = {type(each) for each in defaults if is_dataclass(each)}
    assert {kind.__name__ for kind in kinds} <= set(NAMES)


def test_version() -> None:
    """The version is three numbers."""
    assert [part.isdecimal() for part in sinet_video.__version__.split(".")] == [True] * 3


def test_the_stub_is_the_only_list() -> None:
    """`__all__` is what the stub imports, each name once and under its own name."""
    names = [alias.name for node in stub() for alias in node.names]
    assert sinet_video.__all__ == sorted(names)
    assert len(set(names)) == len(names)
    assert all(alias.asname == alias.name for node in stub() for alias in node.names)


WRONG = """
import sinet_video

sinet_video.decode
sinet_video.nope
"""


def test_a_name_that_there_is_not_is_a_type_error(tmp_path: Path) -> None:
    """Type checkers know the public names, and refuse others."""
    program = tmp_path / "program.py"
    program.write_text(WRONG)
    face = Path(sinet_video.__file__).with_suffix(".pyi")
    run = ["--strict", "--follow-imports=skip", "--cache-dir", tmp_path, program, face]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *run], capture_output=True, text=True, check=False
    )
    (error,) = (line for line in done.stdout.splitlines() if ": error: " in line)
    assert error.endswith('program.py:5: error: Module has no attribute "nope"  [attr-defined]')


def test_dir_lists_what_is_public() -> None:
    """Completion offers the public names, used or not."""
    assert dir(sinet_video) == sinet_video.__all__


def test_star_import() -> None:
    """`from sinet_video import *` gives every name."""
    names: dict[str, object] = {}
    exec("from sinet_video import *", names)
    assert set(names) - {"__builtins__"} == set(sinet_video.__all__)


@pytest.mark.parametrize("name", ["nothing", "Matting", "_private", "refining_"])
def test_unknown_name(name: str) -> None:
    """A name that there is not raises what Python raises for it, with the name."""
    with pytest.raises(AttributeError, match=f"sinet_video attribute {name}"):
        getattr(sinet_video, name)


def test_no_public_name_is_a_module() -> None:
    """Importing a module of the name would put it in the place of the function."""
    package = Path(sinet_video.__file__).parent
    modules = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & set(sinet_video.__all__)


def test_import_costs_nothing() -> None:
    """Importing the package imports none of the large packages; using a name does."""
    assert modules_after("import sinet_video") == set()
    assert modules_after("import sinet_video; sinet_video.SettingError") == set()
    assert "av" in modules_after("import sinet_video; sinet_video.decode")


def test_pipeline_needs_no_torch() -> None:
    """Neither torch nor kornia is imported with the whole pipeline."""
    found = modules_after("import sinet_video.pipeline.convert")
    assert found == {"av", "numpy"}


MATTE = "import sys, sinet_video\nnext(sinet_video.matte(sys.argv[1]))"

CONVERT = """
import sys
from fractions import Fraction
import sinet_video

span = sinet_video.TimeRange(end=Fraction(1, 5))
assert sinet_video.convert(sys.argv[1], sys.argv[2], span=span).frames > 1
"""

TORCH = """
import sys, sinet_video
next(sinet_video.matte(sys.argv[1], settings=sinet_video.Settings(runtime="torch")))
"""


def test_matting_needs_no_torch(carphone: Path) -> None:
    """A first matte by default comes without torch and kornia."""
    assert modules_after(MATTE, carphone) == {"onnxruntime", "av", "numpy"}


@pytest.mark.parametrize("extension", ["mp4", "webm"])
def test_converting_needs_no_torch(carphone: Path, tmp_path: Path, extension: str) -> None:
    """So does a whole conversion, over a colour and with an alpha channel."""
    output = tmp_path / f"out.{extension}"
    assert modules_after(CONVERT, carphone, output) == {"onnxruntime", "av", "numpy"}
    assert output.stat().st_size > 0


def test_torch_is_imported_on_request(carphone: Path) -> None:
    """The torch runtime does need it, which shows that the tests before would notice."""
    assert "torch" in modules_after(TORCH, carphone)
