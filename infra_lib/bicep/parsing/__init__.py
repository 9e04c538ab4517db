"""Source text to the syntax tree."""
