"""The bound tree to the ARM template."""
