"""The commands of `drawbridge`, one file per group."""
