"""Making data, training, measuring: the paper's other half. Needs the extra `train`."""
