"""Bicep deployments from Python."""
