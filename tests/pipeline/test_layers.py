"""Two layers in one pass: the person with alpha, and the plate."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_mattes import EVERYTHING

from sinet_video import (
    BilinearRefinement,
    ColourBackground,
    Encoding,
    Frame,
    Matte,
    OutputError,
    Resume,
    SettingError,
    Settings,
    Shard,
    TiledAlpha,
    convert,
    decode,
    probe,
)
from sinet_video.decoding.matte_file import read_alphas
from sinet_video.pipeline.layers import rest

COMMAND = Path(sys.executable).with_name("sinet-video")


def left_half(_: object) -> np.ndarray:
    """The person is on the left, with an edge in the middle."""
    alpha = np.zeros((6, 10), np.float32)
    alpha[:, :5] = 1
    return alpha


LEFT = Settings(
    segmenter=left_half, smoothing=None, following=None, refinement=BilinearRefinement()
)


@pytest.fixture
def clip(make_clip) -> Path:
    """A few frames."""
    return make_clip("a.mp4", frames=5)


def alphas(path: Path) -> list[np.ndarray]:
    """The alpha of a file's frames."""
    return [frame.source_alpha.dense() for frame in decode(path) if frame.source_alpha is not None]


def test_the_layers_add_up_to_one(clip, tmp_path) -> None:
    """Where the person is not the plate is, to the last level, and both are partial at the edge."""
    person, plate = tmp_path / "person.mkv", tmp_path / "plate.mkv"
    report = convert(clip, person, plate=plate, settings=LEFT)
    assert (report.output, report.plate, report.matte) == (str(person), str(plate), None)
    pairs = list(zip(alphas(person), alphas(plate), strict=True))
    assert len(pairs) == 5
    for one, other in pairs:
        assert np.abs(one + other - 1).max() <= 1 / 255 + 1e-6
        assert one[:, 0].min() == 1 == other[:, -1].min()
        assert 0 < np.count_nonzero((one > 0) & (one < 1)) < one.size / 2


def test_the_plate_keeps_the_room_and_hides_the_person(clip, tmp_path) -> None:
    """Bit for bit; and not a sample of the person is in the file."""
    plate = tmp_path / "plate.mkv"
    convert(clip, tmp_path / "person.mkv", plate=plate, settings=LEFT)
    for before, after in zip(decode(clip), decode(plate), strict=True):
        assert np.array_equal(before.luma[:, 130:], after.luma[:, 130:])
        assert len(np.unique(after.luma[:, :30])) == 1
        assert before.time == after.time


def test_the_plate_is_filled_by_a_background(clip, tmp_path) -> None:
    """In the person's place; the person has alpha all the same, and the plate needs none."""
    person, plate = tmp_path / "person.mkv", tmp_path / "plate.mp4"
    blue = ColourBackground.parse("#0000ff")
    convert(clip, person, plate=plate, settings=LEFT, background=blue, encoding=Encoding(crf=None))
    first = next(decode(plate))
    assert probe(plate).alpha is None
    assert np.abs(first.rgb[20:-20, 10:30].astype(int) - (0, 0, 255)).max() <= 8
    assert probe(person).alpha == "straight"
    assert np.abs(next(decode(person)).rgb[..., 2].astype(int)[:, :30] - 255).min() > 8


def test_it_is_one_pass(clip, tmp_path) -> None:
    """Each frame is segmented once, and the matte may be written as well."""
    calls: list[int] = []

    def counting(image: object) -> np.ndarray:
        calls.append(1)
        return left_half(image)

    report = convert(
        clip, tmp_path / "a.mov", plate=tmp_path / "b.webm", matte=tmp_path / "m.mkv",
        settings=replace(LEFT, segmenter=counting),
    )  # fmt: skip
    assert len(calls) == 5
    assert report.matte == str(tmp_path / "m.mkv")
    for one, other in zip(
        read_alphas(tmp_path / "m.mkv"), alphas(tmp_path / "b.webm"), strict=True
    ):
        assert np.abs(one + other - 1).max() < 0.1


def test_neither_appears_alone(clip, tmp_path) -> None:
    """A plate that appears meanwhile stays, and then the person does not come."""
    person, plate = tmp_path / "a.mkv", tmp_path / "b.mkv"
    with pytest.raises(OutputError, match=r"b\.mkv has appeared"):
        convert(
            clip, person, plate=plate, settings=LEFT, progress=lambda *_: plate.write_text("mine")
        )
    assert plate.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["b.mkv"]
    with pytest.raises(OutputError, match=r"b\.mkv is there already"):
        convert(clip, person, plate=plate, settings=LEFT)


def test_resuming_makes_the_same_bytes(clip, tmp_path) -> None:
    """Interrupted in the second segment, and gone on from there."""
    names = [(tmp_path / f"{n}.mkv", tmp_path / f"{n}_plate.mkv") for n in ("whole", "resumed")]
    resume = Resume(Fraction(2, 25))

    class InterruptedByTestError(Exception):
        pass

    def interrupt(frames: int, _: object) -> None:
        if frames == 4:
            raise InterruptedByTestError

    (whole, other), (output, plate) = names
    convert(clip, whole, plate=other, settings=LEFT, resume=resume)
    with pytest.raises(InterruptedByTestError):
        convert(clip, output, plate=plate, settings=LEFT, resume=resume, progress=interrupt)
    assert not output.exists()
    report = convert(clip, output, plate=plate, settings=LEFT, resume=resume)
    assert report.resumed > 0
    assert output.read_bytes() == whole.read_bytes()
    assert plate.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("output", "plate", "more", "words"),
    [
        ("a.mp4", "b.mov", {}, "the person with alpha, which it cannot hold"),
        ("a.mov", "b.mp4", {}, r"b\.mp4 is to have a hole .* or give a background"),
        ("a.mov", "a.mov", {}, "The output and the plate are both"),
        ("a.mov", "b.mov", {"show": "alpha"}, "not the alpha"),
        ("a.mov", "b.mov", {"resume": Resume(1, Shard(1, 1))}, "two layers"),
    ],
)
def test_what_cannot_be(clip, tmp_path, output, plate, more, words) -> None:
    """In a sentence, before anything is written."""
    with pytest.raises(SettingError, match=words):
        convert(clip, tmp_path / output, plate=tmp_path / plate, settings=LEFT, **more)
    assert not list(tmp_path.iterdir())


PLANES = st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))


@settings(deadline=None)
@given(PLANES)
def test_the_rest_of_a_matte(plane: tuple[int, int, int]) -> None:
    """Of any size: one minus alpha, and twice that is the matte again."""
    height, width, seed = plane
    rng = np.random.default_rng(seed)
    alpha = rng.choice(np.array([0, 0, 0.3, 1, 1], np.float32), (height, width))
    frame = Frame.from_rgb(np.zeros((height, width, 3), np.uint8))
    matte = Matte(frame, TiledAlpha.of(alpha))
    other = rest(matte, "multiply")
    np.testing.assert_array_equal(other.alpha, 1 - alpha)
    np.testing.assert_allclose(rest(other, "multiply").alpha, alpha, atol=1e-7)


def test_a_source_with_its_own_alpha(tmp_path) -> None:
    """The plate has what is left of it; all of the frame if that alpha is ignored."""
    own = np.full((8, 8), 0.75, np.float32)
    frame = replace(Frame.from_rgb(np.zeros((8, 8, 3), np.uint8)), source_alpha=TiledAlpha.of(own))
    matte = Matte(frame, TiledAlpha.of(own / 3))
    np.testing.assert_allclose(rest(matte, "multiply").alpha, 0.5, atol=1e-6)
    np.testing.assert_allclose(rest(matte, "ignore").alpha, 0.75, atol=1e-6)


def test_the_option(clip, tmp_path) -> None:
    """As a user types it, with the report."""
    words = ["run", clip, "person.webm", "--layers", "plates/", "--json", "-", "--quiet"]
    done = subprocess.run(
        [COMMAND, *map(str, words)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["plate"] == "plates"
    assert len(list((tmp_path / "plates").glob("*.png"))) == report["frames"] == 5


def test_everything_is_the_person(clip, tmp_path) -> None:
    """Then the plate is empty, and both files are whole."""
    convert(clip, tmp_path / "a.mkv", plate=tmp_path / "b.mkv", settings=EVERYTHING)
    assert max(alpha.max() for alpha in alphas(tmp_path / "b.mkv")) == 0


def test_all_three_files_are_resumed(make_clip, tmp_path) -> None:
    """The person, the matte and the plate, after an interruption as in one go."""
    clip = make_clip("b.mp4", frames=50)
    made = {}
    for name, resume in (("whole", None), ("resumed", Resume(Fraction(1, 2)))):
        folder = tmp_path / name
        folder.mkdir()
        files = {"plate": folder / "plate.mkv", "matte": folder / "matte.mkv"}
        options = {"settings": LEFT, "resume": resume, **files}

        def stop(frames: int, _: object, resume: Resume | None = resume) -> None:
            if resume is not None and frames == 40:
                raise InterruptedError

        if resume is not None:
            with pytest.raises(InterruptedError):
                convert(clip, folder / "person.mkv", progress=stop, **options)
        report = convert(clip, folder / "person.mkv", **options)
        assert report.resumed == (0 if resume is None else 38)
        assert sorted(each.name for each in folder.iterdir()) == [
            "matte.mkv", "person.mkv", "plate.mkv"
        ]  # fmt: skip
        made[name] = [
            [[plane.tobytes() for plane in frame.planes] for frame in decode(folder / each)]
            for each in ("matte.mkv", "person.mkv", "plate.mkv")
        ]
    assert made["whole"] == made["resumed"]
    assert [len(each) for each in made["resumed"]] == [50, 50, 50]
