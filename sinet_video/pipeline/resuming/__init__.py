"""Jobs that can be interrupted: finished segments are kept in a folder until all are joined."""
