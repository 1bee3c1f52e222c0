"""Mattes on a device: how they come, go, and are written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from made_mattes import made_alpha, made_mattes

from sinet_video.device.matte import DeviceAlpha, DeviceMatte, lifted, lowered
from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.planes.quantise import write_alpha

CPU = torch.device("cpu")


def test_alpha_of_every_kind_is_lifted() -> None:
    """An array, tiles, and what is there already, which is not moved."""
    alpha = made_alpha(96, 128)
    frame = made_mattes()[0].frame
    kinds = [alpha, TiledAlpha.of(alpha), DeviceAlpha(torch.from_numpy(alpha))]
    for kind in kinds:
        (there,) = lifted([Matte(frame, kind)], CPU)
        assert np.array_equal(there.alpha.numpy(), alpha)
    assert there.alpha.data_ptr() == torch.from_numpy(alpha).data_ptr()


def test_alpha_elsewhere_is_a_matte_s_alpha() -> None:
    """As an array, as tiles, and as whole numbers of 8 and of 16 bits."""
    alpha = made_alpha(97, 131)
    frame = made_mattes(height=97, width=131)[0].frame
    matte = Matte(frame, DeviceAlpha(torch.from_numpy(alpha)))
    assert matte.plane.shape == (97, 131)
    assert np.array_equal(matte.alpha, alpha)
    assert np.array_equal(matte.tiles.dense(), alpha)
    for low, high, kind in ((0, 255, np.uint8), (16, 235, np.uint8), (0, 65535, np.uint16)):
        there, here = np.zeros(alpha.shape, kind), np.zeros(alpha.shape, kind)
        write_alpha(matte.plane, low, high, there)
        write_alpha(alpha, low, high, here)
        assert np.array_equal(there, here)


def test_frames_that_did_not_change_are_the_same_objects() -> None:
    """Only what was made there is moved back."""
    mattes = made_mattes()
    for before, after in zip(mattes, lowered(lifted(mattes, CPU)), strict=True):
        assert after.frame is before.frame


def test_mattes_from_before_an_error_are_delivered() -> None:
    """Also where one waits for the next, as on a GPU."""

    def failing() -> Iterator[DeviceMatte]:
        yield from lifted(made_mattes(count=2), CPU)
        raise ValueError("no more")

    seen: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        list(iterate(lowered(failing()), seen))
    assert len(seen) == 2


def iterate(mattes: Iterator[Matte], seen: list[int]) -> Iterator[Matte]:
    """Count in a list that is there after an error too."""
    for matte in mattes:
        seen.append(1)
        yield matte


class Elsewhere:
    """A tensor that says that it is on another device, so that one frame is always under way."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor, self.device = tensor, torch.device("meta")


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_one_is_under_way_while_the_next_is_worked_on(count: int) -> None:
    """On another device than the CPU, and none is lost at the end or before an error."""
    begun: list[int] = []

    def there(fails: bool) -> Iterator[DeviceMatte]:
        for index, matte in enumerate(made_mattes(count=count)):
            begun.append(index)
            yield DeviceMatte(matte.frame, Elsewhere(torch.zeros(1)))
        if fails:
            raise ValueError("no more")

    for prompt, ahead in ((False, 2), (True, 1)):
        begun.clear()
        for index, matte in enumerate(lowered(there(fails=False), prompt=prompt)):
            assert matte.frame.pts == index
            assert len(begun) == min(count, index + ahead)
    seen: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        list(iterate(lowered(there(fails=True)), seen))
    assert len(seen) == count
