"""Evaluation of mattes against ground truth: images with masks, and clips with true alpha."""
