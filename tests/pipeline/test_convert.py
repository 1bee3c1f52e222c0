"""The whole job: mattes one by one, finished files, and what is said of them."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from lossless import write_lossless

from sinet_video import (
    BilinearRefinement,
    ChromaKey,
    Clip,
    Despill,
    EdgeShape,
    Encoding,
    Following,
    Frame,
    InputError,
    InputSize,
    Matte,
    SettingError,
    Settings,
    TimeRange,
    VideoBackground,
    composite,
    convert,
    decode,
    matte,
    open_sink,
    parse_background,
    probe,
    refine,
    segment,
    smooth,
)

GREEN, BLACK = (0, 177, 64), (0, 0, 0)
HALF = Settings(
    segmenter=lambda _: np.array([[0, 0, 0, 0, 0.4, 1, 1, 1]], np.float32),
    refinement=BilinearRefinement(),
    smoothing=None,
)
"""The person is on the right, with a soft edge in the middle."""


def workers() -> set[threading.Thread]:
    """Our threads that are running."""
    return {t for t in threading.enumerate() if t.name in ("decode", "work")}


def corner(path: Path) -> tuple[int, ...]:
    """The colour in the top left of a file's first frame, where `HALF` sees nobody."""
    return tuple(map(int, next(decode(path)).rgb[:16, :16].mean((0, 1)).round()))


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Twelve frames, 160x96."""
    return make_clip("clip.mp4")


# Mattes


def test_a_background_serves_several_jobs(make_clip, tmp_path):
    """One after another and side by side, each from its beginning."""
    clip, background = make_clip("clip.mp4"), VideoBackground(make_clip("behind.mp4", frames=30))
    nobody = Settings(segmenter=lambda image: np.zeros(image.shape[:2], np.float32))
    options = {"background": background, "settings": nobody, "encoding": Encoding(codec="ffv1")}

    def seen(number: int) -> list[bytes]:
        convert(clip, tmp_path / f"{number}.mkv", **options)
        return [frame.rgb.tobytes() for frame in decode(tmp_path / f"{number}.mkv")]

    first = seen(0)
    assert len(set(first)) == len(first) > 10
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(seen, (1, 2))) == [first, first]


def test_a_matte_for_every_frame(carphone):
    """In order, of the frame's size, float32 from 0 to 1, with the frame's own time."""
    span = TimeRange(end=Fraction(1, 2))
    frames, mattes = list(decode(carphone, span)), list(matte(carphone, span=span))
    assert len(mattes) == len(frames) == 15
    assert [item.time for item in mattes] == [frame.time for frame in frames]
    for item in mattes:
        assert item.alpha.shape == (144, 176)
        assert item.alpha.dtype == np.float32
        assert 0 <= item.alpha.min() <= item.alpha.max() <= 1


def test_the_network_finds_the_man_in_the_car(carphone):
    """His face is the person; the window beside him is not."""
    item = next(matte(carphone))
    assert item.alpha[50:80, 75:100].mean() > 0.95
    assert item.alpha[:40, 140:].mean() < 0.05


def test_mattes_are_made_when_they_are_asked_for(clip):
    """A consumer that takes one has waited for about one, and those it is averaged with."""
    seen = []

    def segmenter(_: np.ndarray) -> np.ndarray:
        seen.append(1)
        return np.ones((3, 5), np.float32)

    mattes = matte(clip, settings=Settings(segmenter=segmenter))
    assert seen == []
    next(mattes)
    assert 5 <= len(seen) <= 7
    mattes.close()


def test_closing_early_ends_the_thread(clip):
    """Before the close returns; an iterator that ran out has ended it as well."""
    before = workers()
    mattes = matte(clip, settings=HALF)
    next(mattes)
    assert workers() - before
    mattes.close()
    assert not workers() - before
    assert len(list(matte(clip, settings=HALF))) == 12
    assert not workers() - before


def test_a_bad_file_is_said_before_the_first_matte(tmp_path):
    """At the call, not at the first turn of the loop."""
    with pytest.raises(InputError, match="There is no file"):
        matte(tmp_path / "missing.mp4")


def test_a_segmenter_that_fails_ends_the_thread(clip):
    """Its error comes out as it is, and nothing goes on behind it."""
    before = workers()

    def segmenter(_: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError("own error")

    with pytest.raises(ZeroDivisionError, match="own error") as caught:
        list(matte(clip, settings=Settings(segmenter=segmenter)))
    assert not workers() - before
    assert caught.type is ZeroDivisionError


@pytest.mark.parametrize(
    "answer", [np.ones((2, 2, 2)), np.ones(4), np.array([[np.nan]]), np.array([[np.inf]])]
)
def test_a_segmenter_s_nonsense_is_refused(answer, clip):
    """With its shape, and the time of the frame."""
    settings = Settings(segmenter=lambda _: answer.astype(np.float32))
    with pytest.raises(SettingError, match=r"0\.000 s") as caught:
        list(matte(clip, settings=settings))
    assert str(answer.shape) in str(caught.value)


# Own segmenters and stages


def test_an_own_segmenter_sees_small_upright_frames(clip, ffmpeg, tmp_path):
    """RGB, in the shown aspect, turned as a player turns it."""
    phone, raw = tmp_path / "phone.mp4", tmp_path / "shown.rgb"
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", "-metadata:s:v", "rotate=90", phone)
    seen = []

    def segmenter(image: np.ndarray) -> np.ndarray:
        seen.append(image)
        return np.ones((3, 5), np.float32)

    list(matte(phone, settings=Settings(segmenter=segmenter), span=TimeRange(end=Fraction(1, 10))))
    height, width, channels = seen[0].shape
    assert (height % 32, width % 32, channels) == (0, 0, 3)
    assert width / height == pytest.approx(96 / 160, rel=0.15)
    ffmpeg(
        "ffmpeg", "-i", phone, "-frames:v", "1", "-vf", f"scale={width}:{height}",
        "-f", "rawvideo", "-pix_fmt", "rgb24", raw,
    )  # fmt: skip
    expected = np.fromfile(raw, np.uint8).reshape(height, width, 3)
    assert np.abs(seen[0].astype(int) - expected).mean() < 4
    assert np.abs(np.rot90(seen[0], 2).astype(int) - expected).mean() > 20


def test_an_own_segmenter_s_size_is_kept_to(clip):
    """One that says what it takes gets what fits in that; a size in the settings is for others."""

    class Fixed:
        input_size = (64, 64)

        def __init__(self) -> None:
            self.seen: set[tuple[int, ...]] = set()

        def __call__(self, image: np.ndarray) -> np.ndarray:
            self.seen.add(image.shape)
            return np.ones((3, 5), np.float32)

    fixed = Fixed()
    list(matte(clip, settings=Settings(segmenter=fixed, size=InputSize(exact=(320, 192)))))
    assert fixed.seen == {(38, 64, 3)}
    free = Fixed()
    free.input_size = None
    list(matte(clip, settings=Settings(segmenter=free, size=InputSize(exact=(320, 192)))))
    assert free.seen == {(192, 320, 3)}


def test_stages_can_be_put_together_by_hand(clip, tmp_path, ffprobe_pts):
    """With a generator of one's own between two of ours: here one that swaps person and room."""

    def swapped(mattes: Iterable[Matte]) -> Iterator[Matte]:
        for item in mattes:
            yield item.with_alpha(1 - item.plane)

    facts = probe(clip)
    coarse = segment(decode(facts), HALF.segmenter)
    fine = refine(swapped(smooth(coarse, None)), BilinearRefinement(black=0, white=1))
    with open_sink(tmp_path / "o.mp4", facts) as sink:
        for item in composite(fine, parse_background("green")):
            sink.write(item)
    assert ffprobe_pts(tmp_path / "o.mp4") == ffprobe_pts(clip)
    first = next(decode(tmp_path / "o.mp4")).rgb
    assert np.abs(first[:16, -16:].mean((0, 1)) - GREEN).max() < 6
    source = next(decode(clip)).rgb
    assert np.abs(first[:16, :16].astype(int) - source[:16, :16]).mean() < 6


def test_settings_change_the_matte(clip):
    """Size, refinement, smoothing and edge all reach it."""

    def alpha(**changes) -> np.ndarray:
        given = {"segmenter": HALF.segmenter, "refinement": BilinearRefinement(), "smoothing": None}
        return list(matte(clip, settings=Settings(**given | changes)))[-1].alpha

    plain = alpha()
    assert np.array_equal(plain, alpha())
    assert (
        alpha(edge=EdgeShape(choke=4)).sum() < plain.sum() < alpha(edge=EdgeShape(choke=-4)).sum()
    )
    assert not np.array_equal(alpha(refinement=Settings().refinement), plain)


# Reports


def test_a_report_says_what_was_done(carphone, tmp_path, ffmpeg):
    """What a person or a program asks after a job."""
    span = TimeRange(end=Fraction(1, 2))
    report = convert(carphone, tmp_path / "o.mp4", span=span)
    assert (report.source, report.output) == (str(carphone), str(tmp_path / "o.mp4"))
    assert (report.frames, report.matte, report.warnings) == (15, None, [])
    assert (report.encoder, report.pixel_format) == ("libx264", "yuv420p")
    assert (report.alpha, report.audio) == ("none", "none")
    assert (report.weights, report.runtime, report.device) == ("default", "onnxruntime", "cpu")
    assert report.network_size == InputSize().of(probe(carphone).shown_aspect)
    assert set(report.stages) == {
        "decode", "segment", "smooth", "refine", "composite", "encode",
    }  # fmt: skip
    assert report.decontaminated
    assert all(rate > 0 for rate in report.stages.values())
    assert report.seconds > 0
    assert report.frames_per_second == pytest.approx(15 / report.seconds, rel=0.01)
    said = ffmpeg(
        "ffprobe", "-show_entries", "stream=duration", "-of", "csv=p=0", tmp_path / "o.mp4"
    )
    assert report.duration == pytest.approx(float(said), abs=0.001)
    assert json.loads(json.dumps(report.to_dict()))["frames"] == 15


def test_a_report_knows_an_own_segmenter(clip, tmp_path):
    """It does not claim that the network did it."""
    report = convert(clip, tmp_path / "o.webm", settings=HALF)
    assert report.weights == report.runtime == "your own segmenter"
    assert (report.alpha, report.encoder, report.pixel_format) == (
        "straight", "libvpx-vp9", "yuva420p",
    )  # fmt: skip
    assert "foreground" in report.stages


def test_progress_is_told_of_every_frame_once(clip, tmp_path):
    """In order, with the clip, so that it can tell how much is left."""
    told = []
    convert(clip, tmp_path / "o.mp4", settings=HALF, progress=lambda *what: told.append(what))
    assert [count for count, _ in told] == list(range(1, 13))
    assert all(isinstance(facts, Clip) and facts.frames == 12 for _, facts in told)


def test_an_error_in_progress_ends_the_job(clip, tmp_path):
    """A caller may stop a job from there."""

    def progress(frames: int, _: Clip) -> None:
        if frames == 3:
            raise KeyboardInterrupt

    before = workers()
    with pytest.raises(KeyboardInterrupt):
        convert(clip, tmp_path / "o.mp4", settings=HALF, progress=progress)
    assert not workers() - before
    assert list(tmp_path.iterdir()) == []


# What is shown


@pytest.mark.parametrize(
    ("name", "codec", "alpha", "colour"),
    [
        ("o.mp4", None, "none", GREEN),
        ("o.m4v", None, "none", GREEN),
        ("o.mkv", None, "none", GREEN),
        ("o.webm", None, "straight", None),
        ("o.webm", "av1", "none", GREEN),
        ("o.mov", None, "straight", None),
        ("o.mov", "h264", "none", GREEN),
        ("images", None, "straight", None),
    ],
)
def test_without_a_background_the_name_decides(name, codec, alpha, colour, clip, tmp_path):
    """Files for compositing get alpha, files for watching get green."""
    output = tmp_path / name
    report = convert(clip, output, settings=HALF, encoding=Encoding(codec))
    assert report.alpha == alpha
    if colour:
        assert np.abs(np.subtract(corner(output), colour)).max() < 6


@pytest.mark.parametrize(
    ("name", "show", "alpha", "colour"),
    [
        ("o.mp4", "alpha", "none", BLACK),
        ("o.webm", "alpha", "none", BLACK),
        ("o.mp4", "foreground", "none", BLACK),
        ("o.mkv", "foreground", "straight", BLACK),
        ("o.webm", "foreground", "straight", BLACK),
    ],
)
def test_show_puts_something_else_in_its_place(name, show, alpha, colour, clip, tmp_path):
    """The matte as gray, or the person alone, with alpha where the file can have it."""
    report = convert(clip, tmp_path / name, show=show, settings=HALF)
    assert report.alpha == alpha
    assert np.abs(np.subtract(corner(tmp_path / name), colour)).max() < 6
    right = next(decode(tmp_path / name)).rgb[-16:, -16:].astype(int)
    if show == "alpha":
        assert right.min() > 245
    else:
        assert np.abs(right - next(decode(clip)).rgb[-16:, -16:]).mean() < 12


@pytest.mark.parametrize("name", ["o.mkv", "o.webm"])
def test_the_old_background_is_taken_out_of_the_edge(name, clip, tmp_path):
    """Unless that is switched off: then the edge has the source's own colours."""

    def soft(image: np.ndarray) -> np.ndarray:
        return np.tile(np.linspace(-1, 2, image.shape[1], dtype=np.float32).clip(0, 1), (40, 1))

    edges = []
    for switch in (True, False):
        settings = Settings(
            segmenter=soft, smoothing=None, refinement=BilinearRefinement(), decontaminate=switch
        )
        report = convert(
            clip, tmp_path / name, background="transparent", settings=settings, overwrite=True
        )
        assert report.decontaminated == switch
        assert ("decontaminate" in report.stages) == switch
        edges.append(next(decode(tmp_path / name)).rgb[:, 60:100].astype(int))
    source = next(decode(clip)).rgb[:, 60:100].astype(int)
    cleaned, kept = (np.abs(edge - source).mean() for edge in edges)
    assert kept + 1 < cleaned


def test_a_screen_is_keyed_and_its_light_taken_out(make_clip, tmp_path):
    """Both reach the output: nobody is found, and yet all but the screen is kept."""

    def nobody(image: np.ndarray) -> np.ndarray:
        return np.zeros(image.shape[:2], np.float32)

    screen = tmp_path / "screen.mp4"
    convert(make_clip(frames=2), screen, background="green", settings=HALF)
    settings = Settings(segmenter=nobody, key=ChromaKey("green"), despill=Despill("green"))
    report = convert(screen, tmp_path / "o.mp4", background="#c030b0", settings=settings)
    assert {"key", "despill"} <= set(report.stages)
    made, source = (next(decode(path)).rgb.astype(int) for path in (tmp_path / "o.mp4", screen))
    assert np.abs(made[20:60, 10:40] - (192, 48, 176)).max() < 12
    assert np.abs(made[20:60, 130:150] - source[20:60, 130:150]).mean() < 30
    without = Settings(segmenter=nobody)
    convert(screen, tmp_path / "o.mp4", background="#c030b0", settings=without, overwrite=True)
    assert (
        np.abs(
            next(decode(tmp_path / "o.mp4")).rgb[20:60, 130:150].astype(int) - (192, 48, 176)
        ).max()
        < 12
    )


def filmed(tmp_path: Path, screens: list[bool]) -> Path:
    """A clip of gray frames, of which some have a green left half."""
    images = np.full((len(screens), 96, 160, 3), 120, np.uint8)
    images[screens, :, :80] = (20, 180, 60)
    return write_lossless(tmp_path / "filmed.mkv", images, "yuv420p")


@pytest.mark.parametrize(
    ("screen", "screens", "words"),
    [
        ("auto", [False] * 3, "No green or blue screen was found anywhere"),
        ("#30a040", [False] * 3, "No #30a040 screen was found anywhere"),
        ("auto", [True, False, False, True], "No green or blue screen was found in 2 of 4"),
        ("auto", [True] * 3, ""),
        ("blue", [True] * 3, "No blue screen was found anywhere"),
    ],
)
def test_a_screen_that_is_not_there_is_said(tmp_path, screen, screens, words):
    """In the report's warnings; where there is one throughout, nothing is."""
    settings = replace(HALF, key=ChromaKey(screen))
    report = convert(filmed(tmp_path, screens), tmp_path / "o.mp4", settings=settings)
    said = [text for text in report.warnings if "screen" in text]
    assert len(said) == (1 if words else 0)
    assert all(words in text for text in said)


def test_without_a_key_no_screen_is_looked_for(tmp_path):
    """Nothing is said of screens."""
    report = convert(filmed(tmp_path, [False] * 2), tmp_path / "o.mp4", settings=HALF)
    assert report.warnings == []


def test_the_matte_alone_needs_no_colours(clip, tmp_path):
    """Nothing is worked out that is not shown."""
    report = convert(clip, tmp_path / "o.mkv", show="alpha", settings=HALF)
    assert not report.decontaminated
    assert "decontaminate" not in report.stages


@pytest.mark.parametrize("background", ["white", "#ffffff", Path("picture"), "object"])
def test_backgrounds_of_every_kind(background, clip, tmp_path, ffmpeg):
    """A colour, a file, or anything with `planes`."""
    if isinstance(background, Path):
        background = tmp_path / "white.png"
        ffmpeg("ffmpeg", "-f", "lavfi", "-i", "color=white:s=32x32", "-frames:v", "1", background)
    if background == "object":
        background = parse_background("white")
    convert(clip, tmp_path / "o.mp4", background=background, settings=HALF)
    assert min(corner(tmp_path / "o.mp4")) > 250


def test_transparent_is_alpha_where_there_is_any(clip, tmp_path):
    """In .mkv it must be asked for; in .mp4 there is none."""
    report = convert(clip, tmp_path / "o.mkv", background="transparent", settings=HALF)
    assert (report.alpha, report.encoder) == ("straight", "ffv1")
    with pytest.raises(SettingError, match=r"\.mp4 cannot hold an alpha"):
        convert(clip, tmp_path / "o.mp4", background="transparent", settings=HALF)
    assert not (tmp_path / "o.mp4").exists()


def test_a_matte_can_be_written_beside_the_result(clip, tmp_path, ffprobe_pts):
    """From the same pass: exactly what showing the alpha alone would give."""
    result, beside, alone = (tmp_path / name for name in ("o.mp4", "m.mkv", "a.mkv"))
    report = convert(clip, result, matte=beside, settings=HALF)
    convert(clip, alone, show="alpha", settings=HALF)
    assert report.matte == str(beside)
    assert ffprobe_pts(result) == ffprobe_pts(clip)
    for found, expected in zip(decode(beside), decode(alone), strict=True):
        assert np.array_equal(found.luma, expected.luma)


# Settings that cannot be


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"show": "alpha", "background": "green"}, "only the alpha is shown"),
        ({"show": "foreground", "background": "green"}, "only the foreground is shown"),
        ({"show": "mask"}, "'mask'"),
        ({"background": "chartreuse-ish"}, "chartreuse-ish"),
        ({"background": "green", "fit": "squash"}, "'squash'"),
        ({"encoding": Encoding("theora")}, "'theora'"),
        ({"encoding": Encoding(crf=99)}, "0 to 51"),
        ({"settings": Settings(device="cuda")}, "'cuda'"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, words, clip, tmp_path):
    """In a sentence that names what came, and before anything is written."""
    with pytest.raises(SettingError) as caught:
        convert(clip, tmp_path / "o.mp4", **{"settings": HALF} | options)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_output_and_matte_need_different_names(clip, tmp_path):
    """However the one name is spelt."""
    for other in (tmp_path / "o.mp4", tmp_path / "." / ".." / tmp_path.name / "o.mp4"):
        with pytest.raises(SettingError, match="different names"):
            convert(clip, tmp_path / "o.mp4", matte=other, settings=HALF)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_matte_name_leaves_no_output(clip, tmp_path):
    """The two are checked together."""
    with pytest.raises(SettingError, match=r"\.xyz"):
        convert(clip, tmp_path / "o.mp4", matte=tmp_path / "m.xyz", settings=HALF)
    assert list(tmp_path.iterdir()) == []


# Memory


@pytest.fixture
def most_alive(monkeypatch) -> Callable[[], int]:
    """The largest number of frames that were ever alive at once, since the test began."""
    alive, most, kept = set(), [0], []
    lock, original = threading.RLock(), Frame.__post_init__

    def counted(self: Frame) -> None:
        original(self)
        with lock:
            number = len(kept)
            kept.append(weakref.ref(self, lambda _: alive.discard(number)))
            alive.add(number)
            most[0] = max(most[0], len(alive))

    monkeypatch.setattr(Frame, "__post_init__", counted)
    return lambda: most[0]


def test_memory_does_not_grow_with_the_clip(make_clip, tmp_path, most_alive):
    """A few frames wait between the threads, however many there are in all."""
    source = make_clip("long.mp4", frames=120)
    report = convert(source, tmp_path / "o.mp4", settings=HALF)
    assert report.frames == 120
    assert 2 <= most_alive() <= 30


def test_mattes_that_are_let_go_are_gone(make_clip, most_alive):
    """The same when they are taken one by one by a slow consumer."""
    source = make_clip("long.mp4", frames=120)
    assert sum(1 for _ in matte(source, settings=HALF)) == 120
    assert 2 <= most_alive() <= 30


def test_the_count_of_frames_sees_those_that_are_kept(make_clip, most_alive):
    """The failing twin: one who keeps them all has them all."""
    source = make_clip("long.mp4", frames=120)
    assert len(list(matte(source, settings=HALF))) == 120
    assert most_alive() >= 120


def test_small_people_are_followed_unless_that_is_off(tmp_path):
    """By default a small person is shown to the segmenter larger."""

    def largest(following: Following | None) -> float:
        shares: list[float] = []

        def segmenter(image: np.ndarray) -> np.ndarray:
            alpha = (image[..., 2] > 150).astype(np.float32)
            shares.append(float(alpha.mean()))
            return alpha

        settings = Settings(
            segmenter=segmenter, size=InputSize(exact=(96, 64)), following=following
        )
        list(matte(clip, settings=settings))
        return max(shares)

    clip = tmp_path / "small.mkv"
    image = np.full((384, 640, 3), 40, np.uint8)
    image[150:220, 300:370] = 230
    write_lossless(clip, [image] * 3, "yuv420p")
    assert largest(Settings().following) > 4 * largest(None) > 0


@pytest.mark.parametrize("background", [(0, 177, 64), np.zeros((96, 160, 3), np.uint8)])
def test_a_background_of_another_type_is_refused(background, make_clip, tmp_path):
    """Before anything is begun, with what it may be; so is a drawn matte."""
    with pytest.raises(SettingError, match=r'Background is of the type .* "0,177,64"'):
        convert(make_clip(), tmp_path / "o.mp4", background=background)
    with pytest.raises(SettingError, match="Garbage is of the type"):
        Settings(garbage=background)


def test_settings_print_what_was_set():
    """And nothing of some thirty defaults."""
    assert repr(Settings()) == "Settings()"
    assert repr(Settings(decontaminate=False, unsure="keep")) == (
        "Settings(unsure='keep', decontaminate=False)"
    )
