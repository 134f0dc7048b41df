"""The board of a campaign: what stands where, in the UI and in a terminal."""
