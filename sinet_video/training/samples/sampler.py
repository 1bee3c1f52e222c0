"""Batches of samples, each a function of the recipe's seed and the step alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.training.recipe import Stage
from sinet_video.training.samples.batch import Batch, band
from sinet_video.training.samples.geometry import grid_motion, nudge
from sinet_video.training.samples.photographs import Stock, mixed
from sinet_video.training.samples.photometric import grain_field, toned, worn
from sinet_video.training.samples.scenes import Look, draw_scene

SHAPE, SCENE, WEAR, SECOND_WEAR, TONE, MOTION, PUBLISHED = range(7)
"""The purposes of random numbers; each has its own stream."""


class Sampler:
    """Makes the samples of a stage."""

    def __init__(self, stock: Stock, stage: Stage, seed: int) -> None:
        self.stock, self.stage, self.seed = mixed(stock, stage), stage, seed
        self.grain = grain_field(
            seed, max(768, *(side for shape in stage.shapes for side in shape))
        )

    def shape(self, step: int) -> tuple[int, int]:
        """Return the height and width of a step's samples."""
        choice = self._rng(SHAPE, step).integers(len(self.stage.shapes))
        return self.stage.shapes[int(choice)]

    def _rng(self, purpose: int, step: int, index: int = 0) -> np.random.Generator:
        # Always the same count: to numpy, [1, 2] is the same seed as [1, 2, 0].
        return np.random.default_rng([self.seed, step, index, purpose])

    def shard(self, step: int, index: int, count: int) -> Batch:
        """Return one of `count` equal parts of a step's batch."""
        shape, size = self.shape(step), self.stage.batch // count
        second = int(size * self.stage.views.moved)
        looks = [
            self._look(step, index * size + i, shape, Look(twice=i < second))
            for i in range(size - second)
        ]
        moved = [self._second_look(step, index * size + i, shape) for i in range(second)]
        # The first `second` samples, then their second views, then the rest.
        looks[second:second] = [(image, label) for image, label, _ in moved]
        labels = np.stack([label for _, label in looks])
        motion = [m for _, _, m in moved]
        batch = Batch(
            images=np.stack([image for image, _ in looks]),
            labels=labels,
            bands=band(labels, self.stage.loss.band),
            motion=np.stack(motion) if motion else np.zeros((0, 2, 3), np.float32),
        )
        return self._published(batch, step, index) if self.stage.light.published else batch

    def _published(self, batch: Batch, step: int, index: int) -> Batch:
        from sinet_video.training.samples.paper_augmentations import published

        seed = int(self._rng(PUBLISHED, step, index).integers(2**31))
        return published(batch, seed, self.stage.loss.band)

    def _look(
        self,
        step: int,
        sample: int,
        shape: tuple[int, int],
        look: Look,
        after: Array | None = None,
    ) -> tuple[Array, Array]:
        stage, matrix = self.stage, np.eye(3) if after is None else after
        rng = self._rng(SCENE, step, sample)
        scene = draw_scene(rng, self.stock, stage.views, shape, matrix, look)
        image = toned(self._rng(TONE, step, sample), scene.image, stage.light)
        wear = self._rng(WEAR if after is None else SECOND_WEAR, step, sample)
        return worn(wear, image, stage.light, self.grain), scene.alpha

    def _second_look(
        self, step: int, sample: int, shape: tuple[int, int]
    ) -> tuple[Array, Array, Array]:
        after = nudge(self._rng(MOTION, step, sample), shape)
        return *self._look(step, sample, shape, Look(True, True), after), grid_motion(after, shape)


def batches(sampler: Sampler, start: int, stop: int, shards: int) -> Iterator[list[Batch]]:
    """Yield the shards of each step from `start` up to, but not including, `stop`."""
    for step in range(start, stop):
        yield [sampler.shard(step, index, shards) for index in range(shards)]
