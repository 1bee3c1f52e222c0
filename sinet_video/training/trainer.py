"""Training SINet by a recipe, from the first step to the weights, despite any number of kills."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from sinet_video.atomic import whole_file
from sinet_video.errors import SettingError
from sinet_video.models.checkpoint import load, save
from sinet_video.models.load import checkpoint_path
from sinet_video.models.sinet import PAPER, SINet, Widths
from sinet_video.models.widen import WIDTHS, widened
from sinet_video.read_ahead import prefetch
from sinet_video.training.course import Course, read_checkpoint, so_far
from sinet_video.training.curves import Row, draw_curves, write_csv
from sinet_video.training.data_parallel import Shards, Work
from sinet_video.training.fused_layers import fuse
from sinet_video.training.kernels.build import kernels, unavailable_reason
from sinet_video.training.optimiser import Average, State, learning_rate, make_optimiser, mean
from sinet_video.training.precise_bn import with_precise_statistics
from sinet_video.training.process_tuning import shared_among_shards
from sinet_video.training.recipe import Recipe, Stage
from sinet_video.training.samples.batch import Batch
from sinet_video.training.samples.hard_sheet import draw_hard
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.samples.sampler import Sampler, batches
from sinet_video.training.validation import WATCHED, hardness, watched

PREFETCHED = 3
"""Batches that are prepared ahead of the current step."""


@dataclass(frozen=True)
class Pace:
    """Intervals, in steps, of rows, validations and checkpoints; the latter two come with a row."""

    row: int = 50
    validation: int = 1000
    checkpoint: int = 250


Progress = Callable[[Row], None]


class StoppedError(Exception):
    """A training was asked to stop; its checkpoint is written. `step` is how far it came."""

    def __init__(self, step: int) -> None:
        super().__init__(f"The training was stopped at step {step}; its checkpoint is written.")
        self.step = step


def run_recipe(
    recipe: Recipe,
    stock: Stock,
    folder: Path,
    *,
    device: str = "cpu",
    pace: Pace = Pace(),
    progress: Progress = lambda row: None,
    stop: Callable[[], bool] = lambda: False,
) -> SINet:
    """Train by a recipe; return the network, and leave `weights.pth` and the curves in a folder.

    A folder with a checkpoint is resumed, and ends as it would have without the interruption: on a
    CPU, with as many shards, bit for bit. On another machine it may differ by rounding; see
    `fused_layers`. After each step `stop` is asked; if it returns True, a checkpoint is written and
    `StoppedError` raised. Raises `InputError` for a checkpoint of another recipe, `SettingError`
    for a missing device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingError("Device 'cuda' is not here, or not in this build of torch; use 'cpu'.")
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.part"):  # by a training that was killed as it wrote
        left.unlink()
    with shared_among_shards():
        training = _Training(recipe, stock, folder, torch.device(device), pace, progress, stop)
        try:
            return training.run()
        finally:
            training.shards.close()


def untrained(seed: int, widths: Widths = PAPER) -> SINet:
    """Return a network with random weights, which normalises by the channels' usual values."""
    torch.manual_seed(seed)
    network = SINet(widths)
    network.mean.copy_(torch.tensor([132.0, 116.0, 107.0]))
    network.std.copy_(torch.tensor([68.0, 65.0, 64.0]))
    return network


def _begun(recipe: Recipe) -> SINet:
    """Return the initial network of a recipe's first stage."""
    widths = WIDTHS[recipe.widths]
    if not recipe.start:
        return untrained(recipe.seed, widths)
    start = widened(load(checkpoint_path(recipe.start)), widths, recipe.seed)
    return sharpened(start, 1 / recipe.sharpness)


def sharpened(network: SINet, factor: float) -> SINet:
    """Return a network, changed in place so that its logits are larger by this factor."""
    with torch.no_grad():
        network.classify.weight.mul_(factor)
    return network


class _Training:
    def __init__(
        self,
        recipe: Recipe,
        stock: Stock,
        folder: Path,
        device: torch.device,
        pace: Pace,
        progress: Progress,
        stop: Callable[[], bool],
    ) -> None:
        self.recipe, self.stock, self.folder = recipe, stock, folder
        self.pace, self.progress, self.stop = pace, progress, stop
        self.course = Course()
        network = _begun(recipe).to(device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's lack
        teacher = load(checkpoint_path(recipe.teacher)).to(device) if recipe.teacher else None
        fused = device.type == "cpu" and unavailable_reason() is None
        self.network = fuse(network) if fused else network
        fast = kernels().bfloat16_is_fast if fused else device.type == "cuda"
        half = fast and recipe.precision == "bfloat16"
        self.shards = Shards(self.network, recipe.shards, teacher, half=half)
        self._enter_stage()

    @property
    def stage(self) -> Stage:
        return self.recipe.stages[self.course.stage]

    def run(self) -> SINet:
        self._resume()
        self._run_stage()
        while self.course.stage + 1 < len(self.recipe.stages):
            self._next_stage()
            self._run_stage()
        self._draw()  # again, as a kill may have come between a checkpoint and its curves
        result = sharpened(self._settled(), self.recipe.sharpness)
        with whole_file(self.folder / "weights.pth") as path:
            save(result, path)
        return result

    def _next_stage(self) -> None:
        if self.stage.remembered:
            self.course.ends.append(self.average.state)
        self.course.stage, self.course.step = self.course.stage + 1, 0
        for network in self.shards.networks:
            network.load_state_dict(self.average.state)
        self._enter_stage()
        self._find_hard()
        self._checkpoint()

    def _enter_stage(self) -> None:
        trained = self.network.encoder if self.stage.part == "encoder" else self.network
        self.optimiser = make_optimiser(trained, self.stage)
        self.average = Average(self.network.state_dict(), self.stage.average)

    def _find_hard(self) -> None:
        hard = self.stage.hard
        self.course.odds = hardness(self._averaged(), self.stock.empty, hard) if hard else []
        if hard:
            draw_hard(self.stock, self.course.odds, self.folder)

    def _run_stage(self) -> None:
        seed = self.recipe.seed * 1000 + self.course.stage
        stock = dataclasses.replace(self.stock, odds=self.course.odds)
        sampler = Sampler(stock, self.stage, seed)
        work = Work(self.stage.part, self.stage.loss)
        made = batches(sampler, self.course.step, self.stage.steps, self.recipe.shards)
        for network in self.shards.networks:
            network.train()
        sums: dict[str, list[float]] = {}
        with closing(prefetch(made, PREFETCHED)) as ready:
            for batch in ready:
                rate = learning_rate(self.stage, self.course.step)
                for name, value in self._step(batch, work, rate).items():
                    sums.setdefault(name, []).append(value)
                self._write_down(sums, rate)
                if self.stop():
                    self._checkpoint()
                    raise StoppedError(self._steps_in_all())

    def _step(self, batch: Sequence[Batch], work: Work, rate: float) -> dict[str, float]:
        parts = self.shards.gradients(batch, work)
        self.optimiser.step(rate)
        self.average.update(self.network.state_dict(), self.course.step)
        self.course.step += 1
        return parts

    def _write_down(self, sums: dict[str, list[float]], rate: float) -> None:
        step, last = self.course.step, self.course.step == self.stage.steps
        paces = (self.pace.row, self.pace.validation, self.pace.checkpoint)
        if not last and all(step % pace for pace in paces):
            return
        row: Row = {"stage": self.stage.name, "step": self._steps_in_all(), "rate": rate}
        row |= {name: float(np.mean(values)) for name, values in sums.items()}
        sums.clear()
        if step % self.pace.validation == 0 or last:
            row |= self._watch()
        self.course.rows.append(row)
        self.progress(row)
        if step % self.pace.checkpoint == 0 or last:
            self._checkpoint()

    def _watch(self) -> Row:
        """Return how the averaged weights do, which are kept if none before did better."""
        network = self._averaged()
        row: Row = {**watched(network, self.stock, self.recipe.data)}
        before = [float(old[WATCHED]) for old in self.course.rows if WATCHED in old]
        if float(row.get(WATCHED, 0.0)) > max(before, default=-1.0):
            with whole_file(self.folder / "best.pth") as path:
                save(network, path)
        return row

    def _steps_in_all(self) -> int:
        before = sum(stage.steps for stage in self.recipe.stages[: self.course.stage])
        return before + self.course.step

    def _averaged(self, *ends: State) -> SINet:
        """Return a network with the averaged weights, or with the mean of them and earlier ends."""
        network = SINet(self.network.widths)
        network.load_state_dict(mean([*ends, self.average.state]))
        return network.eval()

    def _settled(self) -> SINet:
        """Return the finished network: the mean of the ends, with new statistics if set."""
        network, recipe = self._averaged(*self.course.ends), self.recipe
        if not recipe.settling:
            return network
        seed = recipe.seed * 1000 + len(recipe.stages)
        return with_precise_statistics(
            network, self.stock, recipe.stages[-1], seed, recipe.settling
        )

    def _checkpoint(self) -> None:
        state = {
            "recipe": so_far(self.recipe, self.course.stage),
            "stage": self.course.stage,
            "step": self.course.step,
            "rows": self.course.rows,
            "ends": self.course.ends,
            "odds": self.course.odds,
            "networks": [network.state_dict() for network in self.shards.networks],
            "optimiser": self.optimiser.state(),
            "average": self.average.state,
        }
        with whole_file(self.folder / "checkpoint.pth") as path:
            torch.save(state, path)
        self._draw()

    def _draw(self) -> None:
        with whole_file(self.folder / "curves.csv") as path:
            write_csv(self.course.rows, path)
        with whole_file(self.folder / "curves.png") as path:
            draw_curves(self.course.rows, path)

    def _resume(self) -> None:
        state = read_checkpoint(self.recipe, self.folder)
        if state is None:
            self._find_hard()
            return
        self.course = Course(*(state[name] for name in ("stage", "step", "rows", "ends", "odds")))
        self._enter_stage()
        for network, saved in zip(self.shards.networks, state["networks"], strict=True):
            network.load_state_dict(saved)
        self.optimiser.load(state["optimiser"])
        self.average.state = state["average"]
