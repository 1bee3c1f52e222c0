"""Arrays and planes to a device and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_mattes import made_frame

from sinet_video.device.matte import DeviceMatte, lifted, lowered
from sinet_video.device.transfer import Download, downloaded, narrowed, uploaded, widened
from sinet_video.media.frame import Matte
from sinet_video.media.pixel_formats import PLANAR

CPU = torch.device("cpu")

PLANES = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))
)


@given(PLANES)
@settings(deadline=None, max_examples=100)
def test_samples_go_there_and_back_bit_for_bit(plane: np.ndarray) -> None:
    """Of 8 to 16 bits, and also through float32."""
    there = uploaded(plane, CPU)
    assert np.array_equal(downloaded(there), plane)
    values = widened(there)
    assert np.array_equal(values.numpy(), plane.astype(np.float32))
    back = downloaded(narrowed(values, there.dtype))
    assert back.dtype == plane.dtype
    assert np.array_equal(back, plane)


@given(
    st.sampled_from(sorted(PLANAR)), st.integers(1, 70), st.integers(1, 70), st.integers(0, 9999)
)
@settings(deadline=None, max_examples=100)
def test_frames_go_there_and_back_bit_for_bit(
    name: str, height: int, width: int, seed: int
) -> None:
    """Every planar format and any size, with all values that it has."""
    frame = made_frame(name, height, width)
    rng = np.random.default_rng(seed)
    for plane in frame.planes:
        plane[...] = rng.integers(0, PLANAR[name].top, plane.shape, endpoint=True)
    alpha = rng.random((height, width), np.float32)
    (there,) = lifted([Matte(frame, alpha)], CPU)
    (back,) = lowered([there.with_planes(there.planes)])
    assert back.frame.video is not frame.video
    assert np.array_equal(back.alpha, alpha)
    for got, plane in zip(back.frame.planes, frame.planes, strict=True):
        assert got.dtype == plane.dtype
        assert np.array_equal(got, plane)


def test_an_array_is_copied() -> None:
    """What is written to it afterwards, as decoders do to frames, has no effect."""
    plane = np.zeros((3, 4), np.uint16)
    there = uploaded(plane, CPU)
    plane[...] = 7
    assert not downloaded(there).any()


def test_parts_of_a_plane_may_be_moved() -> None:
    """A view whose rows do not follow each other, as planes with padding are; and no writing."""
    plane = np.arange(40, dtype=np.uint16).reshape(4, 10)[::2, 1:6]
    plane.flags.writeable = False
    assert np.array_equal(downloaded(uploaded(plane, CPU)), plane)


def test_several_tensors_are_fetched_together() -> None:
    """In order, each of its own kind."""
    tensors = [torch.full((2, 2), -1, dtype=torch.int16), torch.tensor([[0.5]])]
    samples, values = Download(tensors).arrays()
    assert samples.dtype == np.uint16
    assert (samples == 65535).all()
    assert values == pytest.approx(0.5)


def test_a_frame_is_moved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many stages ask for its planes; one that is not asked for is not moved at all."""
    moved: list[int] = []
    from sinet_video.device import matte as module

    def counted(frame: object, device: object) -> object:
        moved.append(1)
        return samples(frame, device)

    samples = module.samples_of
    monkeypatch.setattr(module, "samples_of", counted)
    matte = DeviceMatte(made_frame("yuv420p", 32, 32), torch.zeros(32, 32))
    again = matte.with_alpha(torch.ones(32, 32))
    assert not moved
    assert matte.planes[0].shape == again.planes[0].shape == (32, 32)
    assert len(moved) == 1
