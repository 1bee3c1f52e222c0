"""Data generation, training and evaluation. Needs the extra `train`; only `cli` imports it."""
