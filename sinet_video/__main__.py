"""The command: `sinet-video`, or `python -m sinet_video`."""

import gc
import os
import signal


def main() -> None:
    """Run the command; an interrupt while it is still being loaded ends it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # numpy's linear algebra, which nothing here needs, would start a thread for each core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # until the command itself is loaded; see `sinet_video.cli.lazy_commands.loading`
    from sinet_video.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
