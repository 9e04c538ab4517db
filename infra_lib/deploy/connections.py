"""How clients connect to what is not in this process."""

from __future__ import annotations

from azure.core.pipeline.transport import RequestsTransport

CONNECTIONS = 32


def pooled_transport(url: str) -> RequestsTransport:
    """A transport to ``url`` that keeps as many connections as a concurrent transfer uses; the default one keeps ten.

    Plain http is spoken on this machine's loopback alone: a proxy of the environment cannot reach that, and must not see the
    token in clear.
    """
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.trust_env = not url.startswith("http://")
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS))
    return RequestsTransport(session=session)
