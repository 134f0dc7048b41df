"""What happened: tables, repositories, and the append-only audit chain, on SQLite or PostgreSQL."""
