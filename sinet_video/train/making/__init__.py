"""Making pictures with masks: portraits cut out, labels by teachers, people put before rooms."""
