// Texts and names of errors, which programs match: the same as those of `ws`, with our code beside them.

import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../../../src/index.js';
import { WebSocketError } from '../../../../src/node/index.js';
import { fromFirstByte, wire } from '../../../support/frames/wire.js';
import { type Api, IMPLEMENTATIONS, isOurs, listen, openPair } from '../../../support/peers/implementations.js';
import { RawClient, requestHead } from '../../../support/peers/raw-client.js';
import { next } from '../../../support/servers/servers.js';
import { startAnswering, switching } from '../../../support/servers/tcp.js';

const [[, ws], [, ours]] = IMPLEMENTATIONS as [[string, Api], [string, Api]];

interface Told {
  readonly name: string;
  readonly message: string;
}

function told(error: unknown): Told {
  const { name, message } = error as Error;
  return { name, message };
}

function thrown(call: () => unknown): Told {
  try {
    call();
  } catch (error) {
    return told(error);
  }
  throw new Error('it did not throw');
}

describe('of the constructors', () => {
  const CALLS: [string, (api: Api) => unknown][] = [
    ['no source of requests', ({ WebSocketServer }) => new WebSocketServer({})],
    ['two of them', ({ WebSocketServer }) => new WebSocketServer({ port: 0, noServer: true })],
    ['no URL', ({ WebSocket }) => new WebSocket('nonsense')],
    ['another scheme', ({ WebSocket }) => new WebSocket('ftp://127.0.0.1')],
    ['a fragment', ({ WebSocket }) => new WebSocket('ws://127.0.0.1/#x')],
    ['no path of a socket', ({ WebSocket }) => new WebSocket('ws+unix:')],
    ['a subprotocol twice', ({ WebSocket }) => new WebSocket('ws://127.0.0.1:1', ['a', 'a'])],
    ['null for subprotocols', ({ WebSocket }) => new WebSocket('ws://127.0.0.1:1', null as never)],
    ['address() without a server', ({ WebSocketServer }) => new WebSocketServer({ noServer: true }).address()],
  ];
  test.each(CALLS)('%s', (_what, call) => {
    expect(thrown(() => call(ours))).toEqual(thrown(() => call(ws)));
  });
});

test('of an open connection, and of one that is not open', async () => {
  const all = await Promise.all(
    [ws, ours].map(async (api) => {
      const { client, url } = await openPair({ server: api, client: api });
      const connecting = new api.WebSocket(url);
      connecting.on('error', () => {});
      const calls = [
        () => connecting.send('x'),
        () => connecting.ping(),
        () => connecting.pong(),
        () => client.close(999),
        () => client.close(1000, 'x'.repeat(124)),
        () => client.close(1000, new Uint16Array(1) as never),
        () => client.ping('x'.repeat(126)),
        () => client.pong(Buffer.alloc(126)),
      ];
      const errors = calls.map(thrown);
      connecting.terminate();
      client.close();
      const late = await new Promise((resolve) => client.send('late', resolve));
      return [...errors, told(late)];
    }),
  );
  expect(all[1]).toEqual(all[0]);
  expect(all[1]![0]).toEqual({ name: 'Error', message: 'WebSocket is not open: readyState 0 (CONNECTING)' });
});

test('our class and code are there too', async () => {
  const { client } = await openPair({ server: ours, client: ours });
  client.close();
  const late = await new Promise((resolve) => client.send('late', resolve));
  expect(late).toBeInstanceOf(ProtocolError);
  expect(late).toMatchObject({ code: 'WSIMD_NOT_OPEN', detail: 'readyState 2 (CLOSING)' });
  expect(String((late as Error).stack)).toContain('WebSocket is not open: readyState 2 (CLOSING)');
});

describe('of a handshake that fails', () => {
  const ANSWERS: [string, (socket: Socket, accept: string) => void, string?][] = [
    ['another status', (socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')],
    ['a wrong accept key', (socket) => socket.write(switching('nonsense'))],
    ['a subprotocol', (socket, accept) => socket.write(switching(accept, 'Sec-WebSocket-Protocol: a\r\n'))],
    ['another one', (socket, accept) => socket.write(switching(accept, 'Sec-WebSocket-Protocol: a\r\n')), 'b'],
    ['none', (socket, accept) => socket.write(switching(accept)), 'b'],
    ['an extension', (socket, accept) => socket.write(switching(accept, 'Sec-WebSocket-Extensions: x\r\n'))],
    ['a malformed one', (socket, accept) => socket.write(switching(accept, 'Sec-WebSocket-Extensions: ;\r\n'))],
  ];
  test.each(ANSWERS)('%s', async (_what, answer, protocol) => {
    const url = await startAnswering((socket, { accept }) => answer(socket, accept));
    const errors = await Promise.all(
      [ws, ours].map(async ({ WebSocket }) => {
        const client = new WebSocket(url, protocol === undefined ? [] : [protocol]);
        return told((await next<[Error]>(client, 'error'))[0]);
      }),
    );
    expect(errors[1]).toEqual(errors[0]);
  });

  test('by us: a timeout, too many redirects, a close', async () => {
    const silent = await startAnswering(() => {});
    const circular = await startAnswering((socket) =>
      socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\n\r\n'),
    );
    const errors = await Promise.all(
      [ws, ours].map(async ({ WebSocket }) => {
        const clients = [
          new WebSocket(silent, { handshakeTimeout: 30 }),
          new WebSocket(circular, { followRedirects: true, maxRedirects: 1 }),
          new WebSocket(silent),
        ];
        const all = Promise.all(clients.map(async (client) => told((await next<[Error]>(client, 'error'))[0])));
        clients[2]!.close();
        return all;
      }),
    );
    expect(errors[1]).toEqual(errors[0]);
  });
});

describe('of frames that break a rule', () => {
  const FRAMES: [string, number[]][] = [
    ['RSV1', [0xc1, 0x80, 0, 0, 0, 0]],
    ['RSV2', [0xa1, 0x80, 0, 0, 0, 0]],
    ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0]],
    ['a ping in fragments', [0x09, 0x80, 0, 0, 0, 0]],
    ['no mask', [0x81, 0x00]],
    ['a Close frame of one byte', [0x88, 0x81, 0, 0, 0, 0, 3]],
    [
      'invalid UTF-8',
      [...wire({ ...fromFirstByte(0x81), payload: [0xc3, 0x28], masked: true, maskingKey: [0, 0, 0, 0] })],
    ],
    ['a message that is too long', [0x82, 0xfe, 0x10, 0x00, 0, 0, 0, 0]],
  ];
  test.each(FRAMES)('%s', async (_what, bytes) => {
    const errors = await Promise.all(
      [ws, ours].map(async (api) => {
        const { server, port } = await listen(api, { maxPayload: 1000 });
        const connection = next<[InstanceType<Api['WebSocket']>]>(server, 'connection');
        const raw = new RawClient(port);
        raw.send(requestHead(port));
        const [webSocket] = await connection;
        const error = next<[Error]>(webSocket, 'error');
        raw.send(Uint8Array.from(bytes));
        const [seen] = await error;
        if (isOurs(api)) expect(seen).toBeInstanceOf(WebSocketError);
        return told(seen);
      }),
    );
    expect(errors[1]).toEqual(errors[0]);
  });
});
