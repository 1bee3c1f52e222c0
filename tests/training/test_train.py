"""Training and measuring from Python: what is returned, reported and refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from made_people import write_data

import sinet_video
from sinet_video.models import checkpoint
from sinet_video.training.recipe import load_recipe
from sinet_video.training.trainer import StoppedError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of six people, and a recipe beside it."""
    return write_data(tmp_path)


def same(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same weights, bit for bit."""
    states = [checkpoint.load(path).state_dict() for path in (one, other)]
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_from_images_to_figures(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Weights that can be loaded and measured; nothing is printed."""
    rows: list[dict[str, Any]] = []
    recipe = data.parent / "tiny.toml"
    weights = sinet_video.train(data, data.parent / "out", recipe=recipe, progress=rows.append)
    assert weights == data.parent / "out/weights.pth"
    assert [row["step"] for row in rows] == [2]
    settings = [sinet_video.Settings(weights=weights), sinet_video.Settings()]
    found = sinet_video.evaluate(data, settings=settings, stages=["network"], recipe=recipe)
    ours, packaged = (s for s in found.results if s.data.endswith(", holdout"))
    assert ours.method == f"{weights}, network"
    assert packaged.method == "default, network"
    assert ours.mean != packaged.mean
    assert found.bad == []
    assert capfd.readouterr() == ("", "")


def test_a_recipe_is_a_name_a_file_or_a_recipe(data: Path) -> None:
    """And changes of it are texts; the same seed gives the same weights, another does not."""
    one = sinet_video.train(
        data, data.parent / "a", recipe=load_recipe(str(data.parent / "tiny.toml"))
    )
    two = sinet_video.train(data, data.parent / "b", recipe=str(data.parent / "tiny.toml"))
    other = sinet_video.train(
        data, data.parent / "c", recipe=data.parent / "tiny.toml", changes=["seed=2"], steps=1
    )
    assert same(one, two)
    assert not same(one, other)
    with pytest.raises(sinet_video.InputError, match="one of: default, paper"):
        sinet_video.train(data, data.parent / "d", recipe="none")


def test_a_training_that_is_stopped_goes_on(data: Path) -> None:
    """`stop` is asked after each step; the next call ends with the same weights."""
    recipe, out = data.parent / "tiny.toml", data.parent / "out"
    with pytest.raises(StoppedError) as stopped:
        sinet_video.train(data, out, recipe=recipe, stop=lambda: True)
    assert stopped.value.step == 1
    resumed = sinet_video.train(data, out, recipe=recipe)
    whole = sinet_video.train(data, data.parent / "whole", recipe=recipe)
    assert same(resumed, whole)


def test_bad_images_are_handed_over_or_raised(data: Path) -> None:
    """By training and measuring alike."""
    (data / "people/masks/p04.png").unlink()
    recipe, bad = data.parent / "tiny.toml", []
    sinet_video.train(data, data.parent / "out", recipe=recipe, skipped=bad.append)
    found = sinet_video.evaluate(data / "people", stages=["network"], skipped=bad.append)
    assert [item.path.name for item in bad] == ["p04.png", "p04.png"]
    assert found.bad == bad[1:]
    with pytest.raises(sinet_video.InputError, match="p04"):
        sinet_video.train(data, data.parent / "no", recipe=recipe, on_bad="refuse")
    with pytest.raises(sinet_video.InputError, match="p04"):
        sinet_video.evaluate(data / "people", stages=["network"], on_bad="refuse")


def test_nothing_at_all_is_refused() -> None:
    """As by the command."""
    with pytest.raises(sinet_video.SettingError, match="There is nothing to measure"):
        sinet_video.evaluate()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda data: sinet_video.train(data, data / "x", changes="seed=2"),
            r"give a list, such as",
        ),
        (
            lambda data: sinet_video.train(data, data / "x", steps="3"),
            "Steps is '3'; .* at least 1",
        ),
        (lambda data: sinet_video.train(data, data / "x", checkpoint=0), "Checkpoint is 0; "),
        (lambda data: sinet_video.train(data, data / "x", device="tpu"), "Device is 'tpu'; "),
        (lambda data: sinet_video.train(data, data / "x", on_bad="no"), "On bad is 'no'; "),
        (lambda data: sinet_video.evaluate(data, settings=3), "Settings is of the type int"),
        (lambda data: sinet_video.evaluate(data, settings=["x"]), "Settings is of the type str"),
        (
            lambda data: sinet_video.evaluate(data, names="p01"),
            "Names is the text 'p01'; give a list",
        ),
        (lambda data: sinet_video.evaluate(data, stages="network"), "Stages is the text"),
    ],
)
def test_arguments_of_another_type_are_refused(data: Path, call, said: str) -> None:
    """At once, in a sentence; a text is not taken for the list of its letters."""
    with pytest.raises(sinet_video.SettingError, match=said):
        call(data)
    assert not (data / "x").exists()


def test_a_name_that_no_image_has_is_told(data: Path) -> None:
    """With how many such names there are."""
    with pytest.raises(sinet_video.InputError, match=r"no image zz; 1 name has none\."):
        sinet_video.evaluate(data / "people", names=["zz"])


def test_a_matte_needs_what_is_true(data: Path) -> None:
    """One without the other says nothing."""
    with pytest.raises(sinet_video.SettingError, match="belong together"):
        sinet_video.evaluate(matte="matte.mp4")


@pytest.mark.parametrize("call", ["train('.', 'out')", "evaluate('.')"])
def test_without_the_extra_a_sentence_says_what_to_install(call: str, tmp_path: Path) -> None:
    """The names are there all the same."""
    program = (
        "import sys; sys.modules.update(cv2=None, torch=None, scipy=None, PIL=None)\n"
        f"import sinet_video\nsinet_video.{call}"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "MissingPackageError" in done.stderr
    assert "sinet-video[" in done.stderr
