"""Draws the collector's data."""
