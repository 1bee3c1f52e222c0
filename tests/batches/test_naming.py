"""What the results of a batch are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinet_video import Naming, SettingError
from sinet_video.batches.inputs import Found
from sinet_video.batches.naming import tasks

OUT = Path("out")


def named(naming: Naming, path: str, within: str = "") -> str:
    """The name of what becomes of one file."""
    (task,) = tasks([Found(Path(path), Path(within))], OUT, naming)
    assert task.output == OUT / task.name
    return task.name


@pytest.mark.parametrize(
    ("naming", "name"),
    [
        (Naming(), "sub/a.b.mp4"),
        (Naming("webm"), "sub/a.b.webm"),
        (Naming("png"), "sub/a.b"),
        (Naming("mov", "{stem}_cut.{ext}"), "sub/a.b_cut.mov"),
        (Naming("mkv", "{name}.{ext}"), "sub/a.b.MP4.mkv"),
        (Naming("mp4", "{parent}_{stem}.{ext}"), "sub/clips_a.b.mp4"),
        (Naming("mp4", "{stem}/cut.{ext}"), "sub/a.b/cut.mp4"),
    ],
)
def test_templates_are_filled_in_below_the_input_s_folder(naming, name):
    """The input's own dots stay."""
    assert named(naming, "/films/clips/a.b.MP4", "sub") == name


def test_a_folder_of_frames_is_not_named_like_a_file():
    """What ends in .mp4 would be taken for a file of that kind."""
    assert named(Naming("png"), "/x/take.mp4.mov") == "take_mp4"


@pytest.mark.parametrize("template", ["{steam}.mp4", "{stem", "{}", "{0}", "{stem.x}", "{stem!z}"])
def test_templates_with_other_fields_are_errors(template):
    """Those that there are, are listed."""
    with pytest.raises(SettingError, match=r"\{stem\}, \{ext\}, \{name\}, \{parent\}"):
        Naming("mp4", template)


@pytest.mark.parametrize("template", ["../{stem}.{ext}", "/tmp/{stem}.{ext}", "sub/../../{stem}"])
def test_templates_stay_in_the_folder(template):
    """Nothing is written anywhere else."""
    with pytest.raises(SettingError, match="output folder"):
        named(Naming("mp4", template), "/x/a.mov")


def test_an_extension_without_its_dot_is_refused():
    """It would be a folder of images; one that is meant has no {ext}."""
    with pytest.raises(SettingError, match=r"'a_mp4' of /x/a\.mov.*end with \.\{ext\}"):
        named(Naming("mp4", "{stem}_{ext}"), "/x/a.mov")
    assert named(Naming("mp4", "{stem}"), "/x/a.mov") == "a"


def test_two_inputs_of_one_name_are_both_named():
    """And ways out are given."""
    found = [Found(Path("/x/a.mp4")), Found(Path("/y/a.mov"))]
    with pytest.raises(SettingError) as caught:
        tasks(found, OUT, Naming())
    assert all(word in str(caught.value) for word in ("/x/a.mp4", "/y/a.mov", "{parent}_{stem}"))
    template = "{parent}_{stem}.{ext}"
    assert [each.name for each in tasks(found, OUT, Naming("mp4", template))] == [
        "x_a.mp4",
        "y_a.mp4",
    ]


def test_mattes_have_names_of_their_own():
    """One that is another's result is refused, as is a result's own."""
    (task,) = tasks([Found(Path("a.mov"))], OUT, Naming(matte="{stem}_matte.mkv"))
    assert task.matte == OUT / "a_matte.mkv"
    with pytest.raises(SettingError, match="both become"):
        tasks([Found(Path("a.mov"))], OUT, Naming(matte="{stem}.{ext}"))
    found = [Found(Path("a.mov")), Found(Path("a_matte.mov"))]
    with pytest.raises(SettingError, match=r"a_matte\.mp4"):
        tasks(found, OUT, Naming(matte="{stem}_matte.{ext}"))


def test_no_input_is_replaced(tmp_path):
    """Even where results go among the inputs."""
    with pytest.raises(SettingError, match="would be replaced"):
        tasks([Found(tmp_path / "a.mp4")], tmp_path, Naming())
