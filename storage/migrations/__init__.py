"""Alembic migrations of our tables: the environment, and below it the revisions."""
