"""What the tests exercise, read from their source."""
