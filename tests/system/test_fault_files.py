"""Files on which such programs went wrong come out right, by `faults`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from faults import FAULTS

pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="needs the programs ffmpeg and ffprobe, which are not installed",
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_file_that_went_wrong(fault, tmp_path):
    """It gives what ffprobe says of it, and all that is lost is told; or an error that says why."""
    assert not fault.problems(tmp_path)
