"""Where the installed command begins: apart from the package, which takes its time to be imported.

Until then Python would answer an interrupt with a traceback.
"""

import signal


def main() -> None:
    """Run the command; an interrupt while it is being loaded ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from sinet_video.__main__ import main as run

    run()
