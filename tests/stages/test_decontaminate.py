"""The old background's colour taken out of the edge."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.planes.pyramid import reduced, reduced_alpha
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.composite import composite
from sinet_video.stages.decontaminate import cleaned, decontaminate, edge_colours, unmixed
from sinet_video.stages.refine import refine

FORMATS = [f"yuv{chroma}p{depth}" for chroma in (420, 422, 444) for depth in ("", "10le")]
SIZES = [(96, 128), (97, 131), (33, 96), (1, 1), (2, 5), (181, 150)]


def shares(alpha: np.ndarray, down: int, across: int) -> np.ndarray:
    """Means of blocks of 1 or 2 samples, in the order that makes them exact in float32."""
    alpha = np.pad(alpha, [(0, -alpha.shape[0] % down), (0, -alpha.shape[1] % across)], mode="edge")
    if down == 2:
        alpha = (alpha[::2] + alpha[1::2]) * np.float32(0.5)
    if across == 2:
        alpha = (alpha[:, ::2] + alpha[:, 1::2]) * np.float32(0.5)
    return alpha


def planes_shares(frame: Frame, alpha: np.ndarray) -> list[np.ndarray]:
    """Alpha at the samples of Y, U and V."""
    chroma = shares(alpha, frame.format.down, frame.format.across)
    return [alpha, chroma, chroma]


def frame_of(name: str, size: tuple[int, int], values) -> Frame:
    """A frame of these values, one a plane: numbers or arrays."""
    video = av.VideoFrame(size[1], size[0], name)
    for plane, value in zip(planes_of(video), values, strict=True):
        plane[...] = value
    return Frame(video, 0, Fraction(1, 25), 1)


def noise(name: str, size: tuple[int, int], seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    frame = frame_of(name, size, (0, 0, 0))
    for plane in frame.planes:
        plane[...] = rng.integers(0, 2 ** PLANAR[name].bits, plane.shape)
    return frame


def soft_disc(size: tuple[int, int], width: float = 9) -> np.ndarray:
    """A person of sorts: a disc with a soft, wavy edge."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    angle = np.arctan2(rows - size[0] / 2, columns - size[1] / 2)
    far = np.hypot(rows - size[0] / 2, columns - size[1] / 2) + 3 * np.sin(9 * angle)
    return np.clip((min(size) / 3 - far) / width + 0.5, 0, 1).astype(np.float32)


def mixed(name: str, alpha: np.ndarray, person, room) -> Frame:
    """The frame that a camera would see of a person and a room, numbers or arrays a plane."""
    frame = frame_of(name, alpha.shape, (0, 0, 0))
    for plane, share, p, r in zip(
        frame.planes, planes_shares(frame, alpha), person, room, strict=True
    ):
        plane[...] = np.rint(share * p + (1 - share) * r)
    return frame


def clean(frame: Frame, alpha: np.ndarray) -> Frame:
    (result,) = decontaminate([Matte(frame, alpha)])
    np.testing.assert_array_equal(result.alpha, alpha)
    return result.frame


@given(st.sampled_from(FORMATS), st.integers(1, 90), st.integers(1, 90), st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_what_is_not_partial_stays_bit_for_bit(name, height, width, seed):
    """Where alpha is 1, and where it is 0, samples are the source's, whatever is in between."""
    frame = noise(name, (height, width), seed)
    alpha = np.random.default_rng(seed).choice(
        np.array([0, 0.01, 0.5, 0.99, 1], np.float32), (height, width), p=[0.3, 0.1, 0.2, 0.1, 0.3]
    )
    result = clean(frame, alpha)
    for got, source, share in zip(
        result.planes, frame.planes, planes_shares(frame, alpha), strict=True
    ):
        sure = (share == 0) | (share == 1)
        np.testing.assert_array_equal(got[sure], source[sure])
        assert got.max() < 2**frame.format.bits


@given(
    st.sampled_from(FORMATS),
    st.tuples(*[st.integers(0, 255)] * 3),
    st.integers(1, 80),
    st.integers(1, 80),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=40)
def test_a_person_of_the_room_s_colour_does_not_change(name, values, height, width, seed):
    """Where all is one colour there is nothing to take out."""
    frame = frame_of(name, (height, width), values)
    alpha = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    for got, source in zip(clean(frame, alpha).planes, frame.planes, strict=True):
        np.testing.assert_array_equal(got, source)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (540, 1600), (451, 1601)])
def test_two_colours_are_told_apart(name, size):
    """A person of one colour before a room of another: at the edge there is the person's alone."""
    unit = 2 ** (PLANAR[name].bits - 8)
    person, room = [v * unit for v in (180, 110, 150)], [v * unit for v in (40, 140, 90)]
    alpha = soft_disc(size)
    frame = mixed(name, alpha, person, room)
    result = clean(frame, alpha)
    for got, source, value, share in zip(
        result.planes, frame.planes, person, planes_shares(frame, alpha), strict=True
    ):
        edge = (share > 0.1) & (share < 1)
        before = np.abs(source[edge].astype(float) - value).mean()
        assert np.abs(got[edge].astype(float) - value).mean() < 0.15 * before


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le"])
def test_a_composite_is_nearer_to_the_ideal_one(name):
    """Stripes before stripes, then over a third frame: at most half the error is left."""
    size = (120, 160)
    unit = 2 ** (PLANAR[name].bits - 8)
    alpha = soft_disc(size)
    empty = frame_of(name, size, (0, 0, 0))

    def stripes(values, pitch, contrast):
        waves = [np.sin(np.arange(p.shape[1]) * 2 * np.pi / pitch) for p in empty.planes]
        return [(v + contrast * w) * unit for v, w in zip(values, waves, strict=True)]

    person, room = stripes((150, 90, 160), 40, 20), stripes((60, 150, 90), 31, 25)
    behind = tuple(np.full((1, 1), v * unit, empty.luma.dtype) for v in (200, 100, 120))
    frame = mixed(name, alpha, person, room)

    class Plain:
        def planes(self, matte):
            return behind

    matte = Matte(frame, alpha)
    errors = []
    for mattes in ([matte], decontaminate([matte])):
        (result,) = composite(mattes, Plain())
        off = []
        for got, p, b, share in zip(
            result.frame.planes, person, behind, planes_shares(frame, alpha), strict=True
        ):
            ideal = share * p + (1 - share) * b
            off.append(np.abs(got - ideal)[(share > 0) & (share < 1)].mean())
        errors.append(np.array(off))
    assert (errors[1] < 0.5 * errors[0]).all()


def plainly(image: np.ndarray, alpha: np.ndarray, far: int, near: int) -> np.ndarray:
    """The method at full size in double: blur-fusion's two blurs, then the nearest colours."""

    def means(person, room, size):
        def mean(x):
            return ndimage.uniform_filter(x, size, mode="constant")

        return (
            mean(person * alpha) / (mean(alpha) + 1e-9),
            mean(room * (1 - alpha)) / (mean(1 - alpha) + 1e-9),
        )

    person, room = image, image
    for size in (far, near):
        person, room = means(person, room, size)
        off = image - alpha * person - (1 - alpha) * room
        off /= alpha**2 + (1 - alpha) ** 2
        person, room = person + alpha * off, room + (1 - alpha) * off
    return person


def test_it_is_near_the_method_at_full_size():
    """The reduced frame costs little against the method worked out plainly, pixel by pixel."""
    size = (192, 256)
    rng = np.random.default_rng(4)
    alpha = soft_disc(size, width=14)
    textures = [ndimage.gaussian_filter(rng.standard_normal(size), 8) * 300 for _ in range(2)]
    person, room = 150 + textures[0], 70 + textures[1]
    luma = np.clip(np.rint(alpha * person + (1 - alpha) * room), 0, 255)
    frame = frame_of("yuv444p", size, (luma, 128, 128))
    edge = (alpha > 0.05) & (alpha < 0.95)
    expected = np.clip(plainly(luma, alpha.astype(float), 57, 13), 0, 255)
    got = clean(frame, alpha).luma.astype(float)
    changed = np.abs(luma - expected)[edge].mean()
    assert changed > 10
    assert np.abs(got - expected)[edge].mean() < 0.1 * changed


@given(st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_unmixed_colours_mix_to_what_was_there(seed):
    """The two colours mix to the sample exactly, and none that do are nearer to those given."""
    rng = np.random.default_rng(seed)
    mixture, person, room = rng.uniform(0, 255, (3, 50))
    alpha = rng.random(50)
    one, other = unmixed(mixture, alpha, person, room)
    np.testing.assert_allclose(alpha * one + (1 - alpha) * other, mixture)
    # Along all colours that mix to the sample the direction is (1 - alpha, -alpha).
    along = (one - person) * (1 - alpha) - (other - room) * alpha
    np.testing.assert_allclose(along, 0, atol=1e-9)


def test_cleaned_is_unmixed_rounded():
    """The fast way gives what the plain one does, within the range of the samples."""
    rng = np.random.default_rng(0)
    mixture = rng.integers(0, 256, 500).astype(np.uint8)
    alpha = rng.random(500).astype(np.float32)
    alpha[:50], alpha[50:100] = 0, 1
    person, room = rng.uniform(0, 255, (2, 500)).astype(np.float32)
    expected = np.rint(np.clip(unmixed(mixture, alpha, person, room)[0], 0, 255))
    expected[:50] = mixture[:50]
    got = cleaned(mixture, alpha, person, room.copy(), 255)
    assert got.dtype == np.uint8
    assert np.abs(got - expected).max() <= 1
    np.testing.assert_array_equal(got[50:100], mixture[50:100])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_cells_hold_means(name, size):
    """Frames and alphas are averaged over the same cells, also where sides do not divide."""
    frame, factor = noise(name, size), 4
    shape = -(-size[0] // factor), -(-size[1] // factor)
    alpha = np.random.default_rng(1).random(size, dtype=np.float32)
    cells = reduced(frame, factor)
    assert cells.shape == (3, *shape)
    whole = frame.luma[: size[0] // 4 * 4, : size[1] // 4 * 4].astype(float)
    means = whole.reshape(size[0] // 4, 4, size[1] // 4, 4).mean((1, 3))
    unit = 2 ** (frame.format.bits - 8)
    assert np.abs(cells[0][: size[0] // 4, : size[1] // 4] - means).max(initial=0) <= 1.5 * unit
    got = reduced_alpha(TiledAlpha.of(alpha), factor)
    assert got.shape == shape
    padded = np.pad(alpha, [(0, -side % factor) for side in size], mode="edge")
    means = padded.reshape(shape[0], 4, shape[1], 4).mean((1, 3))
    np.testing.assert_allclose(got, means, atol=1e-5)


@pytest.mark.parametrize("size", [(54, 940), (359, 641)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le"])
def test_refined_tiles_are_as_their_alpha_says(name, size):
    """What tiles hold past the frame does not show in the last chroma of odd sizes."""
    coarse = np.random.default_rng(3).random((24, 32), dtype=np.float32)
    (matte,) = refine([Matte(noise(name, size), coarse)])
    as_tiles, as_array = (
        next(decontaminate([m])).frame.planes
        for m in (matte, matte.with_alpha(np.ascontiguousarray(matte.alpha)))
    )
    for one, other in zip(as_tiles, as_array, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", PLANAR)
@pytest.mark.parametrize("size", [(96, 128), (97, 131)])
def test_composites_take_the_same_colours_without_the_stage(name, size):
    """In every format, samples and all, whichever way they come."""
    frame, alpha = noise(name, size), soft_disc(size)
    behind = ColourBackground.parse("#1050c0")
    (plain,) = composite(decontaminate([Matte(frame, alpha)]), behind)
    (fused,) = composite([Matte(frame, alpha)], behind, colours=edge_colours)
    (without,) = composite([Matte(frame, alpha)], behind)
    for one, two in zip(plain.frame.planes, fused.frame.planes, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (without.frame.luma != fused.frame.luma).any()


def test_who_has_no_edge_passes_untouched():
    """Without a partial tile there is no new frame."""
    frame = noise("yuv420p", (64, 96))
    alpha = np.zeros((64, 96), np.float32)
    alpha[:32] = 1
    matte = Matte(frame, alpha)
    (result,) = decontaminate([matte])
    assert result is matte


def test_tags_and_time_stay():
    """Everything but the frame stays, its colour tags included, and the source's samples."""
    frame = noise("yuv420p", (64, 96))
    frame.video.colorspace, frame.video.color_range = 1, 2
    frame.video.color_primaries, frame.video.color_trc = 9, 16
    before = [plane.copy() for plane in frame.planes]
    video = clean(frame, soft_disc((64, 96))).video
    assert (int(video.colorspace), int(video.color_range)) == (1, 2)
    assert (int(video.color_primaries), int(video.color_trc)) == (9, 16)
    for plane, old in zip(frame.planes, before, strict=True):
        np.testing.assert_array_equal(plane, old)
