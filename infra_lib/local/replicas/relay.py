"""Bytes from one connection to another, both ways."""

from __future__ import annotations

import socket
import threading

_CHUNK = 1 << 16


def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what each of two connections sends, until both have ended; closes them."""
    back = threading.Thread(target=_pump, args=(other, one), daemon=True)
    back.start()
    _pump(one, other)
    back.join()
    one.close()
    other.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    except OSError:
        _shut(source, socket.SHUT_RDWR)
    _shut(sink, socket.SHUT_WR)


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        return


def respond(connection: socket.socket, status: str, text: str, *, is_read: bool = False) -> None:
    """Answer an HTTP request, read here unless ``is_read``, with a few words; and close."""
    body = (text + "\n").encode()
    fields = ("Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}", "Connection: close")
    head = "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""])
    try:
        connection.settimeout(2.0)
        if not is_read:
            connection.recv(_CHUNK)
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        connection.close()
