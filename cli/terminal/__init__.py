"""What a command prints, and how it is stopped: progress, tables, reports, streams, signals."""
