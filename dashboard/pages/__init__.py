"""What is drawn of what the collector holds."""
