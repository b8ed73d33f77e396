"""Tornado, as client and as server: see battery.py. Its client can be told to offer permessage-deflate, but not how; its
server takes what is offered, and adds nothing."""

import asyncio
import sys

from battery import CLOSE, LastClose, run_client, serve_forever, server_context
from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

MAX = 1 << 24


class Client:
    def __init__(self, connection):
        self.connection = connection
        self.protocol = connection.selected_subprotocol

    async def send(self, message):
        await self.connection.write_message(message, binary=isinstance(message, bytes))

    async def receive(self):
        return await self.connection.read_message()

    async def ping(self, payload):
        pong = asyncio.get_running_loop().create_future()
        self.connection.on_pong = pong.set_result
        self.connection.ping(payload)
        assert await pong == payload

    async def close(self, code, reason):
        self.connection.close(code, reason)
        return await self.wait_closed()

    async def wait_closed(self):
        assert await self.connection.read_message() is None
        return [self.connection.close_code, self.connection.close_reason]


async def connect(url, context, deflate):
    request = HTTPRequest(url, ssl_options=context)
    options = None if deflate is None else {}
    return Client(
        await websocket_connect(
            request, subprotocols=["other", "echo"], compression_options=options, max_message_size=MAX
        )
    )


class Handler(WebSocketHandler):
    def select_subprotocol(self, subprotocols):
        return "echo" if "echo" in subprotocols else None

    def get_compression_options(self):
        return {}

    async def on_message(self, message):
        if message == "!ping":
            self.ping(b"payload")
        elif message == "!close":
            self.close(*CLOSE)
        elif message == "!last-close":
            await self.write_message(LastClose.text)
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data):
        self.write_message("ponged" if data == b"payload" else "other")

    def on_close(self):
        LastClose.set(self.close_code, self.close_reason)


async def serve():
    sockets = bind_sockets(0, "127.0.0.1")
    application = Application([(r"/.*", Handler)], websocket_max_message_size=MAX)
    HTTPServer(application, ssl_options=server_context()).add_sockets(sockets)
    await serve_forever(sockets[0].getsockname()[1])


asyncio.run(run_client(connect) if sys.argv[1] == "client" else serve())
