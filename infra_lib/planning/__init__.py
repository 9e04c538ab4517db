"""Desired and live state to a plan. Pure: nothing here reads, writes or asks; the same inputs give the same plan."""
