"""Unit tests of infrastructure: the pytest fixture ``local_arm``, registered when the package is installed."""
