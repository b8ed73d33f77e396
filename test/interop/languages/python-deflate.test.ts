// permessage-deflate with the WebSocket libraries of Python, in every combination of the four parameters that each can be made
// to offer or to answer, against both of our kernels. CANNOT lists the combinations that a library cannot have, with the reason.

import { expect, test } from 'vitest';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { next } from '../../support/servers/servers.js';
import { offers, openAndEcho } from '../ours/client.js';
import { ALL_RIGHT, answers, expectedAnswer, expectSameParameters } from '../ours/expectations.js';
import { startOurServer } from '../ours/server.js';
import { writeAgreements } from '../results.js';
import { type PythonPeer, pythonVersion, runPythonClient, startPythonServer } from './python.js';

/** What no test tries, and why. */
const CANNOT = {
  'a window of 8 bits that Python deflates with':
    'zlib refuses raw deflate with 8 bits: "Invalid initialization option"',
  'a window of 8 bits that aiohttp or Autobahn hears of': 'they take 9 to 15 only, and decline the offer or fail',
  'client_max_window_bits without a value in an answer': 'RFC 7692, section 7.1.2.2: an answer has a value',
  'client_max_window_bits in an answer of Tornado or aiohttp': 'their servers never ask for it',
  'offers of Tornado other than client_max_window_bits': 'its client offers just that',
  'client_no_context_takeover or server_no_context_takeover in an offer of aiohttp':
    'its client has no option for them',
  'server_max_window_bits=15 in an offer of aiohttp, client_max_window_bits absent or with a value': 'the same',
  'client_max_window_bits with a value in an offer of Autobahn': 'its client offers it without one, or not at all',
  'a ping between fragments of a compressed message, sent to Tornado or aiohttp':
    'their decoders take the flag RSV1 of the ping for that of the message, and fail',
  'server_no_context_takeover or client_no_context_takeover, said to Tornado':
    'it drops parameters without a value: its server does not repeat the one, its client does not heed the other',
  'a window or a context of its own that Autobahn’s server was not asked for': 'it keeps to it, and does not say so',
} as const;
const CONFUSED_BY_PING: readonly PythonPeer[] = ['tornado', 'aiohttp'];

const LENGTH = 20_000;
const FROM_9 = [9, 10, 11, 12, 13, 14, 15] as const;
const FROM_8 = [8, ...FROM_9] as const;
const closes = ALL_RIGHT.closes.map(([closeCode, reason]) => [closeCode, reason]);

/** Every choice of one value for each name; `undefined` leaves the name out. */
function* product(names: Readonly<Record<string, readonly unknown[]>>): Generator<Record<string, unknown>> {
  const [[name, values], ...others] = Object.entries(names) as [[string, readonly unknown[]], ...[string, unknown[]][]];
  const rest = others.length === 0 ? [{}] : [...product(Object.fromEntries(others))];
  for (const value of values) {
    for (const other of rest) yield value === undefined ? { ...other } : { [name]: value, ...other };
  }
}

/** What each client can be made to offer, in the words of its library. */
const OFFERED: Readonly<Record<PythonPeer, readonly unknown[]>> = {
  websockets: [
    ...product({
      server_no_context_takeover: [false, true],
      client_no_context_takeover: [false, true],
      server_max_window_bits: [undefined, ...FROM_8],
      client_max_window_bits: [null, true, ...FROM_9],
    }),
  ],
  autobahn: [
    ...product({
      accept_no_context_takeover: [false, true],
      accept_max_window_bits: [false, true],
      request_no_context_takeover: [false, true],
      request_max_window_bits: [0, ...FROM_9],
    }),
  ],
  aiohttp: FROM_9,
  tornado: [{}],
};

/** What each server can be made to answer, by the RFC's names; `told` is the same in the words of its library. */
interface ServerParameters {
  readonly server_no_context_takeover?: boolean;
  readonly client_no_context_takeover?: boolean;
  readonly server_max_window_bits?: number;
  readonly client_max_window_bits?: number;
}
const ANSWERED: Readonly<Record<PythonPeer, readonly ServerParameters[]>> = {
  websockets: [
    ...product({
      server_no_context_takeover: [false, true],
      client_no_context_takeover: [false, true],
      server_max_window_bits: [undefined, ...FROM_9],
      client_max_window_bits: [undefined, ...FROM_8],
    }),
  ],
  autobahn: [
    ...product({
      server_no_context_takeover: [false, true],
      client_no_context_takeover: [false, true],
      server_max_window_bits: [undefined, ...FROM_9],
      client_max_window_bits: [undefined, ...FROM_9],
    }),
  ],
  // Both take what is offered: as often as there are offers.
  aiohttp: Array.from(offers(), () => ({})),
  tornado: Array.from(offers(), () => ({})),
};

function told(peer: PythonPeer, parameters: ServerParameters): string {
  if (peer !== 'autobahn') return JSON.stringify(parameters);
  return JSON.stringify({
    no_context_takeover: parameters.server_no_context_takeover || null,
    window_bits: parameters.server_max_window_bits ?? null,
    request_no_context_takeover: parameters.client_no_context_takeover,
    request_max_window_bits: parameters.client_max_window_bits ?? 0,
  });
}

test('what cannot be tried is named', () => {
  for (const reason of Object.values(CANNOT)) expect(reason).not.toBe('');
});

for (const peer of ['websockets', 'autobahn', 'aiohttp', 'tornado'] as const) {
  describeWith(`python3-${peer} with permessage-deflate`, pythonVersion(peer) !== undefined, () => {
    test.each(DEFLATE_KERNELS)('its client against our server, %s kernel', { timeout: 300_000 }, async (kernel) => {
      const wishes = [...answers()].filter(
        ({ inflateWindowBits, deflateWindowBits, inflateTakeover }) =>
          inflateWindowBits! > 8 &&
          !(peer === 'autobahn' && deflateWindowBits === 8) &&
          !(peer === 'tornado' && !inflateTakeover),
      );
      const deflates = wishes.map((wish) => new PerMessageDeflate({ kernel, ...wish }));
      const server = await startOurServer(deflates.map((perMessageDeflate) => ({ kernel, perMessageDeflate })));
      // Each offer meets one of our answers; few offers meet all of them.
      const length = Math.max(OFFERED[peer].length, wishes.length);
      const plans = Array.from({ length }, (_, i) => ({
        url: server.url((i + Math.floor(i / wishes.length)) % wishes.length),
        length: LENGTH,
        deflate: OFFERED[peer][i % OFFERED[peer].length],
        fragments: CONFUSED_BY_PING.includes(peer) ? ('!fragments-alone' as const) : ('!fragments' as const),
      }));
      const tried = await runPythonClient(peer, plans);
      const { fragments } = ALL_RIGHT;
      expect(tried.map(({ wrong, closes, fragments }) => ({ wrong, closes, fragments }))).toEqual(
        plans.map(() => ({ wrong: [], closes, fragments })),
      );
      const seen = await server.take();
      expect(seen.length).toBe(2 * plans.length);
      for (const { variant, offered, agreed } of seen) {
        expectSameParameters(agreed, expectedAnswer(offered, wishes[variant]!));
      }
      expect(deflates.map(({ poolUse }) => poolUse.contexts)).toEqual(deflates.map(() => 0));
      expect(deflates.map(({ kernelName }) => kernelName)).toEqual(deflates.map(() => kernel));
      writeAgreements(peer, 'client', new Set(seen.map(({ agreed }) => agreed)).size);
      await server.stop();
    });

    test.each(DEFLATE_KERNELS)('our client against its server, %s kernel', { timeout: 300_000 }, async (kernel) => {
      const wishes = [...offers()].filter(
        ({ inflateWindowBits, inflateTakeover }) =>
          inflateWindowBits !== 8 && !(peer === 'tornado' && !inflateTakeover),
      );
      const deflates = wishes.map((wish) => new PerMessageDeflate({ kernel, ...wish }));
      const server = await startPythonServer(peer);
      const agreed = new Set<string>();
      try {
        for (const [turn, parameters] of ANSWERED[peer].entries()) {
          const index = (turn + Math.floor(turn / wishes.length)) % wishes.length;
          const [wish, deflate] = [wishes[index]!, deflates[index]!];
          const asked = wish.inflateWindowBits ?? 15;
          const own = Math.min(parameters.server_max_window_bits ?? 15, asked);
          // Autobahn has to be told no more than was offered; the others see to that.
          const bits = parameters.server_max_window_bits === undefined ? {} : { server_max_window_bits: own };
          const headers = { 'X-Deflate': told(peer, { ...parameters, ...bits }) };
          const webSocket = await openAndEcho(
            `ws://127.0.0.1:${server.port}/`,
            { kernel, perMessageDeflate: deflate, headers },
            LENGTH,
          );
          const { extensions } = webSocket;
          agreed.add(extensions);
          const has = (name: string) => extensions.includes(name);
          expect(extensions).toMatch(/^permessage-deflate/);
          const isSilent = peer === 'autobahn';
          const isTold = parameters.server_no_context_takeover === true && !isSilent;
          const isServerFresh = isTold || !wish.inflateTakeover;
          const serverBits = isSilent ? asked : own;
          expect([extensions, has('server_no_context_takeover')]).toEqual([extensions, isServerFresh]);
          if (parameters.client_no_context_takeover) expect(extensions).toContain('client_no_context_takeover');
          if (serverBits < 15) expect(extensions).toContain(`server_max_window_bits=${serverBits}`);
          const clientBits = parameters.client_max_window_bits;
          if (clientBits !== undefined) expect(extensions).toContain(`client_max_window_bits=${clientBits}`);
          const closed = next(webSocket, 'close');
          webSocket.close(1000);
          await closed;
          expect(deflate.poolUse.contexts).toBe(0);
          if (turn < wishes.length) expect(deflate.kernelName).toBe(kernel);
        }
      } finally {
        server.stop();
      }
      writeAgreements(peer, 'server', agreed.size);
    });
  });
}
