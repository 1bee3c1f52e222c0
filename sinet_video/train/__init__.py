"""Making data, training and measuring. Needs the extra `train`; only the command imports it."""
