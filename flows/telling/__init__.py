"""How a run says what it does: terminal, pages of the UI, logs."""
