"""What can stand behind the person."""

import copy
import pickle
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from sinet_video import probe
from sinet_video.errors import InputError, SettingError
from sinet_video.media.convert import blank_like, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.stages.backgrounds import (
    ColourBackground,
    ImageBackground,
    VideoBackground,
    parse_background,
)
from sinet_video.stages.blur_background import BlurBackground
from sinet_video.stages.composite import composite

BT709, BT601, BT2020 = 1, 6, 9
WEIGHTS = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114), BT2020: (0.2627, 0.0593)}
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
BLACK = (0, 0, 0)


def matte(size=(64, 48), name="yuv420p", *, matrix=2, span=0, pts=0, alpha=0.0, **more) -> Matte:
    """A gray frame of (width, height) with an alpha, a number or an array."""
    video = av.VideoFrame(*size, name)
    video.colorspace, video.color_range = matrix, span
    for plane in planes_of(video):
        plane[...] = 2 ** (PLANAR[name].bits - 1)
    frame = Frame(video, pts, Fraction(1, 1000), **more)
    return Matte(frame, np.zeros(size[::-1], np.float32) + np.float32(alpha))


def seen(background, of: Matte) -> np.ndarray:
    """The background as RGB, as a player shows it behind this frame."""
    video = blank_like(of.frame.video)
    for target, plane in zip(planes_of(video), background.planes(of), strict=True):
        assert plane.dtype == target.dtype
        assert plane.shape in ((1, 1), target.shape)
        target[...] = plane
    return np.rot90(of.frame.with_video(video).rgb, of.frame.rotation // 90)


def yuv(rgb, bits: int, matrix: int, *, full: bool) -> list[float]:
    """Samples from the definitions in ITU-R BT.601, BT.709 and BT.2020."""
    kr, kb = WEIGHTS[matrix]
    red, green, blue = (value / 255 for value in rgb)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    step, most = 2 ** (bits - 8), 2**bits - 1
    y = luma * most if full else (16 + 219 * luma) * step
    return [y, *(128 * step + c * (most if full else 224 * step) for c in chroma)]


@pytest.mark.parametrize("matrix", [BT709, BT601, BT2020])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p12le"])
@given(rgb=st.tuples(*[st.integers(0, 255)] * 3))
@settings(deadline=None, max_examples=15)
def test_colour_has_the_standards_samples(matrix, full, name, rgb):
    """Within one code value of 8 bits, in every matrix, range and depth."""
    frame = matte(name=name, matrix=matrix, span=2 if full else 1)
    bits = PLANAR[name].bits
    planes = ColourBackground(*rgb).planes(frame)
    assert [plane.shape for plane in planes] == [(1, 1)] * 3
    expected = np.clip(yuv(rgb, bits, matrix, full=full), 0, 2**bits - 1)
    got = [float(plane[0, 0]) for plane in planes]
    assert np.abs(got - np.rint(expected)).max() <= 2 ** (bits - 8)


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), BT709), ((640, 360), BT601)])
def test_untagged_frames_get_their_colour_by_height(size, matrix):
    """Green behind untagged HD is BT.709's, behind SD BT.601's."""
    got = [float(plane[0, 0]) for plane in ColourBackground(*GREEN).planes(matte(size))]
    assert np.abs(np.subtract(got, yuv(GREEN, 8, matrix, full=False))).max() <= 1


def test_one_colour_serves_frames_of_any_kind():
    """The same object behind a clip in 8 bits and then one in 10, or of another matrix."""
    colour = ColourBackground(200, 30, 90)
    for kind in ("yuv420p", "yuv420p10le", "yuv420p"):
        for matrix in (BT601, BT709):
            of = matte(name=kind, matrix=matrix)
            assert np.abs(seen(colour, of).astype(int) - colour.rgb).max() <= 3


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("#0a0B0c", (10, 11, 12)),
        ("red", RED),
        ("RED", RED),
        ("green", (0, 177, 64)),
        ("#f00", RED),
        ("255,0,0", RED),
        ("coral", (255, 127, 80)),
    ],
)
def test_colours_are_read(text, rgb):
    """Names in any case, and hexadecimal digits in any case."""
    assert ColourBackground.parse(text).rgb == rgb


@pytest.mark.parametrize(
    "text",
    ["", "#12345", "#1234567", "#12345g", "123456", "mauvish", "#\uff1123456", "1,2", "256,0,0"],
)
def test_bad_colours_are_refused(text):
    """Anything else is named in the error."""
    with pytest.raises(SettingError, match="Colour is"):
        ColourBackground.parse(text)


@pytest.fixture
def stripes(tmp_path: Path) -> Path:
    """A PNG of 200x100: four upright stripes, red, green, blue and white."""
    pixels = np.repeat(np.array([RED, GREEN, BLUE, WHITE], np.uint8), 50, axis=0)
    return saved(np.tile(pixels, (100, 1, 1)), tmp_path / "stripes.png")


def saved(rgb: np.ndarray, path: Path, **options) -> Path:
    Image.fromarray(rgb).save(path, **options)
    return path


def colours(rgb: np.ndarray, *places: tuple[int, int]) -> list[tuple[int, int, int]]:
    """The pure colours at these (row, column) places, forgiving what YUV rounds off."""
    return [tuple(int(v > 127) * 255 for v in rgb[place]) for place in places]


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le"])
def test_cover_fills_the_frame_and_cuts_the_sides(stripes, name):
    """A square frame shows the two middle stripes of a wide image, at full height."""
    rgb = seen(ImageBackground(stripes, "cover"), matte((100, 100), name))
    assert colours(rgb, (5, 10), (95, 40), (5, 60), (95, 90)) == [GREEN, GREEN, BLUE, BLUE]


def test_contain_shows_all_between_black_bars(stripes):
    """All four stripes in the middle half, black above and below."""
    rgb = seen(ImageBackground(stripes, "contain"), matte((100, 100)))
    assert colours(rgb, *((50, c) for c in (10, 35, 60, 90))) == [RED, GREEN, BLUE, WHITE]
    assert colours(rgb, (28, 90), (72, 90)) == [WHITE, WHITE]
    assert rgb[:22].max() < 8
    assert rgb[78:].max() < 8


def test_stretch_distorts_to_the_frame(stripes):
    """All four stripes over the whole height."""
    rgb = seen(ImageBackground(stripes, "stretch"), matte((100, 100)))
    for row in (3, 97):
        assert colours(rgb, *((row, c) for c in (10, 35, 60, 90))) == [RED, GREEN, BLUE, WHITE]


def test_cover_cuts_top_and_bottom_of_a_tall_image(tmp_path):
    """What juts out is cut evenly."""
    pixels = np.repeat(np.array([RED, GREEN, BLUE, WHITE], np.uint8), 25, axis=0)
    path = saved(np.tile(pixels[:, None], (1, 50, 1)), tmp_path / "tall.png")
    rgb = seen(ImageBackground(path), matte((100, 100)))
    assert colours(rgb, (10, 5), (40, 95), (60, 5), (90, 95)) == [GREEN, GREEN, BLUE, BLUE]


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [(65, 49), (1, 1), (33, 200), (640, 360)])
def test_any_size_is_filled(stripes, fit, size):
    """Odd, tiny, tall and larger frames get planes of their own size."""
    rgb = seen(ImageBackground(stripes, fit), matte(size))
    assert rgb.shape == (size[1], size[0], 3)


def test_pixels_that_are_not_square_are_allowed_for(stripes):
    """A frame of 100x100 pixels that are shown twice as wide has the image's own aspect."""
    of = matte((100, 100), sample_aspect=Fraction(2))
    rgb = seen(ImageBackground(stripes, "cover"), of)
    assert colours(rgb, *((5, c) for c in (10, 35, 60, 90))) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_an_image_stands_upright_behind_a_turned_frame(tmp_path, rotation):
    """A frame that players turn is stored on its side; what is behind it must be, too."""
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[:50, :100], pixels[:50, 100:], pixels[50:, :100] = RED, GREEN, BLUE
    path = saved(pixels, tmp_path / "quarters.png")
    stored = (200, 100) if rotation == 180 else (100, 200)
    rgb = seen(ImageBackground(path), matte(stored, rotation=rotation))
    assert rgb.shape == (100, 200, 3)
    corners = (10, 10), (10, 190), (90, 10), (90, 190)
    assert colours(rgb, *corners) == [RED, GREEN, BLUE, BLACK]


def test_a_photograph_is_turned_as_its_tag_says(tmp_path):
    """A telephone stores portraits on their side and says so; viewers turn them."""
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, :64] = RED
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: what is left comes on top
    path = saved(pixels, tmp_path / "portrait.jpg", exif=exif, quality=95)
    rgb = seen(ImageBackground(path), matte((64, 128)))
    assert colours(rgb, (10, 10), (10, 54), (118, 10), (118, 54)) == [RED, RED, BLACK, BLACK]


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif"])
def test_still_formats_are_read(tmp_path, suffix):
    """Each kind of file gives its colour."""
    path = saved(np.full((40, 60, 3), (200, 40, 90), np.uint8), tmp_path / f"still.{suffix}")
    rgb = seen(parse_background(path), matte())
    assert np.abs(rgb.astype(int) - (200, 40, 90)).max() <= 6


def test_one_image_serves_frames_of_any_size(stripes):
    """The same object behind a clip and then behind another of another size and format."""
    image = ImageBackground(stripes, "stretch")
    for size, name in (((64, 48), "yuv420p"), ((120, 90), "yuv420p"), ((120, 90), "yuv444p10le")):
        rgb = seen(image, matte(size, name))
        places = ((20, round(size[0] * share)) for share in (0.1, 0.35, 0.6, 0.9))
        assert colours(rgb, *places) == [RED, GREEN, BLUE, WHITE]


TIMES = [0, 40, 120, 400, 440]
LENGTH = 480
"""Milliseconds: the last image of a stream of 25 a second lasts 40."""


def clip(path: Path, times: list[int]) -> Path:
    """A lossless clip whose n-th image has luma 20 + 30 n, shown from the n-th time on."""
    base = Fraction(1, 1000)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        for index, time in enumerate(times):
            video = av.VideoFrame(32, 32, "yuv420p")
            for plane, value in zip(planes_of(video), (20 + 30 * index, 128, 128), strict=True):
                plane[...] = value
            video.pts, video.time_base = time, base
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return path


def shown(video: VideoBackground, time: int) -> int:
    """Which image a background shows at a time in milliseconds."""
    value = int(video.planes(matte(pts=time))[0][24, 32])
    return round((value - 20) / 30)


@pytest.mark.parametrize("start", [0, 5000])
@pytest.mark.parametrize("step", [10, 33, 100, 700])
@pytest.mark.parametrize("first", [0, 80])
def test_video_shows_what_its_own_times_say(tmp_path, start, step, first):
    """At each moment the image with the largest pts that is not later, over and over."""
    video = VideoBackground(clip(tmp_path / "uneven.mkv", [first + t for t in TIMES]))
    times = range(0, max(3 * LENGTH, 4 * step), step)
    expected = [max(i for i, pts in enumerate(TIMES) if pts <= t % LENGTH) for t in times]
    assert [shown(video, start + t) for t in times] == expected
    assert len(set(expected)) > 1


def test_video_holds_its_image_between_changes(tmp_path):
    """Frames at the same image get the very same planes, made once."""
    video = VideoBackground(clip(tmp_path / "uneven.mkv", TIMES))
    first, second = (video.planes(matte(pts=t))[0] for t in (130, 140))
    assert np.shares_memory(first, second)
    assert not np.shares_memory(second, video.planes(matte(pts=540))[0])


def test_a_video_begins_again_for_another_clip(tmp_path):
    """Whose times go back, and whose frames are of another size; and for two at once."""
    video = VideoBackground(clip(tmp_path / "uneven.mkv", TIMES))
    first = [shown(video, t) for t in TIMES]
    assert first == [0, 1, 2, 3, 4]
    assert [shown(video, t) for t in TIMES] == first
    assert video.planes(matte((96, 64), pts=0))[0].shape == (64, 96)
    assert video.planes(matte((96, 64), pts=0))[0].max() == 20
    other = video.anew()
    assert [(shown(video, 40 + t), shown(other, 200 + t)) for t in TIMES] == [
        (1, 0), (1, 1), (2, 2), (4, 3), (0, 4)
    ]  # fmt: skip


def test_a_video_of_one_image_stays(tmp_path):
    """A single image is shown for ever."""
    video = VideoBackground(clip(tmp_path / "one.mkv", [0]))
    assert {shown(video, t) for t in range(0, 500, 50)} == {0}


def test_video_fits_like_an_image(make_clip):
    """A clip of 160x96 in a square frame is cut, or has bars, as asked."""
    path = make_clip("wide.mp4")
    contained = seen(VideoBackground(path, "contain"), matte((96, 96)))
    covered = seen(VideoBackground(path, "cover"), matte((96, 96)))
    assert contained[:16].max() < 12
    assert covered[:16].max() > 60


QUARTERS = ((RED, GREEN), (BLUE, WHITE))


def quarters(path: Path, ffmpeg, *options) -> Path:
    """A clip of 160x80: red and green above, blue and white below."""
    pixels = np.array(QUARTERS, np.uint8).repeat(40, 0).repeat(80, 1)
    image = saved(pixels, path.with_suffix(".png"))
    ffmpeg("ffmpeg", "-i", image, "-vf", "format=yuv444p", "-c:v", "libx264", "-qp", 0, "-t", "0.1",
           path.with_name("plain.mp4"))  # fmt: skip
    ffmpeg("ffmpeg", "-i", path.with_name("plain.mp4"), "-c", "copy", *options, path)
    return path


@pytest.mark.parametrize("behind", [0, 90])
def test_a_turned_video_is_seen_as_players_show_it(behind, ffmpeg, tmp_path):
    """That of a phone, also behind a frame that is turned itself."""
    path = quarters(tmp_path / "phone.mov", ffmpeg, "-metadata:s:v", "rotate=270")
    assert probe(path).orientation.sideways
    size = (160, 80) if behind else (80, 160)
    rgb = seen(VideoBackground(path), matte(size, "yuv444p", rotation=behind))
    assert rgb.shape == (160, 80, 3)
    corners = ((10, 10), (10, 70), (150, 10), (150, 70))
    ffmpeg("ffmpeg", "-i", path, "-frames:v", 1, tmp_path / "played.png")
    played = np.asarray(Image.open(tmp_path / "played.png").convert("RGB"))
    assert colours(rgb, *corners) == colours(played, *corners)
    assert len(set(colours(rgb, *corners))) == 4


@pytest.mark.parametrize("rotate", [0, 90])
def test_a_video_keeps_the_shape_of_its_pixels(rotate, ffmpeg, tmp_path):
    """160x80 pixels that are shown half as wide are a square picture, turned or not."""
    shaped = (
        "-bsf:v",
        "h264_metadata=sample_aspect_ratio=1/2",
        "-metadata:s:v",
        f"rotate={rotate}",
    )
    path = quarters(tmp_path / "dv.mov", ffmpeg, *shaped)
    assert probe(path).shown_aspect == 1
    rgb = seen(VideoBackground(path, "contain"), matte((160, 80), "yuv444p"))
    assert rgb[:, [20, 139]].max() < 12
    assert (rgb[:, [50, 110]].max(axis=2) > 200).all()


def room(size: tuple[int, int], name: str = "yuv420p") -> tuple[Matte, np.ndarray]:
    """A dark textured room with a bright person of another colour in it, and where that is."""
    width, height = size
    inside = np.zeros((height, width), bool)
    inside[height // 4 :, width // 3 : width * 2 // 3] = True
    of = matte(size, name, alpha=inside.astype(np.float32))
    shift = PLANAR[name].bits - 8
    luma, *chroma = of.frame.planes
    rng = np.random.default_rng(0)
    luma[...] = np.where(inside, 225, 60 + rng.integers(-20, 21, inside.shape)) << shift
    down, across = of.frame.format.down, of.frame.format.across
    for plane in chroma:
        plane[...] = np.where(inside[::down, ::across], 190, 120).astype(plane.dtype) << shift
    return of, inside


@pytest.mark.parametrize("size", [(160, 96), (161, 97), (640, 360), (1280, 720)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le"])
def test_blur_keeps_the_person_out(size, name):
    """Beside a bright person the blurred room is as dark as the room; a plain blur is not."""
    of, inside = room(size, name)
    scale = 2.0 ** (PLANAR[name].bits - 8)
    source = of.frame.luma / scale
    near = ndimage.binary_dilation(inside, iterations=max(size) // 100) & ~inside
    plain = ndimage.gaussian_filter(source, 0.02 * max(size))
    blurred = BlurBackground(2.0).planes(of)
    assert plain[near].mean() > 100
    assert abs(blurred[0][near].mean() / scale - 60) < 6
    for plane in blurred[1:]:
        kind = of.frame.format
        beside = near[:: kind.down, :: kind.across]
        assert abs(plane[beside].mean() / scale - 120) < 8


@pytest.mark.parametrize("size", [(160, 96), (640, 360)])
def test_blur_smooths_the_room(size):
    """The room's texture is nearly gone, its brightness stays, and a larger radius does more."""
    of, inside = room(size)
    outside = ~ndimage.binary_dilation(inside, iterations=3)
    source = of.frame.luma[outside].astype(float)
    weak, strong = (BlurBackground(r).planes(of)[0][outside].astype(float) for r in (0.5, 4.0))
    assert strong.std() < 0.2 * source.std()
    assert strong.std() < weak.std() < source.std()
    assert abs(strong.mean() - source.mean()) < 2


@pytest.mark.parametrize("size", [(160, 96), (640, 360)])
def test_blur_leaves_the_frame_as_it_is(size):
    """The person comes from the frame itself: it must stay sharp."""
    of, inside = room(size)
    before = [plane.copy() for plane in of.frame.planes]
    (result,) = composite([of], BlurBackground())
    for one, other in zip(before, of.frame.planes, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(result.frame.luma[inside], before[0][inside])


@pytest.mark.parametrize("size", [(64, 48), (3, 2), (1, 1), (2, 300), (239, 131)])
@pytest.mark.parametrize("radius", [0.01, 2, 20])
def test_blur_serves_any_size(size, radius):
    """Also where the person fills the image: values stay within those of the image."""
    for alpha in (0.0, 1.0):
        planes = BlurBackground(radius).planes(matte(size, alpha=alpha))
        for plane, source in zip(planes, matte(size).frame.planes, strict=True):
            assert plane.shape == source.shape
            assert np.abs(plane.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("radius", [0, -1, 20.1, float("nan"), float("inf"), "2", None, True])
def test_bad_radius_is_refused(radius):
    """Above 0 and at most 20."""
    with pytest.raises(SettingError, match="Blur is"):
        BlurBackground(radius)


@pytest.mark.parametrize("rgb", [(256, 0, 0), (0, -1, 0), (0, 0, 1.5), ("red", 0, 0)])
def test_what_is_no_colour_is_refused(rgb):
    """Where it is said, and not at the first frame."""
    with pytest.raises(SettingError, match=r"Colour is \(.*\); .* from 0 to 255"):
        ColourBackground(*rgb)


def test_backgrounds_are_values(stripes, make_clip):
    """They print what they are, equal others of it, and can be sent and copied while in use."""
    assert ColourBackground.parse("#102030") == ColourBackground(16, 32, 48)
    assert len({BlurBackground(2), BlurBackground(2.0), BlurBackground(3)}) == 2
    files = ImageBackground(stripes), VideoBackground(make_clip())
    for one in (ColourBackground(1, 2, 3), BlurBackground(3), *files):
        size = (96, 160)
        before = [plane.copy() for plane in one.planes(matte(size))]
        for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
            assert repr(other) == repr(one)
            assert " at 0x" not in repr(other)
            for plane, same in zip(other.planes(matte(size)), before, strict=True):
                assert (plane == same).all()


def test_words_are_backgrounds(tmp_path, stripes, make_clip):
    """Every form that a user may write gives what it says."""
    assert parse_background("transparent") is None
    assert parse_background("Transparent") is None
    assert parse_background("#102030").rgb == (16, 32, 48)
    assert parse_background("Blue").rgb == (0, 71, 187)
    assert isinstance(parse_background("blur"), BlurBackground)
    assert isinstance(parse_background("BLUR:3.5"), BlurBackground)
    assert isinstance(parse_background(stripes), ImageBackground)
    assert isinstance(parse_background(str(stripes), "contain"), ImageBackground)
    assert isinstance(parse_background(make_clip()), VideoBackground)
    capital = stripes.rename(tmp_path / "STRIPES.PNG")
    assert isinstance(parse_background(capital), ImageBackground)


def test_the_radius_is_taken_from_the_word():
    """blur:4 is what BlurBackground(4) is, and not what blur is."""

    def made(background) -> np.ndarray:
        return background.planes(room((160, 96))[0])[0]

    np.testing.assert_array_equal(made(parse_background("blur:4")), made(BlurBackground(4)))
    assert (made(parse_background("blur")) != made(BlurBackground(4))).any()


@pytest.mark.parametrize("text", ["blur:", "blur:wide", "blur:0", "blur:21", "blur:nan"])
def test_bad_blurs_are_refused(text):
    """A number in range comes after the colon."""
    with pytest.raises(SettingError, match=r"[Bb]lur"):
        parse_background(text)


@pytest.mark.parametrize("text", ["nowhere.png", "no/such.mp4", "greenish", "", "#12"])
def test_what_is_no_background_is_refused(text, tmp_path, monkeypatch):
    """Neither a colour, nor a word, nor a file that exists."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises((SettingError, InputError)):
        parse_background(text)


@pytest.mark.parametrize("name", ["broken.png", "broken.mp4", "empty.jpg", "folder.png"])
def test_files_that_are_no_images_are_input_errors(tmp_path, name):
    """The error names the file, at once and not at the first frame."""
    path = tmp_path / name
    if name.startswith("folder"):
        path.mkdir()
    else:
        path.write_bytes(b"" if name.startswith("empty") else b"no image at all" * 20)
    with pytest.raises(InputError, match=name):
        parse_background(path)


def test_a_damaged_png_is_an_input_error(tmp_path, stripes):
    """A file that begins well and then is not an image."""
    data = bytearray(stripes.read_bytes())
    data[20:] = bytes(len(data) - 20)
    path = tmp_path / "damaged.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"damaged\.png"):
        ImageBackground(path)


@pytest.mark.parametrize("fit", ["", "fill", "COVER"])
def test_bad_fits_are_refused(stripes, make_clip, fit):
    """Wherever a fit is given."""
    for make in (lambda: ImageBackground(stripes, fit), lambda: VideoBackground(make_clip(), fit)):
        with pytest.raises(SettingError, match="Fit is"):
            make()
    with pytest.raises(SettingError, match="Fit is"):
        parse_background("green", fit)
