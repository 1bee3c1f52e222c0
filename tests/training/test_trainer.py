"""Training by tiny recipes: it learns, and kills do not change where it ends."""

from __future__ import annotations

import csv
import dataclasses
import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from made_people import recipe, stage, write_people, write_walls

from sinet_video.errors import InputError, SettingError, WeightsError
from sinet_video.models import checkpoint
from sinet_video.models.checkpoint import load
from sinet_video.models.sinet import WIDE
from sinet_video.training import trainer
from sinet_video.training.curves import draw_curves
from sinet_video.training.datasets import Data, Empty, Labelled
from sinet_video.training.fused_layers import FusedNorm
from sinet_video.training.precise_bn import with_precise_statistics
from sinet_video.training.recipe import Loss, Recipe, Views, load_recipe
from sinet_video.training.samples.photographs import Stock, load_stock
from sinet_video.training.trainer import Pace, StoppedError, run_recipe, untrained
from sinet_video.training.validation import validate

SOME = Pace(row=3, validation=6, checkpoint=3)
SELDOM = Pace(row=100, validation=100, checkpoint=100)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of eight people."""
    folder = tmp_path_factory.mktemp("data")
    write_people(folder / "people", 8)
    write_walls(folder / "walls")
    return folder


@pytest.fixture
def stock(root: Path) -> Stock:
    """What a recipe sees of it."""
    return load_stock(recipe().data, root)


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves take longer to draw than these trainings to run: most go without."""
    monkeypatch.setattr(trainer, "draw_curves", lambda rows, path: path.write_bytes(b""))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves are drawn after all."""
    monkeypatch.setattr(trainer, "draw_curves", draw_curves)


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    """The weights that a training ended in."""
    return torch.load(folder / "weights.pth", weights_only=True)


def equal(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    """Whether two state dicts are, to the bit."""
    assert list(one) == list(two)
    return all(torch.equal(one[name], two[name]) for name in one)


# Learning


def test_an_easy_task_is_learned(stock, tmp_path):
    """The loss falls by half and more; what is written down is of the course."""
    shown = []
    easy = recipe(stage(steps=20, loss=Loss(coarse=0.5)))
    network = run_recipe(easy, stock, tmp_path, pace=Pace(4, 10, 10), progress=shown.append)
    losses = [row["entropy"] for row in shown]
    assert len(losses) == 6  # 4, 8, 10 for validation, 12, 16, 20
    assert losses[-1] < 0.5 * losses[0]
    assert [row["step"] for row in shown if "IoU people" in row] == [10, 20]
    assert not network.training
    with (tmp_path / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [row["step"] for row in shown]
    assert {path.name for path in tmp_path.iterdir()} == {
        "weights.pth", "best.pth", "checkpoint.pth", "curves.csv", "curves.png",
    }  # fmt: skip
    assert equal(checkpoint.load(tmp_path / "weights.pth").state_dict(), network.state_dict())


def test_labels_of_chance_are_not_learned(stock, tmp_path):
    """The loss of half a person everywhere stays: what falls above is not the clock's doing."""
    for own in stock.folders[0]:
        for level in own.levels:
            level[..., 3] = torch.randint(0, 2, level.shape[:2]).numpy() * 255
    shown = []
    run_recipe(
        recipe(stage(steps=12)), stock, tmp_path, pace=Pace(4, 99, 99), progress=shown.append
    )
    assert shown[-1]["entropy"] > 0.6


def test_the_seed_is_where_it_starts(stock, tmp_path):
    """The same ends in the same weights, another in others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run_recipe(recipe(stage(steps=2), seed=seed), stock, tmp_path / name, pace=SELDOM)
    assert equal(state_of(tmp_path / "a"), state_of(tmp_path / "b"))
    assert not torch.equal(
        state_of(tmp_path / "a")["classify.weight"], state_of(tmp_path / "c")["classify.weight"]
    )


def test_what_a_network_begins_as():
    """Random weights by a seed; a normalisation that fits photographs."""
    assert equal(untrained(3).state_dict(), untrained(3).state_dict())
    assert untrained(3).mean.tolist() == [132.0, 116.0, 107.0]
    assert not torch.equal(untrained(3).classify.weight, untrained(4).classify.weight)


# Stages


ENCODER = stage(name="encoder", steps=3, part="encoder", decay=0.5)


def test_the_encoder_s_stage_leaves_the_decoder_alone(stock, tmp_path):
    """Also its decay does."""
    network = run_recipe(
        recipe(dataclasses.replace(ENCODER, average=0.0)), stock, tmp_path, pace=SELDOM
    )
    before = untrained(1)
    assert torch.equal(network.classify.weight, before.classify.weight)
    assert torch.equal(network.detail.conv.weight, before.detail.conv.weight)
    assert not torch.equal(network.encoder.stem.conv.weight, before.encoder.stem.conv.weight)


def test_a_recipe_with_further_stages_goes_on(stock, tmp_path):
    """From where the shorter one ended, to where the whole would have come at once."""
    first, second = ENCODER, stage(name="whole", steps=3, views=Views(moved=0.5))
    second = dataclasses.replace(second, loss=Loss(steady=0.1))
    shown = []
    run_recipe(recipe(first), stock, tmp_path / "parts", pace=SOME)
    run_recipe(recipe(first, second), stock, tmp_path / "parts", pace=SOME, progress=shown.append)
    assert [(row["stage"], row["step"]) for row in shown] == [("whole", 6)]
    assert "steady" in shown[0]
    run_recipe(recipe(first, second), stock, tmp_path / "once", pace=SOME)
    assert equal(state_of(tmp_path / "parts"), state_of(tmp_path / "once"))


def test_one_that_is_stopped_ends_as_if_it_had_not_been(stock, tmp_path):
    """Between two checkpoints as between two rows: there is one where it stopped."""
    tiny = recipe(stage(steps=5))
    run_recipe(tiny, stock, tmp_path / "once", pace=SELDOM)
    asked = iter([False, False, True])
    with pytest.raises(StoppedError, match="at step 3;") as stopped:
        run_recipe(tiny, stock, tmp_path / "stopped", pace=SELDOM, stop=lambda: next(asked))
    assert stopped.value.step == 3
    assert not (tmp_path / "stopped/weights.pth").exists()
    run_recipe(tiny, stock, tmp_path / "stopped", pace=SELDOM)
    assert equal(state_of(tmp_path / "once"), state_of(tmp_path / "stopped"))


@pytest.fixture(scope="module")
def ended(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a training that has ended."""
    folder = tmp_path_factory.mktemp("ended")
    run_recipe(recipe(ENCODER), load_stock(recipe().data, root), folder, pace=SELDOM)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "other",
    [
        recipe(dataclasses.replace(ENCODER, rate=2e-3)),
        recipe(ENCODER, seed=2),
        recipe(ENCODER, shards=4),
        recipe(dataclasses.replace(ENCODER, steps=4), stage()),
    ],
)
def test_a_changed_recipe_is_refused(other, stock, tmp_path, ended):
    """Whatever changed of what was done already; nothing in the folder is touched."""
    for name, content in ended.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(
        InputError, match=r"checkpoint\.pth is of another recipe than tiny as it is now: .* was "
    ):
        run_recipe(other, stock, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == ended


@pytest.mark.usefixtures("drawn")
def test_a_training_that_has_ended_ends_again(stock, tmp_path):
    """Without a step; the weights come back if they are gone."""
    run_recipe(recipe(ENCODER), stock, tmp_path, pace=SELDOM)
    before, shown = state_of(tmp_path), []
    for name in ("weights.pth", "curves.csv", "curves.png"):
        (tmp_path / name).unlink()
    run_recipe(recipe(ENCODER), stock, tmp_path, pace=SELDOM, progress=shown.append)
    assert shown == []
    assert equal(state_of(tmp_path), before)
    assert (tmp_path / "curves.png").stat().st_size > 0


# Interruptions


class EnoughError(Exception):
    """What ends a training here."""


def test_an_error_on_the_way_and_on_again(stock, tmp_path):
    """Between checkpoints, in the second of two stages: as if it had not been."""
    own = recipe(ENCODER, stage(name="whole", steps=6, loss=Loss(dice=0.5)))
    run_recipe(own, stock, tmp_path / "once", pace=SOME)

    def stop(row: dict) -> None:
        if row["step"] == 8:
            raise EnoughError

    with pytest.raises(EnoughError):
        run_recipe(own, stock, tmp_path / "twice", pace=Pace(1, 6, 2), progress=stop)
    rows = []
    run_recipe(own, stock, tmp_path / "twice", pace=Pace(1, 6, 2), progress=rows.append)
    assert [row["step"] for row in rows] == [8, 9]
    assert equal(state_of(tmp_path / "once"), state_of(tmp_path / "twice"))


def test_sharpness(stock, tmp_path):
    """Logits as many times as large at the end; a training of another sharpness is gone on with."""
    run_recipe(recipe(stage()), stock, tmp_path / "run", pace=SELDOM)
    plain = checkpoint.load(tmp_path / "run" / "weights.pth")
    sharp = dataclasses.replace(recipe(stage()), sharpness=2.5)
    run_recipe(sharp, stock, tmp_path / "run", pace=SELDOM)
    found = checkpoint.load(tmp_path / "run" / "weights.pth")
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(found(images), 2.5 * plain(images), rtol=1e-4, atol=1e-5)


def test_the_ends_of_remembered_stages_are_averaged(stock, tmp_path):
    """Weights are the mean of the ends; stages go on from where the one before ended."""
    first, second, third = (stage(name=name) for name in ("first", "second", "third"))
    ends = []
    for stages in ((first,), (first, second), (first, second, third)):
        run_recipe(recipe(*stages), stock, tmp_path / str(len(stages)), pace=SELDOM)
        ends.append(state_of(tmp_path / str(len(stages))))
    remembering = recipe(dataclasses.replace(first, remembered=True), second, third)
    run_recipe(dataclasses.replace(remembering, settling=2), stock, tmp_path / "mean", pace=SELDOM)
    found = state_of(tmp_path / "mean")
    for name in (name for name in found if "running" not in name and "num_batches" not in name):
        assert torch.allclose(found[name], (ends[0][name] + ends[2][name]) / 2, atol=1e-6), name
    assert not torch.allclose(found["classify.weight"], ends[2]["classify.weight"], atol=1e-6)


def test_a_remembered_end_outlives_an_interruption(stock, tmp_path):
    """As if it had not been."""
    stages = stage(name="first", remembered=True), stage(name="second", steps=6)
    own = dataclasses.replace(recipe(*stages), settling=2)
    run_recipe(own, stock, tmp_path / "once", pace=SOME)

    def stop(row: dict) -> None:
        if row["stage"] == "second" and row["step"] % 2 == 0:
            raise EnoughError

    with pytest.raises(EnoughError):
        run_recipe(own, stock, tmp_path / "twice", pace=Pace(1, 6, 1), progress=stop)
    run_recipe(own, stock, tmp_path / "twice", pace=Pace(1, 6, 1))
    assert equal(state_of(tmp_path / "once"), state_of(tmp_path / "twice"))


def test_settling_measures_statistics_and_leaves_weights(stock, tmp_path):
    """A training of another settling is gone on with, and ends the same each time."""
    plain = recipe(stage())
    settling = dataclasses.replace(plain, settling=3)
    run_recipe(plain, stock, tmp_path / "run", pace=SELDOM)
    before = state_of(tmp_path / "run")
    run_recipe(settling, stock, tmp_path / "run", pace=SELDOM)
    after = state_of(tmp_path / "run")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    measured = {name for name in before if "running" in name or "num_batches" in name}
    assert changed
    assert changed <= measured
    assert all(name in changed for name in measured if name.endswith("running_var"))
    run_recipe(settling, stock, tmp_path / "run", pace=SELDOM)
    assert equal(after, state_of(tmp_path / "run"))


def test_settled_statistics_are_means_over_batches(stock):
    """The first layer's are those of what it is given, batch by batch."""
    network, own = untrained(3), stage()
    seen: list[torch.Tensor] = []
    first = next(part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d))
    hook = first.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    with_precise_statistics(network, stock, own, seed=5, batches=4)
    hook.remove()
    assert len(seen) == 4
    means = torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0)
    assert torch.allclose(first.running_mean, means, atol=1e-4)
    assert first.momentum is not None
    assert not network.training


RECIPE = """
name = "killed"
[data]
backgrounds = "walls"
[[data.labelled]]
folder = "people"
validation = 2
[[stages]]
name = "encoder"
part = "encoder"
steps = 4
batch = 4
shapes = [[64, 64], [64, 32]]
average = 0.5
[[stages]]
name = "whole"
steps = 8
batch = 4
shapes = [[64, 64]]
optimiser = "muon"
average = 0.9
loss = {dice = 0.5, steady = 0.1}
views = {made = 0.5, moved = 0.5}
light = {brightness = 0.1, noise = 4.0, blur = 0.2, compression = 0.2}
"""


@pytest.mark.usefixtures("drawn")
def test_killed_and_resumed_ends_in_the_same_weights(root, tmp_path):
    """The command, killed outright at any moment after a checkpoint: the same, bit for bit."""
    path = tmp_path / "killed.toml"
    path.write_text(RECIPE)
    command = [
        sys.executable, "-c", "from sinet_video.cli.main import main; main()", "train", str(root),
        "-o", str(tmp_path / "killed"), "--recipe", str(path), "--checkpoint", "2", "--quiet",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while not (tmp_path / "killed/checkpoint.pth").exists():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(random.uniform(0, 1.5))
    process.kill()
    process.communicate()
    state = torch.load(tmp_path / "killed/checkpoint.pth", weights_only=True)
    ended = state["stage"] == 1 and state["step"] == 8
    assert ended or not (tmp_path / "killed/weights.pth").exists()

    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (0, "")
    own = load_recipe(str(path))
    run_recipe(own, load_stock(own.data, root), tmp_path / "once", pace=Pace(checkpoint=2))
    assert equal(state_of(tmp_path / "killed"), state_of(tmp_path / "once")), state["step"]
    for name in ("curves.csv", "curves.png"):
        killed, once = (tmp_path / run / name for run in ("killed", "once"))
        assert killed.read_bytes() == once.read_bytes()
    assert not list((tmp_path / "killed").glob("*.part"))
    assert json.loads((tmp_path / "killed/training.json").read_text())["recipe"]["name"] == "killed"


def test_hard_images_of_nobody_outlive_an_interruption(root, tmp_path):
    """They are found as a stage begins, are in its checkpoint, and are not looked for again."""
    data = Data((Labelled("people", validation=1),), empty=(Empty("walls", validation=0),))
    own = recipe(stage(steps=9, hard=5.0, views=Views(nobody=0.5)), data=data)
    stock = load_stock(data, root)

    def stop(row: dict[str, object]) -> None:
        if row["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(own, stock, tmp_path / "cut", pace=SOME, progress=stop)
    state = torch.load(tmp_path / "cut/checkpoint.pth", weights_only=True)
    assert [len(odds) for odds in state["odds"]] == [2]
    assert all(1 <= each <= 6 for odds in state["odds"] for each in odds)
    run_recipe(own, stock, tmp_path / "cut", pace=SOME)
    run_recipe(own, stock, tmp_path / "once", pace=SOME)
    assert equal(state_of(tmp_path / "cut"), state_of(tmp_path / "once"))


def test_the_best_that_was_watched_is_kept(stock, tmp_path):
    """Beside the last; it is the averaged weights of that moment."""
    rows: list[dict[str, object]] = []
    run_recipe(recipe(stage(steps=18)), stock, tmp_path, pace=Pace(6, 6, 18), progress=rows.append)
    best = max(rows, key=lambda row: row["watched"])
    found = validate(load(tmp_path / "best.pth"), stock.validation)
    assert found["people"] == pytest.approx(best["watched"], abs=1e-6)


# Devices and machines


def test_without_fused_layers(stock, tmp_path, monkeypatch):
    """Training goes by torch's own, to weights that differ by rounding."""
    made = []
    monkeypatch.setattr(trainer, "Shards", lambda *a, **k: made.append(a[0]) or SHARDS(*a, **k))
    whole = replace(recipe(stage(steps=2)), precision="float32")
    run_recipe(whole, stock, tmp_path / "fused", pace=SELDOM)
    monkeypatch.setattr(trainer, "unavailable_reason", lambda: "there is no C++ compiler c++")
    run_recipe(whole, stock, tmp_path / "plain", pace=SELDOM)
    assert not any(isinstance(module, FusedNorm) for module in made[1].modules())
    one, two = state_of(tmp_path / "fused"), state_of(tmp_path / "plain")
    assert list(one) == list(two)
    off = (one["encoder.stem.conv.weight"] - two["encoder.stem.conv.weight"]).abs().max()
    assert off < 0.02


SHARDS = trainer.Shards


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize(
    ("fast", "precision", "half"),
    [(True, "bfloat16", True), (True, "float32", False), (False, "bfloat16", False)],
)
def test_16_bits_where_they_are_fast(stock, tmp_path, monkeypatch, fast, precision, half):
    """And where the recipe does not ask for 32."""
    told = []
    monkeypatch.setattr(trainer, "Shards", lambda *a, **k: told.append(k) or SHARDS(*a, **k))
    monkeypatch.setattr(trainer, "kernels", lambda: SimpleNamespace(bfloat16_is_fast=fast))
    run_recipe(replace(recipe(stage(steps=2)), precision=precision), stock, tmp_path, pace=SELDOM)
    assert told == [{"half": half}]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_here(stock, tmp_path):
    """Is said, before a folder is made."""
    with pytest.raises(SettingError, match="Device 'cuda' is not here"):
        run_recipe(recipe(), stock, tmp_path / "out", device="cuda")
    assert not (tmp_path / "out").exists()


def test_a_teacher_is_loaded(stock, tmp_path):
    """From its weights, and listened to."""
    checkpoint.save(untrained(5), tmp_path / "teacher.pth")
    own: Recipe = recipe(
        stage(steps=1, loss=Loss(teacher=1.0)), teacher=str(tmp_path / "teacher.pth")
    )
    shown = []
    run_recipe(own, stock, tmp_path / "out", pace=SELDOM, progress=shown.append)
    assert shown[0]["teacher"] > 0


def test_training_begins_with_given_weights(stock, tmp_path):
    """At a rate of zero they are what it ends in; without them, the seed's random ones are."""
    checkpoint.save(untrained(5), tmp_path / "start.pth")
    still = stage(steps=1, rate=0.0, warmup=0)
    run_recipe(recipe(still, start=str(tmp_path / "start.pth")), stock, tmp_path / "a", pace=SELDOM)
    run_recipe(recipe(still), stock, tmp_path / "b", pace=SELDOM)
    name = "encoder.stem.conv.weight"
    assert torch.equal(state_of(tmp_path / "a")[name], untrained(5).state_dict()[name])
    assert torch.equal(state_of(tmp_path / "b")[name], untrained(recipe().seed).state_dict()[name])


def test_sharpness_is_taken_from_the_start_and_given_to_the_end(stock, tmp_path):
    """Weights that were sharpened once are not sharpened again by a training from them."""
    checkpoint.save(untrained(5), tmp_path / "start.pth")
    own = recipe(
        stage(steps=1, rate=0.0, warmup=0), start=str(tmp_path / "start.pth"), sharpness=4.0
    )
    run_recipe(own, stock, tmp_path / "out", pace=SELDOM)
    name = "classify.weight"
    before, after = untrained(5).state_dict()[name], state_of(tmp_path / "out")[name]
    torch.testing.assert_close(after, before)


def test_a_wide_network_begins_with_narrow_weights(stock, tmp_path):
    """They are widened; what is trained, kept and taken up again has the new widths."""
    checkpoint.save(untrained(5), tmp_path / "start.pth")
    own = recipe(stage(steps=3), start=str(tmp_path / "start.pth"), widths="wide", settling=1)
    asked = iter([False, True])
    with pytest.raises(StoppedError):
        run_recipe(own, stock, tmp_path / "a", pace=SOME, stop=lambda: next(asked))
    run_recipe(own, stock, tmp_path / "a", pace=SOME)
    run_recipe(own, stock, tmp_path / "b", pace=SOME)
    assert load(tmp_path / "a/weights.pth").widths == WIDE
    assert equal(state_of(tmp_path / "a"), state_of(tmp_path / "b"))


def test_a_narrow_network_does_not_begin_with_wide_weights(stock, tmp_path):
    """The failing twin."""
    checkpoint.save(untrained(5, WIDE), tmp_path / "start.pth")
    own = recipe(stage(steps=1), start=str(tmp_path / "start.pth"))
    with pytest.raises(SettingError, match="can be made wider, not narrower"):
        run_recipe(own, stock, tmp_path / "out", pace=SELDOM)


def test_the_weights_to_begin_with_must_be_there(stock, tmp_path):
    """Said before anything is trained or written."""
    with pytest.raises(WeightsError, match="There are no weights 'nowhere"):
        run_recipe(
            recipe(stage(steps=1), start="nowhere.pth"), stock, tmp_path / "out", pace=SELDOM
        )
