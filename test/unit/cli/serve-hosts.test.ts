// Which requests `wsimd serve` answers, as a program: a page of another site may have its own name for this server (DNS rebinding),
// or ask from elsewhere.

import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serve, startServe } from '../../support/servers/serve.js';

interface Asked {
  readonly host: string | readonly string[];
  readonly origin?: string;
  readonly address?: string;
}

const UPGRADE = [
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Connection: Upgrade',
];

/** The answer's head, and what follows it. */
async function ask(serve: Serve, target: string, { host, origin, address }: Asked, upgrade = false) {
  const socket = connect(serve.port, address ?? '127.0.0.1');
  const hosts = typeof host === 'string' ? [host] : host;
  const lines = [
    `GET ${target} HTTP/1.1`,
    ...hosts.map((one) => `Host: ${one.replace('PORT', String(serve.port))}`),
    ...(origin === undefined ? [] : [`Origin: ${origin.replace('PORT', String(serve.port))}`]),
    ...(upgrade ? UPGRADE : ['Connection: close']),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  socket.setEncoding('latin1');
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.startsWith('HTTP/1.1 101 ')) break;
  }
  return text;
}

/** Everything that is served: pages, their modules, what is not there, and the endpoints, with an upgrade and without. */
async function statusesOf(serve: Serve, asked: Asked): Promise<string[]> {
  const answers = [
    await ask(serve, '/', asked),
    await ask(serve, '/src/index.js', asked),
    await ask(serve, '/nothing', asked),
    await ask(serve, '/echo', asked),
    await ask(serve, '/echo', asked, true),
    await ask(serve, '/tap', asked, true),
    await ask(serve, '/nothing', asked, true),
  ];
  return answers.map((answer) => answer.split(' ', 2)[1]!);
}

const ANSWERED = ['200', '200', '404', '426', '101', '101', '404'];
const all = (status: string) => ANSWERED.map(() => status);

describe('on the loopback address', () => {
  let serve: Serve;
  beforeAll(async () => {
    serve = await startServe();
  });
  afterAll(async () => {
    await serve.stop();
  });

  it.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', 'app.localhost:PORT', '127.1.2.3:PORT', '[::1]:PORT'])(
    'answers Host %s',
    async (host) => {
      expect(await statusesOf(serve, { host })).toEqual(ANSWERED);
      expect(await statusesOf(serve, { host, origin: `http://${host}` })).toEqual(ANSWERED);
    },
  );

  it.each([
    'evil.example:PORT',
    'evil.example',
    'localhost',
    'localhost:1',
    '127.0.0.1.evil.example:PORT',
    'localhost.evil.example:PORT',
    'notlocalhost:PORT',
    'localhost:PORT.evil.example',
    'evil.example#localhost:PORT',
    'evil.example@localhost:PORT',
    '192.168.1.7:PORT',
    '[::2]:PORT',
    '',
  ])('answers 421 to Host %s', async (host) => {
    expect(await statusesOf(serve, { host })).toEqual(all('421'));
    expect(await statusesOf(serve, { host, origin: `http://${host}` })).toEqual(all('421'));
  });

  it('says how to allow a host', async () => {
    for (const isUpgrade of [false, true]) {
      const answer = await ask(serve, '/echo', { host: 'dev.example:1' }, isUpgrade);
      expect(answer).toMatch(/^HTTP\/1\.1 421 Misdirected Request\r\n/);
      expect(answer).toContain('\r\nContent-Type: text/plain; charset=utf-8\r\n');
      expect(answer).toMatch(/"dev\.example:1"\. To allow them, start it with --allow-host dev\.example:1\n/);
    }
  });

  it('answers neither two Hosts nor none', async () => {
    const host = ['localhost:PORT', 'evil.example'];
    for (const hosts of [host, host.toReversed()]) {
      expect(await statusesOf(serve, { host: hosts })).not.toContain('200');
      expect(await statusesOf(serve, { host: hosts })).not.toContain('101');
    }
    // Of what is no upgrade, Node has refused it before.
    expect(new Set(await statusesOf(serve, { host: [] }))).toEqual(new Set(['400', '421']));
  });

  it.each([
    'http://evil.example',
    'http://localhost:1',
    'https://localhost',
    'null',
    'file://',
    'http://localhost:PORT/x',
  ])('answers 403 to pages of %s', async (origin) => {
    expect(await statusesOf(serve, { host: 'localhost:PORT', origin })).toEqual(all('403'));
    expect(await ask(serve, '/echo', { host: 'localhost:PORT', origin }, true)).toContain('pages of other origins.\n');
  });

  it('one loopback name is another origin to the other', async () => {
    const asked = { host: '127.0.0.1:PORT', origin: 'http://localhost:PORT' };
    expect(await statusesOf(serve, asked)).toEqual(all('403'));
  });
});

describe('elsewhere', () => {
  async function withServe(args: readonly string[], test: (serve: Serve) => Promise<void>): Promise<void> {
    const serve = await startServe(...args);
    try {
      await test(serve);
    } finally {
      await serve.stop();
    }
  }

  it('on ::1 answers to it, in any spelling, and to loopback names', () =>
    withServe(['--host', '::1'], async (serve) => {
      for (const host of ['[::1]:PORT', '[0:0:0:0:0:0:0:1]:PORT', 'localhost:PORT']) {
        expect(await statusesOf(serve, { host, address: '::1' })).toEqual(ANSWERED);
      }
      expect(await statusesOf(serve, { host: '[::2]:PORT', address: '::1' })).toEqual(all('421'));
    }));

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  it.skipIf(outside === undefined).each(['0.0.0.0', '::'])(
    'on %s answers to the address that was reached',
    (wildcard) =>
      withServe(['--host', wildcard], async (serve) => {
        expect(await statusesOf(serve, { host: `${outside}:PORT`, address: outside! })).toEqual(ANSWERED);
        expect(await statusesOf(serve, { host: '127.0.0.1:PORT' })).toEqual(ANSWERED);
        expect(await statusesOf(serve, { host: '192.0.2.1:PORT', address: outside! })).toEqual(all('421'));
        expect(await statusesOf(serve, { host: `${outside}:PORT` })).toEqual(all('421'));
      }),
  );

  it('on a name answers to that name', () =>
    withServe(['--host', 'localhost'], async (serve) => {
      expect(await statusesOf(serve, { host: 'localhost:PORT', address: 'localhost' })).toEqual(ANSWERED);
      expect(await statusesOf(serve, { host: 'evil.example:PORT', address: 'localhost' })).toEqual(all('421'));
    }));

  it('answers to the hosts that are allowed, with any port or with theirs', () =>
    withServe(['--allow-host', 'Dev.Example', '--allow-host', 'b.example:8443'], async (serve) => {
      for (const [host, origin] of [
        ['dev.example', 'https://dev.example'],
        ['dev.example:99', 'http://DEV.example:99'],
        ['b.example:8443', 'https://b.example:8443'],
        ['localhost:PORT', 'http://localhost:PORT'],
      ] as const) {
        expect(await statusesOf(serve, { host, origin })).toEqual(ANSWERED);
      }
      for (const host of ['b.example', 'b.example:PORT', 'a.dev.example', 'dev.example.evil']) {
        expect(await statusesOf(serve, { host })).toEqual(all('421'));
      }
      expect(await statusesOf(serve, { host: 'dev.example', origin: 'https://b.example:8443' })).toEqual(all('403'));
    }));
});
