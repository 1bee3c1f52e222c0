"""Names that this system can have, of what comes from other systems and hosts."""

from __future__ import annotations

import re
import sys

FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
DEVICES = re.compile(
    r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]", re.IGNORECASE
)
"""What no name on Windows may have in it, and what is a device there, also with an extension."""


def usable(name: str) -> str:
    """Return a name as this system can have it: Windows, not with some characters and words.

    What follows a colon would be written there where nobody looks: behind another file.
    """
    if sys.platform != "win32":
        return name
    made = FORBIDDEN.sub("_", name).rstrip(". ") or "_"
    return f"_{made}" if DEVICES.fullmatch(made.partition(".")[0].rstrip()) else made
