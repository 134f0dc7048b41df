"""What checks a draw without the software that drew it; each verifier by itself (docs/verification.md)."""
