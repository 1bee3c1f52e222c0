"""Making training data: portraits, pseudo-labels, composites.."""
