"""What axe-core finds on a page that keeps people out, as tests use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[1] / "build/axe/node_modules/axe-core/axe.min.js"

RUN = """const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => done(violations))
  .catch((error) => done([{ id: String(error), impact: "critical", nodes: [] }]));"""


def barriers(page: Any) -> list[str]:
    """Serious and critical findings, each with the elements that it is about."""
    if not AXE.exists():
        pytest.skip("needs axe-core, which `make test` installs where npm is")
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script(RUN)
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {node['html'][:160]}" for each in grave for node in each["nodes"]]
