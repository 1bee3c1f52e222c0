"""What a network wants done to a picture, computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sinet_video.errors import SettingError
from sinet_video.preprocessing import Preprocessing

MEAN, STD, SCALE = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0), 0.5


def picture(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """One pixel: red 50, green 60, blue 70."""
    return torch.tensor([50, 60, 70], dtype=dtype).view(1, 3, 1, 1)


def test_default_is_0_to_1() -> None:
    """Without any constants, 0 to 255 becomes 0 to 1, in RGB."""
    normal = Preprocessing().normalise(torch.tensor([0.0, 51.0, 255.0]).view(1, 3, 1, 1))
    torch.testing.assert_close(normal.flatten(), torch.tensor([0.0, 0.2, 1.0]))


def test_rgb() -> None:
    """Each channel has its own mean and std; the scale is common."""
    normal = Preprocessing("rgb", MEAN, STD, SCALE).normalise(picture())
    torch.testing.assert_close(normal.flatten(), torch.tensor([10.0, 5.0, 2.5]))


def test_bgr() -> None:
    """With BGR, channels are turned round, and the constants are those of the new order."""
    normal = Preprocessing("bgr", MEAN, STD, SCALE).normalise(picture())
    torch.testing.assert_close(normal.flatten(), torch.tensor([15.0, 5.0, 1.25]))


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_gain_and_offset_are_for_rgb_values(channels: Any) -> None:
    """`value * gain + offset` in RGB order is what `normalise` does before it turns channels."""
    wanted = Preprocessing(channels, MEAN, STD, SCALE)
    values = [v * g + o for v, g, o in zip((50, 60, 70), wanted.gain, wanted.offset, strict=True)]
    normal = wanted.normalise(picture()).flatten().tolist()
    assert normal == pytest.approx(values if channels == "rgb" else values[::-1])


def test_gain_and_offset() -> None:
    """By hand: scale / std and -mean * scale / std."""
    wanted = Preprocessing("rgb", MEAN, STD, SCALE)
    assert wanted.gain == (0.25, 0.125, 0.0625)
    assert wanted.offset == (-2.5, -2.5, -1.875)
    assert Preprocessing("bgr", MEAN, STD, SCALE).gain == (0.0625, 0.125, 0.25)


def test_whole_numbers_are_normalised_too() -> None:
    """An 8-bit picture gives what the same values as floats do."""
    wanted = Preprocessing("rgb", MEAN, STD, SCALE)
    torch.testing.assert_close(wanted.normalise(picture(torch.uint8)), wanted.normalise(picture()))


def test_the_argument_is_left_alone() -> None:
    """Normalising makes a new tensor, one of the same shape."""
    before = torch.rand(2, 3, 4, 5) * 255
    given = before.clone()
    normal = Preprocessing("bgr", MEAN, STD).normalise(given)
    assert torch.equal(given, before)
    assert normal.shape == given.shape
    assert not torch.equal(normal, given)


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_round_trip(channels: Any) -> None:
    """Plain values and back."""
    wanted = Preprocessing(channels, MEAN, STD, SCALE)
    assert Preprocessing.from_dict(wanted.to_dict()) == wanted
    assert Preprocessing.from_dict(wanted.to_dict()) != Preprocessing()


def test_plain_values_may_be_lists_and_whole_numbers() -> None:
    """JSON has neither tuples nor, at times, floats."""
    values = {"channels": "bgr", "mean": [1, 2, 3], "std": [4, 5, 6], "scale": 1}
    expected = Preprocessing("bgr", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert Preprocessing.from_dict(values) == expected
    assert isinstance(Preprocessing.from_dict(values).mean, tuple)


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": "grb"},
        {"channels": "RGB"},
        {"mean": (1.0, 2.0)},
        {"mean": (1.0, 2.0, 3.0, 4.0)},
        {"std": (1.0,)},
        {"std": (1.0, 0.0, 1.0)},
    ],
)
def test_bad_settings(settings: dict[str, Any]) -> None:
    """An unknown order, a wrong count and a std of zero are refused."""
    with pytest.raises(SettingError):
        Preprocessing(**settings)


GOOD = Preprocessing().to_dict()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {key: value for key, value in GOOD.items() if key != "scale"},
        GOOD | {"mean": 5},
        GOOD | {"mean": ["a", "b", "c"]},
        GOOD | {"std": [1, 2]},
        GOOD | {"std": [1, 0, 1]},
        GOOD | {"channels": "xyz"},
        GOOD | {"scale": None},
        None,
    ],
)
def test_bad_plain_values(values: Any) -> None:
    """What `to_dict` cannot have written is refused in a sentence that shows it."""
    with pytest.raises(SettingError, match="needs channels, mean, std and scale"):
        Preprocessing.from_dict(values)


def test_good_plain_values() -> None:
    """The values that the bad ones are made from are good."""
    assert Preprocessing.from_dict(GOOD) == Preprocessing()
