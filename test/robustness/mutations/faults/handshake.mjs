// Faults of the opening handshake.

export const HANDSHAKE = [
  [
    'a second key is overlooked',
    'src/handshake/headers.ts',
    'return first === -1 || this.#next(first) !== -1 ?',
    'return first === -1 ?',
    [{ file: 'test/spec/lessons-handshake.test.ts', filter: 'twice' }],
  ],
  [
    'a head may have any number of headers',
    'src/handshake/head.ts',
    "if (lines.length > MAX_HEADER_COUNT) throw new ProtocolError('WSIMD_HEAD_TOO_LARGE');",
    '',
    [{ file: 'test/spec/lessons-handshake.test.ts', filter: 'too many' }],
  ],
  [
    'a subprotocol that was not offered is answered',
    'src/handshake/server.ts',
    'offered.find((protocol) => protocols.includes(protocol))',
    'protocols[0]',
    [{ file: 'test/robustness/properties/handshake.test.ts' }],
  ],
];
