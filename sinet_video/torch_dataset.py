"""Clips and their mattes as a data set of torch.

from sinet_video.torch_dataset import MatteDataset
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sinet_video.decoding.given import Readable
from sinet_video.extras import extra_needed
from sinet_video.media.frame import Matte
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings

with extra_needed("MatteDataset"):
    from torch import Tensor, from_numpy
    from torch.utils.data import IterableDataset, get_worker_info


class MatteDataset(IterableDataset[Any]):
    """The frames of clips with their mattes, in order, for torch's DataLoader.

    Each item is a dictionary: "image", (3, H, W) uint8 RGB; "alpha", (1, H, W) float32 in [0, 1];
    "time", in seconds; and "clip", the number of the clip. The tensors share the memory of the
    arrays that they are made from. `transform` is called with each matte, and returns the item in
    place of that. With several workers each takes whole clips.
    """

    def __init__(
        self,
        clips: Sequence[Readable],
        *,
        settings: Settings = Settings(),
        transform: Callable[[Matte], Any] | None = None,
    ) -> None:
        super().__init__()
        self._clips, self._settings, self._transform = clips, settings, transform

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for number in range(first, len(self._clips), step):
            for each in matte(self._clips[number], settings=self._settings):
                yield self._transform(each) if self._transform else _item(each, number)


def _item(made: Matte, number: int) -> dict[str, Tensor | float | int]:
    return {
        "image": from_numpy(made.frame.rgb).permute(2, 0, 1),
        "alpha": from_numpy(made.alpha)[None],
        "time": float(made.time),
        "clip": number,
    }
