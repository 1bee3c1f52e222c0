"""Green and other screens: keying, the clean plate behind it, and spill; with their settings."""
