"""Python's `websockets`, as client and as server: see battery.py. Of the server, the request's header X-Deflate says the
parameters of permessage-deflate, as JSON; without it there is none."""

import asyncio
import json
import sys

import websockets
from battery import CLOSE, FRAGMENTS, LastClose, run_client, serve_forever, server_context
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory


class Client:
    def __init__(self, websocket):
        self.websocket = websocket
        self.protocol = websocket.subprotocol
        self.send = self.send_fragments = websocket.send
        self.receive = websocket.recv

    async def ping(self, payload):
        await (await self.websocket.ping(payload))

    async def close(self, code, reason):
        await self.websocket.close(code, reason)
        return await self.wait_closed()

    async def wait_closed(self):
        await self.websocket.wait_closed()
        return [self.websocket.close_code, self.websocket.close_reason]


async def connect(url, context, deflate):
    extensions = [] if deflate is None else [ClientPerMessageDeflateFactory(**deflate)]
    return Client(
        await websockets.connect(
            url, ssl=context, subprotocols=["other", "echo"], compression=None, extensions=extensions, max_size=None
        )
    )


class Protocol(websockets.WebSocketServerProtocol):
    @staticmethod
    def process_extensions(headers, available_extensions):
        wish = headers.get("X-Deflate")
        if wish is None:
            return None, []
        return websockets.WebSocketServerProtocol.process_extensions(
            headers, [ServerPerMessageDeflateFactory(**json.loads(wish))]
        )


async def handle(websocket, *_path):
    try:
        async for message in websocket:
            if message == "!fragments":
                await websocket.send(FRAGMENTS)
            elif message == "!ping":
                await (await websocket.ping(b"payload"))
                await websocket.send("ponged")
            elif message == "!close":
                await websocket.close(*CLOSE)
            elif message == "!last-close":
                await websocket.send(LastClose.text)
            else:
                await websocket.send(message)
    except websockets.ConnectionClosed:
        pass  # any other code than 1000 and 1001 is raised
    LastClose.set(websocket.close_code, websocket.close_reason)


async def serve():
    async with websockets.serve(
        handle,
        "127.0.0.1",
        0,
        ssl=server_context(),
        subprotocols=["echo"],
        create_protocol=Protocol,
        # What the handshake looks at only if there is something.
        extensions=[ServerPerMessageDeflateFactory()],
        compression=None,
        max_size=None,
    ) as running:
        await serve_forever(running.sockets[0].getsockname()[1])


asyncio.run(run_client(connect) if sys.argv[1] == "client" else serve())
