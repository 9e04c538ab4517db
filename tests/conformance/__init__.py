"""Measures the compiler and the engine against recorded results of the official Bicep CLI.

``python -m tests.conformance COMMAND`` from the root of the checkout; ``--help`` lists the commands. Nothing here runs with
the default tests: the recorded cases are many, and the public sources that the hash files speak of are not in this repository.
"""
