"""Reads a cluster over REST, and keeps what it has learned: free of the pages, so that they can be replaced."""
