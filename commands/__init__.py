"""The command line's commands: one noun a module, every command a few lines over the public API."""
