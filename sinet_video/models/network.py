"""What every network of this library is, in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from sinet_video.models.registry import Architecture


class Network(nn.Module):
    """A network that maps 8-bit RGB pictures to alpha, its preprocessing included.

    `architecture` is its row in `registry`. `alpha` maps pictures (n, h, w, 3) uint8 to (n, h, w)
    float in [0, 1]; where the architecture has classes, it takes their choice as well, (classes,)
    float: 1 for a class that counts, 0 for one that does not. `normalise` maps RGB values in
    [0, 255], (n, 3, h, w), to what the network itself takes; only those need it whose graphs have
    the output `logits` or `evidence`, of background and person, besides `alpha`.
    """

    architecture: ClassVar[Architecture]
    alpha: Callable[..., Tensor]
    normalise: Callable[[Tensor], Tensor]
