"""Python's `websockets` with permessage-deflate. Arguments: `client` and a URL, or `server`; then the parameters as JSON:
server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_max_window_bits. The client talks to an
echo server and prints one line of JSON with what it got; the server echoes, and prints its port."""

import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

MESSAGES = (
    [json.dumps({"id": i, "user": f"user {i % 7}", "text": "漢字🎉 and text " * (i % 5)}) for i in range(40)]
    + ["", "漢字🎉" * 30_000, "x" * 200_000]
    + [bytes(range(256)) * 400, bytes((i * i * 7 + i // 3) % 251 for i in range(70_000)), b""]
)


async def client(url, parameters):
    extension = ClientPerMessageDeflateFactory(**parameters)
    async with websockets.connect(url, compression=None, extensions=[extension], max_size=None) as websocket:
        wrong = []
        for index, message in enumerate(MESSAGES):
            await websocket.send(message)
            if await websocket.recv() != message:
                wrong.append(index)
        await websocket.send(["frag", "ment", "ed " * 500])
        fragmented = await websocket.recv() == "fragmented " + "ed " * 499
        result = {"wrong": wrong, "fragmented": fragmented, "extensions": len(websocket.extensions)}
    print(json.dumps(result))


async def echo(websocket, *_path):
    try:
        async for message in websocket:
            await websocket.send(message)
    except websockets.ConnectionClosed:
        pass  # any other code than 1000 and 1001 is raised


async def server(parameters):
    extension = ServerPerMessageDeflateFactory(**parameters)
    async with websockets.serve(echo, "127.0.0.1", 0, compression=None, extensions=[extension], max_size=None) as running:
        print(running.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


if sys.argv[1] == "client":
    asyncio.run(client(sys.argv[2], json.loads(sys.argv[3])))
else:
    asyncio.run(server(json.loads(sys.argv[2])))
