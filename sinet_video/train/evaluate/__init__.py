"""Measuring mattes against truth: images with masks, clips with true alpha.."""
