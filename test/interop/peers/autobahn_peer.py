"""Autobahn over asyncio, as client and as server: see battery.py. Its client is told what to offer (or a list of that), its server by the
request's header X-Deflate what to answer, as the keyword arguments of Autobahn's own classes."""

import asyncio
import json
import sys

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from battery import CLOSE, FRAGMENTS, LastClose, run_client, serve_forever, server_context


# Seconds in which an end must answer; Autobahn's own are 1 and 5, which a busy machine exceeds.
PATIENTLY = {"openHandshakeTimeout": 30, "closeHandshakeTimeout": 30}


def send(protocol, message):
    is_binary = isinstance(message, bytes)
    protocol.sendMessage(message if is_binary else message.encode(), is_binary)


def send_fragments(protocol, fragments):
    protocol.beginMessage(isBinary=False)
    for fragment in fragments:
        protocol.sendMessageFrame(fragment.encode())
    protocol.endMessage()


class ClientProtocol(WebSocketClientProtocol):
    def __init__(self):
        super().__init__()
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.pongs = asyncio.Queue()
        self.messages = asyncio.Queue()

    def onOpen(self):
        self.opened.set_result(None)

    def onMessage(self, payload, isBinary):
        self.messages.put_nowait(payload if isBinary else payload.decode())

    def onPong(self, payload):
        self.pongs.put_nowait(payload)

    def onClose(self, wasClean, code, reason):
        self.closed.set_result([self.remoteCloseCode, self.remoteCloseReason])
        if not self.opened.done():
            self.opened.set_exception(RuntimeError(f"not opened: {code} {reason}"))


class Client:
    def __init__(self, protocol):
        self.connection = protocol
        self.protocol = protocol.websocket_protocol_in_use
        self.receive = protocol.messages.get

    async def send(self, message):
        send(self.connection, message)

    async def send_fragments(self, fragments):
        send_fragments(self.connection, fragments)

    async def ping(self, payload):
        self.connection.sendPing(payload)
        assert await self.connection.pongs.get() == payload

    async def close(self, code, reason):
        self.connection.sendClose(code, reason)
        return await self.wait_closed()

    async def wait_closed(self):
        return await self.connection.closed


def accept_response(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)
    return None


async def connect(url, context, deflate):
    factory = WebSocketClientFactory(url, protocols=["other", "echo"])
    factory.protocol = ClientProtocol
    factory.setProtocolOptions(failByDrop=False, autoFragmentSize=0, serverConnectionDropTimeout=30, **PATIENTLY)
    if deflate is not None:
        offers = deflate if isinstance(deflate, list) else [deflate]
        factory.setProtocolOptions(
            perMessageCompressionOffers=[PerMessageDeflateOffer(**offer) for offer in offers],
            perMessageCompressionAccept=accept_response,
        )
    loop = asyncio.get_running_loop()
    _transport, protocol = await loop.create_connection(factory, factory.host, factory.port, ssl=context)
    await protocol.opened
    return Client(protocol)


class ServerProtocol(WebSocketServerProtocol):
    def onConnect(self, request):
        wish = request.headers.get("x-deflate")
        if wish is not None:
            self.perMessageCompressionAccept = lambda offers: next(
                (
                    PerMessageDeflateOfferAccept(offer, **json.loads(wish))
                    for offer in offers
                    if isinstance(offer, PerMessageDeflateOffer)
                ),
                None,
            )
        return "echo" if "echo" in request.protocols else None

    def onMessage(self, payload, isBinary):
        text = None if isBinary else payload.decode()
        if text == "!fragments":
            send_fragments(self, FRAGMENTS)
        elif text == "!ping":
            self.sendPing(b"payload")
        elif text == "!close":
            self.sendClose(*CLOSE)
        elif text == "!last-close":
            send(self, LastClose.text)
        else:
            self.sendMessage(payload, isBinary)

    def onPong(self, payload):
        send(self, "ponged" if payload == b"payload" else "other")

    def onClose(self, wasClean, code, reason):
        LastClose.set(self.remoteCloseCode, self.remoteCloseReason)


async def serve():
    context = server_context()
    factory = WebSocketServerFactory("wss://127.0.0.1" if context else "ws://127.0.0.1", protocols=["echo"])
    factory.protocol = ServerProtocol
    factory.setProtocolOptions(**PATIENTLY)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0, ssl=context)
    await serve_forever(server.sockets[0].getsockname()[1])


asyncio.run(run_client(connect) if sys.argv[1] == "client" else serve())
