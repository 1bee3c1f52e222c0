"""What a preview measures, chooses and writes."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sinet_video.cli.main import cli

from sinet_video import InputError, OutputError, SettingError, Settings, TimeRange, preview
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.quality.matte_statistics import MatteStatistics
from sinet_video.quality.plots import ceiling, clock
from sinet_video.quality.thumbnails import Checkerboard, Moment, Place, Spread

WIDTH, HEIGHT = 96, 64


def matte_of(alpha: np.ndarray, luma: int = 90, **more: object) -> Matte:
    """An alpha and a flat image."""
    video = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, value in zip(planes_of(video), (luma, 128, 128), strict=True):
        plane[...] = value
    return Matte(Frame(video, 0, Fraction(1, 25), **more), alpha.astype(np.float32))


def half(share: float = 0.5) -> np.ndarray:
    """The left part is person."""
    return np.tile(np.arange(WIDTH) < share * WIDTH, (HEIGHT, 1)).astype(np.float32)


def bright(image: np.ndarray) -> np.ndarray:
    """A segmenter: what is bright is the person, what is dark is not, and the rest is unsure."""
    return np.clip(image.mean(2, dtype=np.float32) / 128 - 0.5, 0, 1)


FOUND = Settings(segmenter=bright)
NETWORK = np.zeros((16, 24), np.float32)


def judged(*mattes: Matte, network: np.ndarray = NETWORK) -> MatteStatistics:
    """What is made of mattes, a second apart."""
    judge = MatteStatistics()
    for time, matte in enumerate(mattes):
        judge.take(float(time), matte, network)
    return judge


def test_coverage_is_mean_alpha():
    """Of nobody, of half an image, of a soft one."""
    figures = judged(*map(matte_of, (half(0), half(), np.full((HEIGHT, WIDTH), 0.25)))).figures
    assert list(figures.coverage) == pytest.approx([0, 0.5, 0.25])
    assert list(figures.times) == [0, 1, 2]


def test_flicker_is_change_where_nothing_moves():
    """A quarter of the image changes: of a still image that is flicker, all of it."""
    figures = judged(matte_of(half()), matte_of(half(0.75)), matte_of(half(0.75))).figures
    assert list(figures.flicker) == pytest.approx([0, 0.25, 0], abs=0.01)


def test_what_moves_does_not_flicker():
    """The failing twin: the same change, of an image that changes as well, but is no cut."""
    figures = judged(matte_of(half(), 90), matte_of(half(0.75), 110)).figures
    assert figures.flicker[1] < 0.001
    assert figures.cuts == []


def test_cuts_are_noted_and_do_not_flicker():
    """Once, at the first image of the new shot."""
    figures = judged(matte_of(half(), 60), matte_of(half(0.75), 180), matte_of(half(), 180)).figures
    assert figures.cuts == [1.0]
    assert list(figures.flicker) == pytest.approx([0, 0, 0.25], abs=0.01)


def test_uncertainty_is_the_network_s():
    """The share of its cells that are neither, whatever became of them."""
    network = np.repeat(np.array([0, 0.04, 0.06, 0.5], np.float32), 4).reshape(4, 4)
    assert judged(matte_of(half()), network=network).figures.uncertainty[0] == 0.5


@pytest.mark.parametrize("length", [0, 1, 5, 8, 33, 100, 1000])
def test_spread_is_even(length):
    """Whatever the length, which is not known before; few are made and fewer held."""
    made: list[int] = []
    spread: Spread[int] = Spread(8)
    for index in range(length):
        spread.offer(lambda i=index: made.append(i) or i)
    chosen = spread.chosen()
    assert len(chosen) == min(8, length)
    assert chosen == sorted(set(chosen))
    wanted = [(part + 0.5) * length / len(chosen) for part in range(len(chosen))]
    assert all(abs(a - b) <= length / 16 + 1 for a, b in zip(chosen, wanted, strict=True))
    assert len(made) <= 32 + 17 * np.log2(max(1, length / 16))


@pytest.mark.parametrize("rotation", [0, 90])
def test_moments_are_upright_and_square(rotation):
    """Pixels twice as wide as high, and a turn: the matte lies as a player shows it."""
    given = matte_of(half(0.25), rotation=rotation, sample_aspect=Fraction(2))
    found = Moment.of(1.0, given, 60, Checkerboard())
    wide = (20, 60)
    assert found.matte.shape == (wide if rotation == 0 else wide[::-1])
    assert found.source.shape == found.result.shape == (*found.matte.shape, 3)
    upright = np.rot90(found.matte, -round(rotation / 90))
    assert (upright[:, :13] == 255).all()
    assert (upright[:, 17:] == 0).all()


def test_the_result_is_over_a_checkerboard():
    """Where alpha is 1 the source; elsewhere two grays, as many of one as of the other."""
    found = Moment.of(0.0, matte_of(half()), 96, Checkerboard())
    np.testing.assert_array_equal(found.result[:, :46], found.source[:, :46])
    behind = found.result[:, 50:90].astype(int).mean(2)
    assert abs((behind < 127).mean() - 0.5) < 0.1
    assert behind.std() > 20
    assert found.source.std() < 1  # the failing twin: the source has none


def test_a_close_up_is_around_the_worst_and_within():
    """A quarter of either side, also where the worst is in a corner."""
    map_ = np.zeros((10, 20))
    map_[0, 19] = 1
    image = np.arange(40 * 80).reshape(40, 80)
    np.testing.assert_array_equal(Place.worst_of(map_).cut(image), image[:10, 60:])
    map_[5, 9] = 2
    assert (20 * 80 + 38) in Place.worst_of(map_).cut(image)


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Twelve images, half a second."""
    return make_clip("seen.mp4", width=WIDTH, height=HEIGHT)


@pytest.mark.parametrize("name", ["sheet.png", "report.html"])
def test_a_report_is_written(name, clip, tmp_path):
    """With figures for each frame, the moments asked for and the worst."""
    wanted = {"moments": 3, "at": [0.1, Fraction(44, 100)], "worst": 1}
    found = preview(clip, tmp_path / name, settings=FOUND, **wanted)
    assert len(found.figures.times) == len(found.figures.flicker) == 12
    times = [moment.time for moment in found.moments]
    assert {0.08, 0.44} <= set(times)
    assert times == sorted(times)
    assert 4 <= len(times) <= 5
    assert {each.kind for each in found.worst} == {"flicker", "uncertainty"}
    assert (tmp_path / name).stat().st_size > 5000
    assert json.loads(json.dumps(found.to_dict()))["frames"] == 12


def test_the_sheet_is_an_image(clip, tmp_path):
    """That others can read, with curves on it; without moments and worst ones it is smaller."""
    preview(clip, tmp_path / "a.png", settings=FOUND)
    preview(clip, tmp_path / "b.png", settings=FOUND, moments=0, worst=0)
    large, small = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert large.shape[1] == small.shape[1] == 1800
    assert len(large) > len(small) + 200
    assert (small == (110, 190, 255)).all(-1).sum() > 500  # the curve of coverage


def test_a_stretch_keeps_the_clip_s_times(clip, tmp_path):
    """Moments are on the clip's timeline, not the stretch's."""
    span = TimeRange(Fraction(1, 5), Fraction(2, 5))
    at = [0.25]
    found = preview(clip, tmp_path / "a.png", settings=FOUND, span=span, moments=0, at=at)
    assert list(found.figures.times) == pytest.approx([0.2, 0.24, 0.28, 0.32, 0.36])
    assert [moment.time for moment in found.moments] == pytest.approx([0.24])


BAD = [
    (SettingError, "must end in .png or .html", "a.jpg", {}),
    (SettingError, "moments is -1", "a.png", {"moments": -1}),
    (SettingError, "no frame at 9 s", "a.png", {"at": [9]}),
    (SettingError, "no frame at 0.45 s", "a.png",
     {"at": [Fraction(45, 100)], "span": TimeRange(end=Fraction(1, 5))}),
    (InputError, "No frame came", "a.png", {"span": TimeRange(Fraction(50))}),
    (OutputError, "is there already", "old.png", {}),
    (OutputError, "There is no folder", "none/a.png", {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "words", "name", "given"), BAD)
def test_what_cannot_be_is_said_and_nothing_is_left(kind, words, name, given, clip, tmp_path):
    """In a sentence."""
    (tmp_path / "old.png").write_text("old")
    with pytest.raises(kind, match=words):
        preview(clip, tmp_path / name, settings=FOUND, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["old.png"]
    assert (tmp_path / "old.png").read_text() == "old"


def test_the_command(carphone, tmp_path):
    """Writes the report and the figures, and says so."""
    words = (
        f"preview {carphone} -o {tmp_path}/r.html --end 0.5 --at 0:00.3 --json {tmp_path}/r.json"
    )
    done = CliRunner().invoke(cli, words.split())
    assert (done.exit_code, done.stdout) == (0, "")
    assert "15 frames looked at" in done.stderr
    figures = json.loads((tmp_path / "r.json").read_text())
    assert len(figures["coverage"]) == 15
    assert any(abs(time - 0.3) < 0.034 for time in figures["moments"])
    refused = CliRunner().invoke(cli, words.split())
    assert refused.exit_code == 1
    assert "Use --overwrite to replace it" in refused.stderr


@pytest.mark.parametrize(
    ("value", "top"), [(0, 0.001), (0.0011, 0.002), (0.2, 0.2), (0.21, 0.5), (0.7, 1), (1, 1)]
)
def test_plots_reach_to_a_round_number(value, top):
    """The next of 1, 2 and 5 times a power of ten."""
    assert ceiling(value) == pytest.approx(top)


def test_clock():
    """Minutes, seconds and thousandths; hours where there are any."""
    assert [clock(t) for t in (0, 59.9996, 3661.5)] == ["0:00.000", "1:00.000", "1:01:01.500"]


def test_a_plain_install_is_enough(clip, tmp_path):
    """Neither torch nor anything of the extra for training is imported for either kind."""
    program = (
        "import sys, sinet_video\n"
        f"for name in ('a.png', 'a.html'): sinet_video.preview({str(clip)!r}, name)\n"
        "extra = {'torch', 'kornia', 'PIL', 'matplotlib', 'scipy', 'cv2'}\n"
        "sys.exit(f'imported {extra & set(sys.modules)}' if extra & set(sys.modules) else 0)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_cuts_of_real_clips_are_found(shared, tmp_path):
    """Between dark shots as well, at the times that an editor sees; hands that rush by are none."""
    plain = Settings(segmenter=bright, smoothing=None)
    stage = shared / "clips/real/stage_cuts_start_offset.mp4"
    found = preview(stage, tmp_path / "a.png", settings=plain, moments=0, worst=0)
    assert found.figures.cuts == pytest.approx([1.519, 3.588, 7.892], abs=1e-3)
    hands = shared / "clips/real/green_screen_hands.mp4"
    span = TimeRange(Fraction(11), Fraction(12))
    found = preview(hands, tmp_path / "b.png", settings=plain, span=span, moments=0, worst=0)
    assert found.figures.cuts == []
