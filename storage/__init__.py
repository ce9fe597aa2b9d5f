"""What Rectiflow remembers: one store for SQLite and PostgreSQL."""
