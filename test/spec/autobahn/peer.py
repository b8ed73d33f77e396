# The other end of the Autobahn driver, on Debian's python3-autobahn: `server` speaks the protocol of a fuzzing server (case
# count, cases, reports), `client URL` that of a fuzzing client. Prints JSON: what came back of each case.

import asyncio
import json
import sys
from urllib.parse import urlparse

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)

# What a case sends: messages, each (payload, is binary, length of its fragments or None), then a ping.
CASES = [
    [(b"", False, None)],
    [("grüße, 語 😀".encode() * 100, False, None)],
    [(bytes(range(256)) * 1024, True, None)],
    [("κόσμε".encode() * 1000, False, 7)],
    [(bytes(range(256)) * 64, True, 100), (b"second", False, None)],
]
results = []


class Case:
    """The course of one case, the same for both ends."""

    def begin(self, case):
        self.case = case
        self.echoed = []
        self.pong = None
        self.sendPing(b"ping")
        for payload, is_binary, fragment in case:
            self.sendMessage(payload, is_binary, fragmentSize=fragment)

    def onPong(self, payload):
        self.pong = payload

    def onMessage(self, payload, is_binary):
        self.echoed.append((payload, is_binary))
        if len(self.echoed) == len(self.case):
            self.sendClose(1000, "done")

    def finish(self, was_clean):
        expected = [(payload, is_binary) for payload, is_binary, _ in self.case]
        results.append(
            {"echoed": self.echoed == expected, "pong": self.pong == b"ping", "clean": was_clean}
        )


class FuzzingServer(Case, WebSocketServerProtocol):
    def onConnect(self, request):
        self.path_asked = request.path
        self.case = None
        self.params = {name: values[0] for name, values in request.params.items()}

    def onOpen(self):
        if self.path_asked == "/getCaseCount":
            self.sendMessage(str(len(CASES)).encode(), False)
            self.sendClose(1000)
        elif self.path_asked == "/runCase":
            self.agent = self.params["agent"]
            self.begin(CASES[int(self.params["case"]) - 1])
        elif self.path_asked == "/updateReports":
            print(json.dumps({"agent": self.params["agent"], "results": results}), flush=True)
            self.sendClose(1000)

    def onClose(self, was_clean, code, reason):
        if self.case is not None:
            self.finish(was_clean)


class FuzzingClient(Case, WebSocketClientProtocol):
    def onOpen(self):
        self.begin(CASES[len(results)])

    def onClose(self, was_clean, code, reason):
        self.finish(was_clean)
        self.factory.done.set_result(None)


async def run_server():
    factory = WebSocketServerFactory()
    factory.protocol = FuzzingServer
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def run_client(url):
    loop = asyncio.get_running_loop()
    for _ in CASES:
        factory = WebSocketClientFactory(url)
        factory.protocol = FuzzingClient
        factory.done = loop.create_future()
        address = urlparse(url)
        await loop.create_connection(factory, address.hostname, address.port)
        await factory.done
    print(json.dumps({"results": results}), flush=True)


asyncio.run(run_server() if sys.argv[1] == "server" else run_client(sys.argv[2]))
