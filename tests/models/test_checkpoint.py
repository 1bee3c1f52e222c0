"""Checkpoints: kept, renamed and refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sinet_video
from sinet_video.errors import WeightsError
from sinet_video.models import checkpoint
from sinet_video.models.load import packaged_graph
from sinet_video.models.sinet import SINet
from sinet_video.models.sinet_reference import from_reference

PACKAGED = Path(sinet_video.__file__).parent / "data" / "default.pth"


class Bomb:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def refusal(path: Path) -> str:
    """What `load` says of a file that it must refuse, checked to be one line of readable length."""
    with pytest.raises(WeightsError) as caught:
        checkpoint.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 320
    return message


@pytest.fixture
def official_state(shared: Path) -> dict[str, torch.Tensor]:
    """The state dict of the released weights, with the reference code's names."""
    path = shared / "weights" / "SINet-official.pth"
    state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def test_round_trip_keeps_everything(tmp_path: Path) -> None:
    """What is saved comes back bit for bit, with the preprocessing, ready for use."""
    torch.manual_seed(1)
    network = SINet()
    network.mean.copy_(torch.tensor([1.5, 2.5, 3.5]))
    network.std.copy_(torch.tensor([61.0, 62.0, 63.0]))
    network.scale.fill_(0.25)
    network.encoder.stem.norm.running_mean.fill_(0.125)
    checkpoint.save(network, tmp_path / "a.pth")
    loaded = checkpoint.load(tmp_path / "a.pth")
    before, after = network.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert loaded.mean.tolist() == [1.5, 2.5, 3.5]
    assert not loaded.training


def test_two_checkpoints_are_two(tmp_path: Path) -> None:
    """Networks that differ in one buffer are still told apart after a round trip."""
    network = SINet()
    checkpoint.save(network, tmp_path / "a.pth")
    network.scale.fill_(0.5)
    checkpoint.save(network, tmp_path / "b.pth")
    assert checkpoint.load(tmp_path / "a.pth").scale == 1
    assert checkpoint.load(tmp_path / "b.pth").scale == 0.5


def test_path_may_be_a_string(tmp_path: Path) -> None:
    """A path is a string or a `Path`."""
    checkpoint.save(SINet(), str(tmp_path / "a.pth"))
    assert isinstance(checkpoint.load(str(tmp_path / "a.pth")), SINet)


def test_a_training_s_own_checkpoint_is_told_from_weights(tmp_path: Path) -> None:
    """Its weights have other names beside it."""
    state = {"recipe": "", "networks": [SINet().state_dict()], "optimiser": {}}
    torch.save(state, tmp_path / "checkpoint.pth")
    with pytest.raises(WeightsError, match=r"training to continue from.* in weights\.pth"):
        checkpoint.load(tmp_path / "checkpoint.pth")


def test_packaged_weights_load() -> None:
    """The package's own checkpoint is the whole network, 86,910 parameters, all of them finite."""
    network = checkpoint.load(PACKAGED)
    parameters = list(network.parameters())
    assert sum(p.numel() for p in parameters) == 86_910
    assert all(p.isfinite().all() for p in parameters)
    assert (network.std > 1).all()


def test_every_reference_name_is_renamed(official_state: dict[str, torch.Tensor]) -> None:
    """Each of the reference code's names becomes one of ours, none twice, none left over."""
    ours = from_reference(official_state)
    assert set(ours) == set(SINet().state_dict())
    assert len(ours) == len(official_state) + 3
    SINet().load_state_dict(ours, strict=True)


def test_a_reference_name_that_is_unknown_stays_visible(
    official_state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    """A key that neither code has is not dropped in silence."""
    official_state["encoder.level9.conv.weight"] = torch.zeros(1)
    torch.save(official_state, tmp_path / "more.pth")
    assert "SINet" in refusal(tmp_path / "more.pth")


def test_a_reference_checkpoint_with_a_gap_is_refused(
    official_state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    """One tensor too few is an error, not a random layer."""
    del official_state["bn_2.weight"]
    torch.save(official_state, tmp_path / "less.pth")
    assert "fine_norm.weight" in refusal(tmp_path / "less.pth")


def test_reference_weights_are_turned_to_rgb(official_state: dict[str, torch.Tensor]) -> None:
    """The first convolution and the constants are reversed; the rest keeps its values."""
    ours = from_reference(official_state)
    stem = official_state["encoder.level1.conv.weight"]
    assert torch.equal(ours["encoder.stem.conv.weight"], stem.flip(1))
    assert not torch.equal(ours["encoder.stem.conv.weight"], stem)
    assert torch.equal(ours["classify.weight"], official_state["classifier.1.weight"])
    torch.testing.assert_close(ours["mean"], torch.tensor([132.35703, 115.69884, 107.304565]))
    torch.testing.assert_close(ours["std"], torch.tensor([68.29726, 65.1337, 63.97182]))
    assert ours["scale"] == pytest.approx(1 / 255)


def test_reference_weights_of_another_training(official_state: dict[str, torch.Tensor]) -> None:
    """The constants of a training without the second division can be given."""
    ours = from_reference(official_state, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), scale=1.0)
    assert ours["mean"].tolist() == [3, 2, 1]
    assert ours["std"].tolist() == [6, 5, 4]
    assert ours["scale"] == 1


def test_from_reference_leaves_its_argument_alone(
    official_state: dict[str, torch.Tensor],
) -> None:
    """The state dict that is given is not changed."""
    keys, stem = list(official_state), official_state["encoder.level1.conv.weight"].clone()
    from_reference(official_state)
    assert list(official_state) == keys
    assert torch.equal(official_state["encoder.level1.conv.weight"], stem)


@pytest.mark.parametrize("written_by", ["pickle", "torch", "torch, old format"])
def test_nothing_in_a_file_is_executed(tmp_path: Path, written_by: str) -> None:
    """A pickle that would run a command is refused, and the command does not run."""
    path, folder = tmp_path / "bomb.pth", tmp_path / "made"
    bomb = {"encoder.level1.conv.weight": Bomb(folder)}
    if written_by == "pickle":
        path.write_bytes(pickle.dumps(bomb, protocol=2))
    else:
        torch.save(bomb, path, _use_new_zipfile_serialization=written_by == "torch")
    message = refusal(path)
    assert not folder.exists()
    assert "torch.load" not in message, "a person is not told to load it unsafely"


def test_the_bomb_is_real(tmp_path: Path) -> None:
    """Python's own pickle does execute it, so that the test before means something."""
    pickle.loads(pickle.dumps(Bomb(tmp_path / "made")))
    assert (tmp_path / "made").is_dir()


def test_missing_file(tmp_path: Path) -> None:
    """The message says that there is no such file."""
    assert refusal(tmp_path / "none.pth").startswith("There is no weights file")


def test_folder(tmp_path: Path) -> None:
    """A folder is no checkpoint."""
    refusal(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"These are not weights.\n",
        b"hello world\n" * 20,
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        packaged_graph(),
    ],
    ids=["empty", "sentence", "text", "gif", "png", "zip", "onnx"],
)
def test_garbage(tmp_path: Path, content: bytes) -> None:
    """A file of another kind is refused in a sentence that says what would be accepted."""
    path = tmp_path / "garbage.pth"
    path.write_bytes(content)
    assert "state dict" in refusal(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=100))
def test_any_garbage(tmp_path: Path, content: bytes) -> None:
    """Whatever bytes a file has, it is refused with a `WeightsError` and nothing else."""
    path = tmp_path / "any.pth"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_cut_off_checkpoint(tmp_path: Path, kept: float) -> None:
    """A checkpoint of which the end is missing is refused."""
    whole = PACKAGED.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(whole[: int(len(whole) * kept)])
    refusal(path)


@pytest.mark.parametrize(
    "held",
    [
        [1, 2],
        torch.zeros(3),
        {},
        {"state_dict": {}},
        {"encoder.stem.conv.weight": torch.zeros(12, 3, 3, 3)},
        {1: torch.zeros(1)},
        {"encoder.level1.conv.weight": torch.tensor(1.0)},
    ],
    ids=["list", "tensor", "empty", "nested", "one of many", "numbered", "reference, one of many"],
)
def test_file_that_holds_something_else(tmp_path: Path, held: object) -> None:
    """What is no state dict of this network is refused."""
    torch.save(held, tmp_path / "held.pth")
    refusal(tmp_path / "held.pth")


def test_weights_of_another_shape(tmp_path: Path) -> None:
    """The right names with a wrong shape are refused, and the message names the network."""
    state = SINet().state_dict()
    state["classify.weight"] = torch.zeros(19, 2, 3, 3)
    torch.save(state, tmp_path / "wide.pth")
    assert "does not hold the weights of SINet" in refusal(tmp_path / "wide.pth")


def test_half_precision_is_small_and_near(tmp_path: Path) -> None:
    """Rounded to 16 bits, a checkpoint is half as large, and loads as any other does."""
    network = checkpoint.load(PACKAGED)
    checkpoint.save(network, tmp_path / "whole.pth")
    checkpoint.save(network, tmp_path / "half.pth", half=True)
    assert (tmp_path / "half.pth").stat().st_size < 0.5 * (tmp_path / "whole.pth").stat().st_size
    rounded = checkpoint.load(tmp_path / "half.pth").state_dict()
    for name, value in network.state_dict().items():
        assert rounded[name].dtype == value.dtype
        assert torch.allclose(rounded[name], value, rtol=1e-3, atol=1e-7)


def test_packaged_files_are_small() -> None:
    """Neither file that the package carries is larger than 400 kB."""
    files = [path for path in PACKAGED.parent.iterdir() if path.suffix in (".pth", ".gz")]
    assert sorted(path.name for path in files) == ["default.onnx.gz", "default.pth"]
    assert all(path.stat().st_size <= 400_000 for path in files)


@pytest.mark.parametrize("lost", [1, 40])
def test_what_lacks_is_said_in_a_sentence(lost, tmp_path):
    """However much of it there is."""
    state = SINet().state_dict()
    for name in list(state)[5 : 5 + lost]:
        del state[name]
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"Missing key.*\.$") as told:
        checkpoint.load_any(tmp_path / "a.pth")
    assert len(str(told.value)) < 300 + len(str(tmp_path))
