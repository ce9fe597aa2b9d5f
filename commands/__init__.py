"""Is the office's hand: one module for each noun of the command line."""
