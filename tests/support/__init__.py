"""Real peers for the tests: a PostgreSQL server and a mail server, both installed by pip."""
