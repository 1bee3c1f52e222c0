"""Files on web servers that stall, break off and lie about lengths."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web_site import Site

from sinet_video import Conversion, Encoding, Settings
from sinet_video.errors import InputError, OutputError, SinetVideoError
from sinet_video.remote import staging
from sinet_video.remote.backoff import Backoff
from sinet_video.remote.convert import convert_staged
from sinet_video.remote.http import HttpStore
from sinet_video.remote.settings import StageSettings
from sinet_video.remote.staging import Stage

QUICK = Backoff(tries=3, first=0.01)
CONTENT = os.urandom(3_000_000)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(staging, "store_of", lambda _: HttpStore(QUICK, patience=0.5))
    return Stage(tmp_path, backoff=QUICK)


def fetched(stage: Stage, site: Site) -> bytes:
    site.files["/talk.mp4"] = CONTENT
    return stage.fetch(f"{site.url}/talk.mp4").read_bytes()


def test_a_file_comes_whole(stage: Stage, site: Site) -> None:
    assert fetched(stage, site) == CONTENT
    assert [kind for kind, _ in site.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("fault", ["cut", "stall", "busy"])
@pytest.mark.parametrize("ranges", [True, False])
def test_what_broke_off_goes_on_from_there(
    stage: Stage, site: Site, fault: str, ranges: bool
) -> None:
    site.faults, site.ranges = [fault, fault], ranges
    assert fetched(stage, site) == CONTENT
    asked = [wanted for kind, wanted in site.requests if kind == "GET"]
    assert len(asked) == 3
    if fault != "busy":
        assert all(wanted.startswith("bytes=") for wanted in asked[1:])


@pytest.mark.parametrize("fault", ["cut", "stall", "busy"])
def test_what_never_comes_whole_is_an_error(stage: Stage, site: Site, fault: str) -> None:
    site.faults = [fault] * 9
    with pytest.raises(InputError, match="cannot be fetched whole"):
        fetched(stage, site)


def test_a_length_that_is_a_lie_is_an_error(stage: Stage, site: Site) -> None:
    site.longer = 1000
    with pytest.raises(InputError, match="cannot be fetched whole"):
        fetched(stage, site)


def test_a_file_that_changes_is_not_put_together_of_two(stage: Stage, site: Site) -> None:
    site.faults = ["cut", "changed"]
    with pytest.raises(InputError, match='while it was read, from "1" to "2"'):
        fetched(stage, site)


def test_what_is_not_there_is_not_asked_for_again(stage: Stage, site: Site) -> None:
    with pytest.raises(InputError, match="does not exist"):
        stage.fetch(f"{site.url}/none.mp4")
    assert len(site.requests) == 1


def test_a_url_that_is_signed_for_get_alone(stage: Stage, site: Site) -> None:
    site.files["/talk.mp4"] = CONTENT
    path = stage.fetch(f"{site.url}/talk.mp4?signed")
    assert path.name == "talk.mp4"
    assert path.read_bytes() == CONTENT


def test_more_than_the_limit_is_not_fetched(stage: Stage, site: Site) -> None:
    stage.settings = StageSettings(stage_limit=0.002)
    with pytest.raises(InputError, match=r"may keep 0.002 GB.*stage_limit"):
        fetched(stage, site)
    assert all(kind == "HEAD" for kind, _ in site.requests)


def test_put_comes_whole_after_a_busy_answer(stage: Stage, site: Site) -> None:
    target = stage.output(f"{site.url}/cut.mp4", overwrite=False)
    target.write_bytes(CONTENT)
    site.faults = ["busy"]
    stage.deliver()
    assert site.files["/cut.mp4"] == CONTENT


def test_what_is_there_is_not_replaced(stage: Stage, site: Site) -> None:
    site.files["/cut.mp4"] = b"old"
    with pytest.raises(OutputError, match="exists already"):
        stage.output(f"{site.url}/cut.mp4", overwrite=False)
    stage.output(f"{site.url}/cut.mp4", overwrite=True).write_bytes(b"new")
    stage.deliver()
    assert site.files["/cut.mp4"] == b"new"


def test_what_appears_meanwhile_is_not_replaced(stage: Stage, site: Site) -> None:
    stage.output(f"{site.url}/cut.mp4", overwrite=False).write_bytes(b"new")
    site.files["/cut.mp4"] = b"another's"
    with pytest.raises(OutputError, match="412"):
        stage.deliver()
    assert site.files["/cut.mp4"] == b"another's"


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("there.mp4", {}, "there already"),
        ("a.mp4", {"encoding": Encoding(codec="prores")}, "does not go into"),
        ("a.mp4", {"background": "transparent"}, "alpha"),
        ("a.xyz", {}, "must end in"),
        ("a.mp4", {"settings": Settings(allow="network", weights="missing.pth")}, "missing"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_copied(
    tmp_path: Path, site: Site, name: str, more: dict[str, Any], said: str
) -> None:
    """The server is not asked for anything; and neither of a matte that is there."""
    (tmp_path / "there.mp4").write_text("mine")
    conversion = replace(Conversion(settings=Settings(allow="network")), **more)
    film = f"{site.url}/talk.mp4"
    with pytest.raises(SinetVideoError, match=said):
        convert_staged(conversion, film, tmp_path / name)
    with pytest.raises(SinetVideoError, match="there already"):
        convert_staged(
            Conversion(settings=Settings(allow="network")), film, tmp_path / "b.mp4",
            matte=tmp_path / "there.mp4",
        )  # fmt: skip
    assert site.requests == []
    assert (tmp_path / "there.mp4").read_text() == "mine"
