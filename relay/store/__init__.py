"""The store: the only part that reads and writes the database, SQLite or PostgreSQL alike."""
