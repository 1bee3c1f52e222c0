"""The interface of every network in this library, in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from sinet_video.models.registry import Architecture


class Network(nn.Module):
    """A network that maps 8-bit RGB images to alpha, including its preprocessing.

    `architecture` is its row in `registry`. `alpha` maps images (n, h, w, 3) uint8 to (n, h, w)
    float in [0, 1]. If the architecture has classes, it also takes their choice, (classes,) float:
    1 for a class that counts, 0 for one that does not. `normalise` maps RGB values in [0, 255], (n,
    3, h, w), to the network's own input. It is only needed if the graph has the output `logits` or
    `evidence`, of background and person, besides `alpha`.
    """

    architecture: ClassVar[Architecture]
    alpha: Callable[..., Tensor]
    normalise: Callable[[Tensor], Tensor]
