"""Measurements against named peers, side by side in one run; see __main__.py."""
