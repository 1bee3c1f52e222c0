"""The `sinet-video` command."""
