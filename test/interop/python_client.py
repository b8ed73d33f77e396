"""A client of Python's `websockets`: talks to the echo server at argv[1] (argv[2]: a certificate to trust), and prints
one line of JSON with what it got."""

import asyncio
import hashlib
import json
import ssl
import sys

import websockets


async def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(cafile=sys.argv[2])
    result = {}
    async with websockets.connect(sys.argv[1], ssl=context, max_size=None) as websocket:
        await websocket.send("hello")
        result["text"] = await websocket.recv()
        await websocket.send("漢字🎉" * 1000)
        result["emoji"] = (await websocket.recv()) == "漢字🎉" * 1000
        data = bytes(range(256)) * 4096
        await websocket.send(data)
        echoed = await websocket.recv()
        result["binary"] = hashlib.sha256(echoed).digest() == hashlib.sha256(data).digest()
        await websocket.send(["frag", "ment", "ed"])
        result["fragmented"] = await websocket.recv()
        pong = await websocket.ping(b"payload")
        await asyncio.wait_for(pong, 10)
        result["pong"] = True
        await websocket.close(4242, "thank you")
        result["close"] = [websocket.close_code, websocket.close_reason]
    print(json.dumps(result))


asyncio.run(main())
