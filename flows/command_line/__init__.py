"""How `drawbridge` speaks on a terminal: help, errors, exit codes, and being interrupted."""
