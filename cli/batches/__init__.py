"""Commands for many clips and many machines."""
