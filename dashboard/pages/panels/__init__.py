"""The panels of the page: each is built once and then shown one view after another."""
