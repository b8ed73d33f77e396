"""What the Python peers try on our server, and what they do as servers; each library is an adapter in a file of its own.

As clients: argv[1] is `client`, argv[2] a JSON list of plans {"url", "length", "deflate", "fragments"}, argv[3] a certificate to trust.
Printed is one JSON list of what came of each. As servers: argv[1] is `server`, argv[2] and argv[3] a certificate and its key,
if any. Printed is the port."""

import asyncio
import json
import random
import ssl
import sys

FRAGMENTS = ["one 漢", "字 two ", "three 🎉"]
CLOSE = (4001, "the server’s reason")


def messages(length):
    texts = [json.dumps({"id": i, "user": f"user {i % 7}", "text": "漢字🎉 and text " * (i % 5)}) for i in range(8)]
    noise = random.Random(1).randbytes(length)
    return [
        *["hello", "", "漢字🎉" * 1000, b"", b"\0\xff"],
        *texts,
        *[noise, "漢字🎉" * (length // 10), texts[3] * (length // 120), noise[:70_000]],
        texts[5],
    ]


async def try_client(connect, plan, context):
    """`connect(url, context, deflate)` gives an adapter: send, receive, ping, close, wait_closed, and send_fragments where
    the library can."""
    peer = await connect(plan["url"], context, plan.get("deflate"))
    result = {"protocol": peer.protocol, "wrong": []}
    for index, message in enumerate(messages(plan["length"])):
        await peer.send(message)
        if await peer.receive() != message:
            result["wrong"].append(index)
    await peer.send(plan.get("fragments", "!fragments"))
    result["fragments"] = await peer.receive()
    await peer.send("!ping")
    result["ponged"] = await peer.receive()
    await asyncio.wait_for(peer.ping(b"payload"), 20)
    if hasattr(peer, "send_fragments"):
        await peer.send_fragments(FRAGMENTS)
        result["sentFragments"] = await peer.receive()
    closed = await peer.close(4321, "that is all 漢")
    other = await connect(plan["url"], context, plan.get("deflate"))
    await other.send("!close")
    result["closes"] = [closed, await other.wait_closed()]
    return result


async def run_client(connect):
    context = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None
    results = []
    for plan in json.loads(sys.argv[2]):
        results.append(await asyncio.wait_for(try_client(connect, plan, context), 60))
    print(json.dumps(results))


def server_context():
    if len(sys.argv) < 4:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    return context


async def serve_forever(port):
    print(port, flush=True)
    await asyncio.Future()


class LastClose:
    """Of the server: what the client closed with, which `!last-close` asks for."""

    text = ""

    @classmethod
    def set(cls, code, reason):
        cls.text = f"{code} {reason}"
