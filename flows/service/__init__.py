"""What `drawbridge serve` and `run` start beside themselves, and keep running."""
