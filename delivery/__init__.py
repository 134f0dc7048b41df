"""How a record reaches another system once: intent, send, resolve, reconcile."""
