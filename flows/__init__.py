"""What runs when: one thin flow per stage, the settings, and the command line."""
