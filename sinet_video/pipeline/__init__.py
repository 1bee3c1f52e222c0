"""From a file to finished files: settings, the chain of stages, the job, resuming, batches.

May import every room above it.
"""
