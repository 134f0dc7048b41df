"""What goes out to other systems and what they hold: due, delivered, compared."""
