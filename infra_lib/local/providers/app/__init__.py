"""Microsoft.App: environments, container apps, jobs."""

from infra_lib.local.providers.app import console, container_apps, environments, jobs

TYPES = (*environments.TYPES, *container_apps.TYPES, *jobs.TYPES)
ROUTES = [*environments.ROUTES, *jobs.ROUTES, *console.ROUTES]
