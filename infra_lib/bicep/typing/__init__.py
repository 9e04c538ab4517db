"""Declared types, their schemas, and what imports bring in."""
