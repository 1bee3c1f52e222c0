"""Generation of training data: portraits, pseudo-labels and composites."""
