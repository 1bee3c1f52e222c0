"""A web server for tests, and what it does wrong."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Site:
    """A web server, and what it does wrong with its next answers, one a GET."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    ranges: bool = True
    longer: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)
