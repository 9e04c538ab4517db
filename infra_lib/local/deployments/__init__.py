"""Deployments: templates run against the providers, at every scope."""

from infra_lib.local.deployments.handlers import routes
from infra_lib.local.deployments.run import advance

__all__ = ["advance", "routes"]
