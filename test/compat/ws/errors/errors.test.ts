// What each broken rule comes to: the code of the error that `ws` documents, the close code on the wire, one `error` and one
// `close` event. `ws` itself is the oracle, at either end.

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from '../../../../src/node/index.js';
import { fromFirstByte, wire } from '../../../support/frames/wire.js';
import { type Api, IMPLEMENTATIONS, isOurs, listen, record } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';

type Send = (bytes: number[]) => void;

/** A server of this implementation, with somebody at the other end who sends bytes. */
async function serverUnderTest(api: Api): Promise<{ webSocket: WebSocket; send: Send; received: () => Buffer }> {
  const { server, port } = await listen(api, { maxPayload: 1000 });
  const connection = next<[WebSocket]>(server, 'connection');
  const raw = new RawClient(port);
  raw.send(requestHead(port));
  await raw.takeHead();
  const [webSocket] = await connection;
  return { webSocket, send: (bytes) => raw.send(Uint8Array.from(bytes)), received: () => raw.received };
}

async function clientUnderTest(api: Api): Promise<{ webSocket: WebSocket; send: Send; received: () => Buffer }> {
  let socket: Socket | undefined;
  let received = Buffer.alloc(0);
  const url = await startAnswering((accepted, { accept }) => {
    socket = accepted;
    accepted.write(switching(accept));
    accepted.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
  });
  const webSocket = new api.WebSocket(url, { maxPayload: 1000, perMessageDeflate: false });
  await next(webSocket, 'open');
  return { webSocket, send: (bytes) => socket?.write(Uint8Array.from(bytes)), received: () => received };
}

/** A frame's first byte and payload; as a client sends it with a key of zeros. */
function frame(firstByte: number, payload: number[], isMasked: boolean): number[] {
  return [...wire({ ...fromFirstByte(firstByte), payload, masked: isMasked, maskingKey: [0, 0, 0, 0] })];
}

type Case = [what: string, code: string, closeCode: number, bytes: (isMasked: boolean) => number[]];
const CASES: Case[] = [
  ['RSV1', 'WS_ERR_UNEXPECTED_RSV_1', 1002, (m) => frame(0xc1, [], m)],
  ['RSV2', 'WS_ERR_UNEXPECTED_RSV_2_3', 1002, (m) => frame(0xa1, [], m)],
  ['RSV3', 'WS_ERR_UNEXPECTED_RSV_2_3', 1002, (m) => frame(0x91, [], m)],
  ['an opcode that is reserved', 'WS_ERR_INVALID_OPCODE', 1002, (m) => frame(0x83, [], m)],
  ['a continuation of nothing', 'WS_ERR_INVALID_OPCODE', 1002, (m) => frame(0x80, [], m)],
  ['a message within a message', 'WS_ERR_INVALID_OPCODE', 1002, (m) => [...frame(0x01, [], m), ...frame(0x81, [], m)]],
  ['a ping in fragments', 'WS_ERR_EXPECTED_FIN', 1002, (m) => frame(0x09, [], m)],
  ['a frame with the other role’s mask', 'MASK', 1002, (m) => frame(0x81, [0x61], !m)],
  ['a control frame of 126', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002, (m) => [0x89, m ? 0xfe : 0x7e, 0, 126]],
  ['a Close frame of one byte', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002, (m) => frame(0x88, [3], m)],
  ['a close code that may not be', 'WS_ERR_INVALID_CLOSE_CODE', 1002, (m) => frame(0x88, [3, 0xed], m)],
  ['a text that is not UTF-8', 'WS_ERR_INVALID_UTF8', 1007, (m) => frame(0x81, [0xc3, 0x28], m)],
  ['a reason that is not UTF-8', 'WS_ERR_INVALID_UTF8', 1007, (m) => frame(0x88, [3, 0xe8, 0xff], m)],
  [
    'a message over the limit',
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    1009,
    (m) => [0x82, m ? 0xfe : 0x7e, 4, 0, 1, 2, 3, 4],
  ],
];

describe.each(IMPLEMENTATIONS)('%s', (_name, api) => {
  describe.each([
    ['server', serverUnderTest, true],
    ['client', clientUnderTest, false],
  ] as const)('%s', (_role, start, isMasked) => {
    test.each(CASES)('%s', async (_what, code, closeCode, bytes) => {
      const { webSocket, send, received } = await start(api);
      const events = record(webSocket, ['message', 'error', 'close']);
      const states: number[] = [];
      webSocket.on('error', () => states.push(webSocket.readyState));
      // The first byte alone: what is wrong with it must show all the same.
      const [first, ...rest] = bytes(isMasked);
      send([...frame(0x81, [0x6f, 0x6b], isMasked), first!]);
      await expect.poll(() => events.length).toBe(1);
      send(rest);
      await expect.poll(() => events.length).toBe(3);
      const expected = code === 'MASK' ? (isMasked ? 'WS_ERR_EXPECTED_MASK' : 'WS_ERR_UNEXPECTED_MASK') : code;
      expect(events).toEqual([
        ['message', Buffer.from('ok'), false],
        ['error', expect.objectContaining({ code: expected })],
        ['close', 1006, Buffer.alloc(0)],
      ]);
      expect(states).toEqual([webSocket.CLOSING]);
      const close = Buffer.from(received());
      const payload = isMasked ? close.subarray(2) : close.subarray(6).map((byte, i) => byte ^ close[2 + (i % 4)]!);
      expect([close[0], Buffer.from(payload).readUInt16BE()]).toEqual([0x88, closeCode]);
      if (isOurs(api))
        expect(events[1]?.[1]).toMatchObject({ closeCode, cause: { code: expect.stringMatching(/^WSIMD_/) } });
    });
  });
});

describe.each(IMPLEMENTATIONS.filter(([, api]) => isOurs(api)))('ours: %s', (_name, api) => {
  test.each<[string, number[], string]>([
    [
      'a length of 64 bits with its top bit',
      [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    ],
    ['a length that is not in its shortest form', [0x82, 0xfe, 0, 5, 1, 2, 3, 4], 'WSIMD_LENGTH_NOT_MINIMAL'],
  ])('%s', async (_what, bytes, code) => {
    const { webSocket, send } = await serverUnderTest(api);
    const error = next<[{ code: string }]>(webSocket, 'error');
    send(bytes);
    expect((await error)[0].code).toBe(code);
  });

  test('nobody listens for errors: the connection ends, and nothing is thrown', async () => {
    const { webSocket, send } = await serverUnderTest(api);
    const closed = next(webSocket, 'close');
    send([0xff, 0xff]);
    expect(await closed).toEqual([1006, Buffer.alloc(0)]);
  });
});
