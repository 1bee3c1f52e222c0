"""Files on other hosts: fetched to the local disk, and put there whole or not at all."""
