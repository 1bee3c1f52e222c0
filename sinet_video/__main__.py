"""`python -m sinet_video`: the command."""

from sinet_video.cli.main import main

main()
