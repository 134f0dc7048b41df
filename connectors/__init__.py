"""One module per outside system, behind a small typed Protocol."""
