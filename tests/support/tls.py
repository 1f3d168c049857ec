"""TLS in front of a server that speaks plain HTTP: as an address, or as a proxy for programs with a fixed host."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import trustme


@contextmanager
def door(authority: trustme.CA, port: int, *names: str, proxy: bool = False) -> Iterator[int]:
    """Open a port with a certificate for `names`, and forward it to a port of this machine. Yields the new port.

    As a proxy it first takes CONNECT to any host; the server behind it answers for all of them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    loop = asyncio.new_event_loop()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # whoever does not trust the certificate leaves; the test's end cancels the rest
        with suppress(OSError, EOFError, ssl.SSLError, asyncio.CancelledError):
            if proxy:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
            await writer.start_tls(context)
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pass_on(reader, behind_writer), _pass_on(behind_reader, writer))
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(enter, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, name="tls")
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
