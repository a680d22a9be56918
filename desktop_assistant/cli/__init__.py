"""The commands, for scripts and terminals; ``main`` is the entry."""
