"""What an index page and the workflows say of the project is true."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def description(monkeypatch: pytest.MonkeyPatch) -> str:
    """The long description that setup.py makes of the README."""
    monkeypatch.chdir(ROOT)
    tree = ast.parse(Path("setup.py").read_text(encoding="utf-8"))
    (function,) = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "readme"
    ]
    names = {"Path": Path, "re": re, "tomllib": tomllib}
    exec(compile(ast.Module([function], []), "setup.py", "exec"), names)
    return names["readme"]()


def test_links_of_an_index_page_are_absolute(description):
    """Pictures as files, pages as pages; nothing else differs from the README."""
    links = re.findall(r"(!?)\[[^]]*\]\(([^)]*)\)", description)
    source = PROJECT["urls"]["Source"]
    assert len(links) > 15
    for picture, link in links:
        assert link.startswith("https://"), link
        if link.startswith(source):
            part = "raw" if picture else "blob"
            assert (ROOT / link.removeprefix(f"{source}/{part}/main/")).exists(), link


def test_every_package_is_in_the_wheel():
    """Each folder of modules is listed, where the command's are mapped into the package."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(settings["tool"]["setuptools"]["packages"])
    for folder, name in ((ROOT / "sinet_video", "sinet_video"), (ROOT / "cli", "sinet_video.cli")):
        for module in folder.rglob("__init__.py"):
            inside = module.parent.relative_to(folder).parts
            assert ".".join((name, *inside)) in listed


def test_the_address_of_the_site_is_one():
    """In the package's metadata and in the site's settings."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"site_url: {PROJECT['urls']['Documentation']}\n" in settings


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_what_is_there(workflow):
    """Scripts that can be run, and targets of the Makefile; actions are pinned to a commit."""
    text = workflow.read_text(encoding="utf-8")
    for script in re.findall(r"run: (\.ci/\w+)", text):
        assert os.access(ROOT / script, os.X_OK), script
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"run: make (\w+)", text):
        assert f"\n{target}:" in makefile, target
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each) for each in uses)


def test_the_container_copies_what_it_needs(tmp_path):
    """From what .dockerignore lets through, a command is built that starts."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    for name in (line[1:] for line in lines if line.startswith("!")):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, source / name)
    build = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", built]
    subprocess.run(build, cwd=source, check=True)
    module, function = PROJECT["scripts"]["sinet-video"].split(":")
    start = (
        f"import sys; sys.argv = ['', '--version']; from {module} import {function}; {function}()"
    )
    environment = {**os.environ, "PYTHONPATH": str(built)}
    said = subprocess.run(
        [sys.executable, "-c", start],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("sinet-video")
    assert (built / f"{module}.py").is_file()
