"""Options: how they are declared, grouped, listed in help, and read from files and variables."""
