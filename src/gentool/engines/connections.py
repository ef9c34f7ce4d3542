"""The connections to one OpenAI-compatible server: a body of POST /chat/completions in, the answer's bytes out. Made by gentool.engines.openai."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECTIONS_EACH = 8
"""Connections of one client. A pool looks through all of its connections at each request, so there are many small ones."""


class Connections:
    """As many connections as `concurrency`, to be opened before the first use. `key` is held as a secret, which no text shows."""

    def __init__(self, base_url: str, key: SecretStr, timeout: float, concurrency: int) -> None:
        self._base_url = base_url
        self._key = key
        self._timeout = timeout
        self._count = -(-concurrency // CONNECTIONS_EACH)
        self._clients: list[AsyncOpenAI] = []
        self._free: list[AsyncOpenAI] = []

    def open(self) -> None:
        """Load what is needed and make the clients, which takes a moment the first time."""
        if not self._clients:
            self._clients = self._make_clients()
            self._free = [client for client in self._clients for _ in range(CONNECTIONS_EACH)]

    async def post(self, body: dict[str, Any]) -> bytes:
        """What the server answers with status 200. Raises the client's APIStatusError and APIConnectionError."""
        import httpx2

        with self._lend() as client:
            response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        return response.content

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    @contextmanager
    def _lend(self) -> Iterator[AsyncOpenAI]:
        """A client with a free connection, the last used first."""
        client = self._free.pop()
        try:
            yield client
        finally:
            self._free.append(client)

    def _make_clients(self) -> list[AsyncOpenAI]:
        """Clients without retries of their own and without a limit of time but for connecting: both are the engine's."""
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        limits = httpx2.Limits(max_connections=CONNECTIONS_EACH, max_keepalive_connections=CONNECTIONS_EACH)
        timeout = httpx2.Timeout(None, connect=min(15.0, self._timeout))
        certificates = httpx2.create_ssl_context()
        key = self._key.get_secret_value()

        def make() -> AsyncOpenAI:
            http_client = DefaultAsyncHttpxClient(limits=limits, timeout=timeout, verify=certificates)
            return AsyncOpenAI(api_key=key, base_url=self._base_url, max_retries=0, timeout=timeout, http_client=http_client)

        return [make() for _ in range(self._count)]
