"""Training samples, each a function of the recipe's seed and the step."""
