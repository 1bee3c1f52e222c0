"""From an input file to finished files: settings, the chain of stages, jobs, and resuming them.

May import every room above it.
"""
