"""aiohttp, as client and as server: see battery.py. Its client offers the server's window ("deflate" is its bits); its server
takes what is offered."""

import asyncio
import sys

import aiohttp
from aiohttp import WSMsgType, web
from battery import CLOSE, LastClose, run_client, serve_forever, server_context


class Client:
    def __init__(self, session, websocket):
        self.session = session
        self.websocket = websocket
        self.protocol = websocket.protocol

    async def send(self, message):
        await (self.websocket.send_bytes if isinstance(message, bytes) else self.websocket.send_str)(message)

    async def receive(self):
        while True:
            message = await self.websocket.receive()
            if message.type is WSMsgType.PING:
                await self.websocket.pong(message.data)
            else:
                return message.data

    async def ping(self, payload):
        await self.websocket.ping(payload)
        assert await self.receive() == payload

    async def close(self, code, reason):
        await self.websocket.close(code=code, message=reason.encode())
        await self.session.close()
        # It does not keep the reason of an answer.
        return [self.websocket.close_code, reason]

    async def wait_closed(self):
        message = await self.websocket.receive()
        await self.session.close()
        return [message.data, message.extra]


async def connect(url, context, deflate):
    session = aiohttp.ClientSession()
    websocket = await session.ws_connect(
        url, ssl=context, protocols=["other", "echo"], compress=deflate or 0, autoping=False, autoclose=True, max_msg_size=0
    )
    return Client(session, websocket)


async def handle(request):
    websocket = web.WebSocketResponse(protocols=["echo"], autoping=False, max_msg_size=0)
    await websocket.prepare(request)
    while True:
        message = await websocket.receive()
        if message.type is WSMsgType.PING:
            await websocket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            await websocket.send_str("ponged" if message.data == b"payload" else "other")
        elif message.type is WSMsgType.BINARY:
            await websocket.send_bytes(message.data)
        elif message.type is not WSMsgType.TEXT:
            if message.type is WSMsgType.CLOSE:
                LastClose.set(message.data, message.extra)
            return websocket
        elif message.data == "!ping":
            await websocket.ping(b"payload")
        elif message.data == "!close":
            await websocket.close(code=CLOSE[0], message=CLOSE[1].encode())
        elif message.data == "!last-close":
            await websocket.send_str(LastClose.text)
        else:
            await websocket.send_str(message.data)


async def serve():
    application = web.Application()
    application.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context()).start()
    await serve_forever(runner.addresses[0][1])


asyncio.run(run_client(connect) if sys.argv[1] == "client" else serve())
