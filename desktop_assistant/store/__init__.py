"""What was said and decided, kept in one SQLite file; the only place that knows SQL."""
