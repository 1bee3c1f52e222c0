"""From an input file to finished files: settings, the chain of stages, jobs, resuming and batches.

May import every room above it.
"""
