"""Clients of Python's `websockets` that send back whatever comes, until they are closed. Arguments: the URL, and as JSON the parameters
of permessage-deflate of each client."""

import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


async def echo(url, deflate):
    extensions = [ClientPerMessageDeflateFactory(**deflate)]
    async with websockets.connect(url, compression=None, extensions=extensions, max_size=None) as websocket:
        async for message in websocket:
            await websocket.send(message)


async def main(url, deflates):
    await asyncio.gather(*(echo(url, deflate) for deflate in deflates))


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
