"""Recipes: what comes with the package loads, what cannot be is said in a sentence."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sinet_video.errors import InputError, SettingError
from sinet_video.training.recipe import Recipe, Views, load_recipe, packaged_names
from sinet_video.training.toml import build, dump_overrides

RECIPE = """
name = "own"
[data]
backgrounds = "rooms"
[[data.labelled]]
folder = "people"
[[stages]]
name = "one"
steps = 10
batch = 4
shapes = [[64, 96]]
"""


@pytest.fixture
def write(tmp_path: Path):
    """Write a recipe with a text replaced or added to its stage; return its path as words."""

    def write(old: str = "", new: str = "") -> str:
        assert old in RECIPE
        path = tmp_path / "own.toml"
        path.write_text(RECIPE.replace(old, new, 1) if old else RECIPE + new)
        return str(path)

    return write


@pytest.mark.parametrize("name", packaged_names())
def test_packaged_recipes_load(name):
    """By their names, which are also in them."""
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.stages
    assert recipe.data.labelled


def test_the_package_has_the_two_recipes():
    """The default and the paper's."""
    assert packaged_names() == ["default", "paper"]


def test_the_paper_s_recipe_is_the_paper_s():
    """What arXiv 1911.09099 and the authors' settings say of it."""
    encoder, whole = load_recipe("paper").stages
    assert (encoder.part, whole.part) == ("encoder", "whole")
    assert (encoder.batch, whole.batch) == (36, 24)
    assert (encoder.rate, encoder.decay, encoder.loss.band) == (5e-4, 2e-4, 15)
    assert encoder.light.published
    assert not encoder.loss.soft


def test_a_file_is_read(write):
    """Its values have the types that the code expects, and the rest is by default."""
    (stage,) = load_recipe(write()).stages
    assert stage.shapes == ((64, 96),)
    assert stage.loss.entropy == 1.0
    assert stage.part == "whole"


def test_an_integer_serves_for_a_number(write):
    """TOML's 1 where 1.0 is meant; the other way round not."""
    rate = load_recipe(write("", "rate = 1")).stages[0].rate
    assert isinstance(rate, float)
    with pytest.raises(SettingError, match=r"steps is 10\.0; a whole number is wanted"):
        load_recipe(write("steps = 10", "steps = 10.0"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "speed = 3", "has no setting speed; it has name, steps, .*light"),
        ("", "[stages.loss]\nentrpy = 1.0", "stages: loss has no setting entrpy"),
        ("", "[stages.loss]\nsoft = 1", "soft is 1; true or false is wanted"),
        ("", 'rate = "high"', "rate is 'high'; a number is wanted"),
        ("", 'part = "decoder"', "part is 'decoder'; use one of: encoder, whole"),
        ("", "part = [1]", r"part is \[1\]; use one of"),
        ("", "momentum = [0.9]", "momentum has 1 values; 2 are wanted"),
        ("[[64, 96]]", "[64, 96]", "shapes is 64; a list is wanted"),
        ("[[64, 96]]", "64", "shapes is 64; a list is wanted"),
        ("[[64, 96]]", "[[64, 90]]", "has a shape 64x90; use multiples of 32"),
        ("[[64, 96]]", "[[0, 64]]", "has a shape 0x64; use multiples of 32"),
        ("[[64, 96]]", "[]", "needs at least 1 step, a batch of 1, 1 shape"),
        ("steps = 10", "steps = 0", "needs at least 1 step"),
        ("steps = 10", "", "stages does not say steps"),
        ("batch = 4", "batch = 5", "has a batch of 5, which 2 shards do not divide"),
        ('name = "own"', 'name = "own"\nshards = 0', "has 0 shards; 1 is the least"),
        ('name = "own"', 'name = "own"\nsettling = -1', "settling is -1; it must be 0 or more"),
        ("", "remembered = true", "give it some batches of settling, such as 100"),
        ('name = "own"', "", "does not say name"),
        ('folder = "people"', "", "labelled does not say folder"),
        ("", "[stages.loss]\nteacher = 0.5", "learns from a teacher, but the recipe names none"),
        ("", "[stages.loss]\nentropy = 0.0", "has no loss for the part"),
        ("", 'part = "encoder"\nloss = {entropy = 0.0, coarse = 1.0}', "has no loss for the part"),
        ("", "[stages.loss]\nband = 0", "a band of 1"),
        ("", "[stages.views]\nmoved = 0.6", "has 0.6 of its samples moved"),
        ("", "rate = -1", r"stages: rate is -1; it must be above 0"),
        ("", "rate = nan", "rate is nan; a number is wanted"),
        ("", "rate = inf", "rate is inf; a number is wanted"),
        ("", "warmup = -1", "warmup is -1; it must be 0 or more"),
        ("", "average = 1.0", "average is 1.0; it must be from 0 to less than 1"),
        ("", "momentum = [0.9, 1.5]", "momentum is 1.5; it must be from 0 to less than 1"),
        ("", "[stages.views]\nflip = 7", "views: flip is 7; it must be from 0 to 1"),
        ("", "[stages.views]\nzoom = [2, 1]", "has a zoom from 2.0 to 1.0; give the smaller"),
        ("", "[stages.views]\nroom = [0, 1]", "room is 0; it must be above 0"),
        ("", "[stages.light]\nnoise = -1", "light: noise is -1; it must be 0 or more"),
        ("", "[stages.loss]\ndice = -1.0", "loss: dice is -1.0; it must be 0 or more"),
        (
            'folder = "people"',
            'folder = "people"\nweight = -1',
            "weight is -1; it must be 0 or more",
        ),
        ('folder = "people"', 'folder = "people"\nvalidation = -1', "validation is -1; it must be"),
        ('folder = "people"', 'folder = "people"\nsource = "("', "it must be a regular expression"),
        ("", "views = {moved = 0.5}\nlight = {published = true}", "would move again"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(old, new, message, write):
    """With the place, what came, and what is allowed."""
    with pytest.raises(SettingError, match=message) as caught:
        load_recipe(write(old, new))
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


@pytest.mark.parametrize("steps", [None, 1])
def test_no_stages_are_refused(write, steps):
    """Also where they are to share some steps."""
    with pytest.raises(SettingError, match="has no stages; give at least one"):
        load_recipe(write(), ["stages=[]"], steps=steps)


ALIKE = """
[[stages]]
name = "two"
like = "one"
rate = 1e-3
"""


def test_a_stage_is_like_one_before_it(write):
    """But for what it says itself; tables in it are joined, lists are not."""
    path = write(
        "", f"loss = {{dice = 0.5, band = 7}}\n{ALIKE}loss = {{band = 9}}\nshapes = [[32, 32]]"
    )
    one, two = load_recipe(path).stages
    loss = replace(one.loss, band=9)
    assert two == replace(one, name="two", rate=1e-3, loss=loss, shapes=((32, 32),))
    assert loss.dice == 0.5


def test_likeness_is_handed_on(write):
    """To a third stage, from the second as it is; the second's base is untouched."""
    third = ALIKE.replace("one", "two").replace('"two"', '"three"', 1).replace("rate = 1e-3", "")
    one, two, three = load_recipe(write("", f"views = {{flip = 0.0}}\n{ALIKE}{third}")).stages
    assert three == replace(two, name="three")
    assert (one.rate, two.rate, three.rate) == (3e-3, 1e-3, 1e-3)
    assert one.views == three.views == Views(flip=0.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", ALIKE.replace('"one"', '"won"'), "stages: like is 'won'; use one before it: one"),
        ("", ALIKE.replace('"one"', '"two"'), "stages: like is 'two'; use one before it: one"),
        ("", ALIKE.replace('"one"', "1"), "stages: like is 1; use one before it: one"),
        ("", ALIKE.replace('"one"', "[]"), r"stages: like is \[\]; use one before it: one"),
        ("steps = 10", 'like = "one"', "stages: like is 'one'; there is none before it"),
        ("", ALIKE.replace('name = "two"', ""), "stages does not say name"),
        ('name = "one"', f"name = []\n{ALIKE}", "stages: like is 'one'; there is none before it"),
        ("", f"{ALIKE}loss = {{dise = 1.0}}", "stages: loss has no setting dise"),
        ("", f"{ALIKE}loss = 1", "stages: loss is 1; a table is wanted"),
    ],
)
def test_a_likeness_that_cannot_be(old, new, message, write):
    """The sentence says with what stages it could be."""
    with pytest.raises(SettingError, match=message) as caught:
        load_recipe(write(old, new))
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


@pytest.mark.parametrize("stages", ["3", "[3]", '["one"]'])
def test_stages_that_are_no_tables(stages, tmp_path):
    """They are not looked into before that is said."""
    path = tmp_path / "own.toml"
    path.write_text(f'name = "own"\nstages = {stages}\n[data]\n[[data.labelled]]\nfolder = "p"')
    with pytest.raises(SettingError, match=r"stages is .*; a (list|table) is wanted"):
        load_recipe(str(path))


def test_scenes_need_backgrounds(tmp_path):
    """Rather than none being made, silently."""
    path = tmp_path / "own.toml"
    path.write_text(RECIPE.replace('backgrounds = "rooms"', "") + "views = {made = 0.5}")
    with pytest.raises(SettingError, match="composes scenes, but the recipe names no backgrounds"):
        load_recipe(str(path))
    path.write_text(RECIPE + "views = {made = 0.5}")
    assert load_recipe(str(path)).stages[0].views.made == 0.5


@pytest.mark.parametrize("gone", ["stages", "labelled"])
def test_something_is_to_be_done_with_something(gone, tmp_path):
    """A recipe without stages, or without folders."""
    path = tmp_path / "own.toml"
    kept = {
        "stages": 'name = "own"\nstages = []\n[data]\n[[data.labelled]]\nfolder = "people"',
        "labelled": RECIPE.replace('[[data.labelled]]\nfolder = "people"', ""),
    }
    path.write_text(kept[gone])
    with pytest.raises(SettingError, match=f"has no .*{gone}"):
        load_recipe(str(path))


def test_no_such_recipe(tmp_path):
    """A name that is none, and a folder; those that there are, are said."""
    for name in ("nosuch", str(tmp_path)):
        with pytest.raises(InputError, match=r"^There is no recipe .*: default, paper\.$"):
            load_recipe(name)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe\x00"])
def test_what_is_no_toml(content, tmp_path):
    """A slip of the pen, and a file of another kind."""
    path = tmp_path / "own.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match="is not a TOML file"):
        load_recipe(str(path))


@pytest.mark.parametrize("name", packaged_names())
def test_said_can_be_built_again(name):
    """Through JSON, as in the record of a training; what is by default is not said."""
    recipe = load_recipe(name)
    table = json.loads(json.dumps(dump_overrides(recipe)))
    assert build(Recipe, table, name) == recipe
    assert "shards" not in table
    assert "schedule" not in dump_overrides(load_recipe("default"))["stages"][0]
