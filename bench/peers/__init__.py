"""The peers, each a program for an environment of its own, and what they share: the standard library is enough for that."""
