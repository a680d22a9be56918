"""The window: it shows values and says what the agent did; the only room of Qt besides app.py."""
