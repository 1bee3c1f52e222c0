"""Object storage: a real S3 server on this machine, seen by its own client."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sinet_video import (
    Conversion,
    InputError,
    OutputError,
    SettingError,
    Settings,
    Source,
    batch,
    decode,
    probe,
)
from sinet_video.remote.address import name_of
from sinet_video.remote.backoff import Backoff
from sinet_video.remote.convert import convert_staged
from sinet_video.remote.objects import PART, ObjectStore
from sinet_video.remote.settings import StageSettings
from sinet_video.remote.staging import Stage, staged

NETWORK = Conversion(settings=Settings(allow="network"))


def keys(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="films").get("Contents", [])]


def content(s3: Any, key: str) -> bytes:
    found: bytes = s3.get_object(Bucket="films", Key=key)["Body"].read()
    return found


def uploads(s3: Any) -> list[Any]:
    return list(s3.list_multipart_uploads(Bucket="films").get("Uploads", []))


def test_there_and_back(s3: Any, tmp_path: Path, make_clip: Callable[..., Path]) -> None:
    small_clip = make_clip()
    s3.upload_file(str(small_clip), "films", "in/talk?#1.mp4")
    stage = StageSettings(tmp_path)
    report = convert_staged(
        NETWORK, "s3://films/in/talk?#1.mp4", "s3://films/out/cut.mp4",
        matte="s3://films/out/matte.mkv", stage=stage,
    )  # fmt: skip
    local = tmp_path / "local.mp4"
    plain = Conversion()(small_clip, local, matte=tmp_path / "local.mkv")
    assert report.output == "s3://films/out/cut.mp4"
    assert report.frames == plain.frames > 0
    assert set(keys(s3)) == {"in/talk?#1.mp4", "out/cut.mp4", "out/matte.mkv"}
    assert len(content(s3, "out/cut.mp4")) == local.stat().st_size
    assert not uploads(s3)
    assert {path.name for path in tmp_path.iterdir()} == {"local.mp4", "local.mkv"}


def test_a_job_that_fails_leaves_nothing(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="films", Key="bad.mp4", Body=os.urandom(5000))
    with pytest.raises(InputError, match=r"bad\.mp4"):
        convert_staged(
            NETWORK, "s3://films/bad.mp4", "s3://films/cut.mp4", stage=StageSettings(tmp_path)
        )
    assert keys(s3) == ["bad.mp4"]
    assert not list(tmp_path.iterdir())


def test_names_are_those_that_were_given(s3: Any, tmp_path: Path, make_clip) -> None:
    """In errors and notes, not those of copies; keys are no quoted URLs, and no patterns."""
    s3.put_object(Bucket="films", Key="a%20b.mp4", Body=b"no video")
    with pytest.raises(InputError, match=r"^s3://films/a%20b\.mp4 cannot be opened"):
        convert_staged(NETWORK, "s3://films/a%20b.mp4", "s3://films/cut.mp4")
    s3.upload_file(str(make_clip("empty.mp4", frames=2)), "films", "empty.mp4")
    nobody = Settings(allow="network", segmenter=lambda image: np.zeros(image.shape[:2], "f4"))
    report = convert_staged(Conversion(settings=nobody), "s3://films/empty.mp4", "s3://films/o.mp4")
    assert report.warnings == ["Nobody was found in s3://films/empty.mp4, so the matte is empty."]
    assert name_of("s3://films/a%20b.mp4") == "a%20b.mp4"
    assert name_of("https://films.org/a%20b.mp4?x=1") == "a b.mp4"
    for conversion in (NETWORK, Conversion(settings=nobody)):
        with pytest.raises(
            SettingError, match=r"^s3://films/%04d\.png cannot be written as a whole"
        ):
            convert_staged(conversion, "s3://films/empty.mp4", "s3://films/%04d.png")


def test_what_is_read_beside_the_input_is_copied(s3: Any, tmp_path: Path, make_clip) -> None:
    """Backgrounds and drawn mattes, by single jobs and by batches; if the network is allowed."""
    clip, image = make_clip("in.mp4", frames=2), tmp_path / "white.png"
    Image.new("RGB", (64, 48), "white").save(image)
    s3.upload_file(str(image), "films", "white.png")
    url, nobody = (
        "s3://films/white.png",
        {"segmenter": lambda image: np.zeros(image.shape[:2], "f4")},
    )
    made = {
        "behind.mkv": Conversion(background=url, settings=Settings(allow="network", **nobody)),
        "core.mkv": Conversion(
            show="alpha", settings=Settings(allow="network", core=url, **nobody)
        ),
    }
    for name, conversion in made.items():
        convert_staged(conversion, clip, tmp_path / name)
        assert next(decode(tmp_path / name)).rgb.min() > 240
        (outcome,) = batch([clip], tmp_path / name[:4], conversion)
        assert outcome.error is None
        settings = replace(conversion.settings, allow="nothing")
        with pytest.raises(InputError, match="is on the network"):
            convert_staged(replace(conversion, settings=settings), clip, tmp_path / "no.mkv")
    with pytest.raises(InputError, match="is at a place that FFmpeg does not read from"):
        probe(Source(url, "network"))


def test_the_network_must_be_allowed(s3: Any) -> None:
    with pytest.raises(InputError, match="network"):
        convert_staged(Conversion(), "s3://films/a.mp4", "s3://films/b.mp4")


def test_what_is_there_is_replaced_only_when_asked(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="films", Key="cut.mp4", Body=b"old")
    stage = Stage(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        stage.output("s3://films/cut.mp4", overwrite=False)
    stage.output("s3://films/cut.mp4", overwrite=True).write_bytes(b"new")
    stage.deliver()
    assert content(s3, "cut.mp4") == b"new"


def test_what_appears_meanwhile_is_not_replaced(s3: Any, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.output("s3://films/cut.mp4", overwrite=False).write_bytes(b"new")
    s3.put_object(Bucket="films", Key="cut.mp4", Body=b"another's")
    with pytest.raises(OutputError):
        stage.deliver()
    assert content(s3, "cut.mp4") == b"another's"
    assert not uploads(s3)


def test_nothing_is_seen_before_all_is_there(s3: Any, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(PART + 1000))
    upload = ObjectStore.of("s3").begin(big, "s3://films/big.mp4", overwrite=False)
    assert not keys(s3)
    assert len(uploads(s3)) == 1
    upload.commit()
    assert content(s3, "big.mp4") == big.read_bytes()
    assert not uploads(s3)


def test_an_upload_that_fails_is_aborted(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(3 * PART))
    store = ObjectStore.of("s3")
    sent, plain = [], store.files.call_s3

    def failing(method: str, *more: Any, **given: Any) -> Any:
        sent.append(method)
        if method == "upload_part" and sent.count(method) % 2 == 0:
            raise ConnectionResetError("cut")
        return plain(method, *more, **given)

    monkeypatch.setattr(store.files, "call_s3", failing)
    quick = ObjectStore(store.files, Backoff(tries=2, first=0.01))
    with pytest.raises(OutputError, match="cannot be reached: cut"):
        quick.begin(big, "s3://films/big.mp4", overwrite=False)
    assert sent.count("create_multipart_upload") == 2
    assert not keys(s3)
    assert not uploads(s3)


def test_a_broken_range_is_read_again(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = os.urandom(PART + 5)
    s3.put_object(Bucket="films", Key="a.mp4", Body=body)
    store = ObjectStore.of("s3")
    file_class, calls = type(store.files.open("s3://films/a.mp4")), []
    plain = file_class._fetch_range

    def failing(self: Any, start: int, end: int) -> bytes:
        calls.append(start)
        if len(calls) == 2:
            raise ConnectionResetError("cut")
        found: bytes = plain(self, start, end)
        return found

    monkeypatch.setattr(file_class, "_fetch_range", failing)
    path = Stage(tmp_path, backoff=Backoff(first=0.01)).fetch("s3://films/a.mp4")
    assert path.read_bytes() == body
    assert calls == [0, PART, PART]


def test_a_bucket_that_is_not_there(s3: Any, tmp_path: Path) -> None:
    with staged(StageSettings(tmp_path)) as stage:
        with pytest.raises(InputError, match="does not exist"):
            stage.fetch("s3://nobody/a.mp4")
        stage.output("s3://nobody/b.mp4", overwrite=True).write_bytes(b"x")
        with pytest.raises(OutputError, match="no such bucket"):
            stage.deliver()


def test_a_folder_is_listed(s3: Any) -> None:
    for key in ("a/1.mp4", "a/b/2.mp4", "c.mp4"):
        s3.put_object(Bucket="films", Key=key, Body=b"x")
    store = ObjectStore.of("s3")
    assert list(store.find("s3://films/a", recursive=False)) == ["s3://films/a/1.mp4"]
    assert list(store.find("s3://films/a", recursive=True)) == [
        "s3://films/a/1.mp4",
        "s3://films/a/b/2.mp4",
    ]
    assert list(store.find("s3://films/*.mp4", recursive=False)) == ["s3://films/c.mp4"]
