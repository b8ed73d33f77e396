// Faults of reading from a socket, and of the buffers that are lent to listeners.

export const READING = [
  [
    'resume reads on although the rest behind a listener that threw is pending',
    'src/node/socket/reads/read-gate.ts',
    'if (this.#reasons === 0) this.#socket.resume();',
    'this.#socket.resume();',
    [{ file: 'test/unit/node/socket/reads/read-gate.test.ts' }],
  ],
  [
    'a socket is read directly although the program listens to its bytes',
    'src/node/socket/reads/socket-events.ts',
    'if (reader === undefined || !canBypass(this)) return this.push',
    'if (reader === undefined) return this.push',
    [{ file: 'test/unit/node/socket/reads/direct-reads.test.ts' }],
  ],
  [
    'other listeners of a socket hear bytes that have been unmasked',
    'src/node/socket/reads/socket-events.ts',
    "this.listenerCount('data') > 1 ? Buffer.from(chunk) : chunk",
    'chunk',
    [{ file: 'test/unit/node/socket/reads/direct-reads.test.ts' }],
  ],
  [
    'no scavenge is asked for',
    'src/node/socket/reads/early-scavenges.ts',
    'if (bytesSinceLast < interval) return;',
    'if (bytesSinceLast < Infinity) return;',
    [{ file: 'test/unit/node/socket/reads/early-scavenges.test.ts' }],
  ],
  [
    'a lent buffer serves again while a handler has it',
    'src/messages/receive/record-reader.ts',
    '      sink.deliver(kind, data);\n',
    '      takeBack(data);\n      sink.deliver(kind, data);\n',
    [{ file: 'test/unit/messages/receive/message-lifetime.test.ts' }],
  ],
  [
    'a long lent message is written by reference',
    'src/node/socket/writes/send-payload.ts',
    ' && !isLent(payload)',
    '',
    [{ file: 'test/unit/node/websocket/message-lifetime.test.ts' }],
  ],
];
