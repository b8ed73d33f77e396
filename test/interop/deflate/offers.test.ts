// Several offers of permessage-deflate in one request, the first of which a server cannot take: what cases 13.* of Autobahn mean.
// By raw heads, by the client of `ws`, and by Autobahn's own.

import { inflateRawSync, constants as zlib } from 'node:zlib';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { RawClient, requestHead } from '../../support/peers/raw-client.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { next, startServer } from '../../support/servers/servers.js';
import { pythonVersion, runPythonClient } from '../languages/python.js';
import { ALL_RIGHT } from '../ours/expectations.js';
import { startOurServer } from '../ours/server.js';

const GOOD = 'permessage-deflate; client_max_window_bits';

/** What is declined (RFC 7692, section 7.1), each for one reason. */
const UNACCEPTABLE = [
  'permessage-bzip2',
  'x-webkit-deflate-frame',
  'permessage-deflate; unknown_parameter',
  'permessage-deflate; server_no_context_takeover=1',
  'permessage-deflate; client_no_context_takeover=yes',
  'permessage-deflate; server_max_window_bits',
  'permessage-deflate; server_max_window_bits=7',
  'permessage-deflate; server_max_window_bits=16',
  'permessage-deflate; server_max_window_bits=010',
  'permessage-deflate; client_max_window_bits=7',
  'permessage-deflate; client_max_window_bits=16',
  'permessage-deflate; client_max_window_bits=ten',
  'permessage-deflate; server_max_window_bits=10; server_max_window_bits=10',
  'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
] as const;

/** The offers, and what has to be answered: the first that can be is, with nothing of the others. */
const FALLBACKS: readonly (readonly [offers: string, answer: string])[] = [
  [UNACCEPTABLE.join(', '), ''],
  ...UNACCEPTABLE.map((bad) => [bad, ''] as const),
  ...UNACCEPTABLE.map((bad) => [`${bad}, ${GOOD}`, 'permessage-deflate; client_max_window_bits=12'] as const),
  [`${UNACCEPTABLE.join(', ')}, permessage-deflate`, 'permessage-deflate'],
  // Three offers, of which the last, the second, the first can be taken.
  [
    'permessage-deflate; server_max_window_bits=7, permessage-deflate; what, permessage-deflate; server_max_window_bits=9',
    'permessage-deflate; server_max_window_bits=9',
  ],
  [
    'permessage-deflate; what, permessage-deflate; server_no_context_takeover, permessage-deflate',
    'permessage-deflate; server_no_context_takeover',
  ],
  [
    'permessage-deflate; client_max_window_bits=10, permessage-deflate; client_max_window_bits, permessage-deflate',
    'permessage-deflate; client_max_window_bits=10',
  ],
];

test.each(FALLBACKS)('raw: %s', async (offers, answer) => {
  const running = await startServer({ perMessageDeflate: { threshold: 0 } });
  const client = new RawClient(running.port);
  client.send(requestHead(running.port, { lines: [`Sec-WebSocket-Extensions: ${offers}`] }));
  const head = await client.takeHead();
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  const answered = /^sec-websocket-extensions: *(.*?)\r$/im.exec(head)?.[1] ?? '';
  expect(answered.split('; ').sort()).toEqual(answer.split('; ').sort());
  // Under a key of zeros; what comes back is compressed if that was agreed on.
  const text = 'Hello '.repeat(20);
  client.send(Uint8Array.of(0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)));
  const [first, length] = await client.take(2);
  const payload = await client.take(length!);
  expect(first).toBe(answer === '' ? 0x81 : 0xc1);
  const inflate = (bytes: Buffer) =>
    inflateRawSync(Buffer.concat([bytes, Buffer.of(0, 0, 0xff, 0xff)]), { finishFlush: zlib.Z_SYNC_FLUSH });
  expect(String(answer === '' ? payload : inflate(payload))).toBe(text);
  client.socket.destroy();
  await running.stop();
});

test.each(FALLBACKS.filter(([, answer]) => answer !== ''))('the client of ws: %s', async (offers, answer) => {
  const running = await startServer({ perMessageDeflate: { threshold: 0 } });
  const client = new ws.WebSocket(running.url, {
    perMessageDeflate: { threshold: 0 },
    finishRequest: (request) => {
      request.setHeader('Sec-WebSocket-Extensions', offers);
      request.end();
    },
  });
  await next(client, 'open');
  expect(client.extensions).toBe('permessage-deflate');
  for (const message of ['Hello', 'Hello', '漢字🎉'.repeat(5000)]) {
    const echo = next<[Buffer]>(client, 'message');
    client.send(message);
    expect(String((await echo)[0])).toBe(message);
  }
  const [connection] = running.server.clients;
  expect(connection!.extensions.split('; ').sort()).toEqual(answer.split('; ').sort());
  client.terminate();
  await running.stop();
});

/** As case 13.x offers them: whether the server is to forget, and its window. */
const AUTOBAHN_CASES: readonly (readonly [
  id: string,
  offers: readonly (readonly [boolean, number])[],
  answer: string,
])[] = [
  ['13.1', [[false, 0]], 'permessage-deflate'],
  ['13.2', [[true, 0]], 'permessage-deflate; server_no_context_takeover'],
  ['13.3', [[false, 9]], 'permessage-deflate; server_max_window_bits=9'],
  ['13.4', [[false, 15]], 'permessage-deflate; server_max_window_bits=12'],
  ['13.5', [[true, 9]], 'permessage-deflate; server_no_context_takeover; server_max_window_bits=9'],
  ['13.6', [[true, 15]], 'permessage-deflate; server_no_context_takeover; server_max_window_bits=12'],
  [
    '13.7',
    [
      [true, 9],
      [true, 0],
      [false, 0],
    ],
    'permessage-deflate; server_no_context_takeover; server_max_window_bits=9',
  ],
];

describeWith('python3-autobahn, the offers of its cases', pythonVersion('autobahn') !== undefined, () => {
  test.each(AUTOBAHN_CASES)('%s', async (_id, offers, answer) => {
    const server = await startOurServer([{ perMessageDeflate: { threshold: 0 } }]);
    const deflate = offers.map(([request_no_context_takeover, request_max_window_bits]) => ({
      ...{ accept_no_context_takeover: true, accept_max_window_bits: true },
      ...{ request_no_context_takeover, request_max_window_bits },
    }));
    const [tried] = await runPythonClient('autobahn', [{ url: server.url(), length: 50_000, deflate }]);
    expect([tried!.wrong, tried!.fragments]).toEqual([[], ALL_RIGHT.fragments]);
    const [seen] = await server.take();
    expect(seen!.offered.split(',').length).toBe(offers.length);
    const asked = `${answer}; client_no_context_takeover; client_max_window_bits=12`;
    expect(seen!.agreed.split('; ').sort()).toEqual(asked.split('; ').sort());
    await server.stop();
  });
});
