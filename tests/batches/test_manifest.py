"""The manifest of a batch: what is in it is never lost, whoever writes and whatever stops."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace

import pytest
from pretended import ENTRY, add_many

from sinet_video import InputError, Manifest, OutputError


def test_the_last_entry_of_a_name_counts(tmp_path):
    """All that was written can be read again, names in any script and of any bytes."""
    manifest = Manifest(tmp_path)
    assert manifest.entries() == {}
    odd = replace(ENTRY, name="b\udcff\n\u2028ü.mp4", reason="all\nlost", outcome="failed")
    for entry in (ENTRY, odd, replace(ENTRY, written="7 8")):
        manifest.add(entry)
    assert manifest.entries() == {"a.mp4": replace(ENTRY, written="7 8"), odd.name: odd}
    assert list(manifest) == [ENTRY, odd, replace(ENTRY, written="7 8")]


def test_each_line_is_an_object_of_json(tmp_path):
    """So that other programs can read it as well."""
    manifest = Manifest(tmp_path)
    manifest.add(ENTRY)
    (line,) = (tmp_path / "manifest.jsonl").read_text().splitlines()
    assert json.loads(line)["options"] == {"crf": "18"}


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_line_that_was_cut_off_loses_only_itself(length, tmp_path, caplog):
    """As when a machine stopped in the middle of writing it."""
    manifest = Manifest(tmp_path)
    manifest.add(ENTRY)
    with manifest.path.open("ab") as file:
        file.write(replace(ENTRY, name="cut.mp4").line()[:-1][: length or 1][: max(length, -1)])
    manifest.add(replace(ENTRY, name="b.mp4"))
    assert set(manifest.entries()) >= {"a.mp4", "b.mp4"}
    assert "cut.mp4" not in manifest.entries()
    assert len(caplog.records) <= 2


@pytest.mark.parametrize("line", ["[]", "{}", "3", '{"name": 3}', "null", "words", "\xff"])
def test_foreign_lines_are_passed_over_and_told(line, tmp_path, caplog):
    """With their number."""
    manifest = Manifest(tmp_path)
    manifest.path.write_text(line + "\n")
    manifest.add(ENTRY)
    assert manifest.entries() == {"a.mp4": ENTRY}
    assert "line 1 is damaged" in caplog.text


def test_several_processes_lose_no_line(tmp_path):
    """Not even lines that are longer than what a system writes at once."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_many, args=(tmp_path, n)) for n in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert len(list(Manifest(tmp_path))) == len(Manifest(tmp_path).entries()) == 120


def test_a_manifest_that_cannot_be_read_or_written_is_an_error(tmp_path):
    """In a sentence that names it."""
    (tmp_path / "manifest.jsonl").mkdir()
    with pytest.raises(InputError, match=r"manifest\.jsonl"):
        Manifest(tmp_path).entries()
    with pytest.raises(OutputError, match=r"manifest\.jsonl"):
        Manifest(tmp_path).add(ENTRY)
