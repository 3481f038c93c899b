"""The panels of the page: each is built once, then shows one view after another."""
