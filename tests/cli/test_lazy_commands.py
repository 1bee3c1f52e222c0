"""Commands are imported when they are asked for, and importing looks for no garbage."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from sinet_video.cli.lazy_commands import LazyCommands, loading


def test_one_command_does_not_import_the_others():
    """Or each start takes the time of all of them."""
    program = (
        "import sys\n"
        "from sinet_video.cli.main import cli\n"
        "cli(['run', '--help'], standalone_mode=False)\n"
        "found = [name for name in sys.modules if name.startswith('sinet_video.cli.commands.')]\n"
        "sys.exit(found != ['sinet_video.cli.commands.run'])"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == 0


def test_all_commands_are_there():
    """By name, as click wants them; another name is none of them."""
    commands = LazyCommands(["run", "info"])
    assert list(commands) == ["run", "info"]
    assert {name: command.name for name, command in commands.items()} == {
        "run": "run", "info": "info",
    }  # fmt: skip
    assert commands.get("walk") is None


def test_garbage_is_collected_again_after_loading():
    """Even where an import fails."""
    with pytest.raises(ImportError), loading():
        _fail()
    assert gc.isenabled()


def _fail() -> None:
    assert not gc.isenabled()
    raise ImportError
