"""What a training writes of itself: enough to make it again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from itertools import chain
from pathlib import Path

import pytest
import torch
from made_people import recipe, write_people, write_walls

from sinet_video import __version__
from sinet_video.training.datasets import Data, Labelled
from sinet_video.training.provenance import digest, record, write_record
from sinet_video.training.recipe import Recipe
from sinet_video.training.samples.photographs import load_stock
from sinet_video.training.toml import build

DATA = Data((Labelled("people/made", validation=2, holdout=1),), "walls")
RECIPE = dataclasses.replace(recipe(), data=DATA)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six people, of whom one has no mask, and two walls."""
    write_people(tmp_path / "people/made", 6)
    (tmp_path / "people/made/masks/p02.png").unlink()
    write_walls(tmp_path / "walls")
    return tmp_path


@pytest.fixture
def written(root: Path, tmp_path: Path) -> Path:
    """The folder that holds a record."""
    (tmp_path / "out").mkdir()
    write_record(RECIPE, load_stock(DATA, root), root, tmp_path / "out")
    return tmp_path / "out"


def test_the_record(written):
    """The recipe, from which it can be built again; versions; who was used for what."""
    found = json.loads((written / "training.json").read_text())
    assert build(Recipe, found["recipe"], "record") == RECIPE
    assert found["versions"] == {"sinet_video": __version__, "torch": torch.__version__}
    parts = found["folders"]["people/made"]
    names = [parts[name] for name in ("training", "validation", "holdout")]
    assert [len(own) for own in names] == [2, 2, 1]
    assert sorted(chain.from_iterable(names)) == ["p00", "p01", "p03", "p04", "p05"]
    assert found["backgrounds"]["count"] == 2
    assert len(found["backgrounds"]["sha256"]) == len(parts["sha256"]) == 64


def test_what_was_unfit_and_held_out(written):
    """By name, below the data folder."""
    (line,) = (written / "bad.txt").read_text().splitlines()
    assert line.startswith("people/made/images/p02.png: no mask of its name")
    (name,) = (written / "holdout-people-made.txt").read_text().splitlines()
    assert name in {"p00", "p01", "p03", "p04", "p05"}


def test_names_of_any_bytes_take_a_line(root, tmp_path):
    """With line breaks in them, or bytes that are no UTF-8."""
    made = root / "people/made"
    for name, odd in (("p02", "p\n2"), ("p03", "p\udcff3"), ("p00", "p\udcff0")):
        for path in (*made.glob(f"images/{name}.*"), *made.glob(f"masks/{name}.*")):
            path.rename(path.with_stem(odd))
    (tmp_path / "out").mkdir()
    write_record(RECIPE, load_stock(DATA, root), root, tmp_path / "out")
    (line,) = (tmp_path / "out/bad.txt").read_text("utf-8").splitlines()
    assert line.startswith("people/made/images/p\\n2.png: no mask of its name")
    parts = json.loads((tmp_path / "out/training.json").read_text())["folders"]["people/made"]
    names = sorted(
        chain.from_iterable(parts[each] for each in ("training", "validation", "holdout"))
    )
    assert names == ["p01", "p04", "p05", "p\udcff0", "p\udcff3"]


def test_without_backgrounds_and_holdout(root, tmp_path):
    """Neither is made up."""
    data = Data((Labelled("people/made"),))
    made = dataclasses.replace(RECIPE, data=data)
    (tmp_path / "out").mkdir()
    write_record(made, load_stock(data, root), root, tmp_path / "out")
    assert json.loads((tmp_path / "out/training.json").read_text())["backgrounds"] is None
    assert not list((tmp_path / "out").glob("holdout*"))


def test_folders_elsewhere(root, tmp_path):
    """A folder given by its whole path is recorded as well."""
    data = Data((Labelled(str(root / "people/made")),))
    (tmp_path / "out").mkdir()
    (tmp_path / "data").mkdir()
    stock = load_stock(data, tmp_path / "data")
    write_record(dataclasses.replace(RECIPE, data=data), stock, tmp_path / "data", tmp_path / "out")
    assert "p02.png: no mask" in (tmp_path / "out/bad.txt").read_text()


def test_the_digest_by_hand(root):
    """A sha256 of lines as sha256sum writes them."""
    lines = "".join(
        f"{hashlib.sha256((root / 'walls' / name).read_bytes()).hexdigest()}  /{name}\n"
        for name in ("w0.png", "w1.png")
    )
    assert digest(root / "walls", "") == hashlib.sha256(lines.encode()).hexdigest()


def test_the_digest_is_of_names_and_bytes(root):
    """Changed by a byte, by a new name, by one more; not by what is no image."""
    folder = root / "walls"
    seen = {digest(folder, "")}
    (folder / "notes.txt").write_text("no image")
    assert digest(folder, "") in seen
    path = folder / "w0.png"
    content = path.read_bytes()
    path.write_bytes(content + b"x")
    seen.add(digest(folder, ""))
    path.write_bytes(content)
    path.rename(folder / "w9.png")
    seen.add(digest(folder, ""))
    write_walls(folder, 3)
    seen.add(digest(folder, ""))
    assert len(seen) == 4


def test_nothing_else_goes_into_a_record(root):
    """The same data make the same record."""
    assert record(RECIPE, load_stock(DATA, root), root) == record(
        RECIPE, load_stock(DATA, root), root
    )
