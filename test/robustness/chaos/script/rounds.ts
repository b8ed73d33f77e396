// What happens in one round, made from its seed alone: both processes make it for themselves.

import type { ClientOptions, WebSocketServerOptions } from '../../../../src/node/index.js';
import { makeScript, type Script } from './actions.js';
import { Dice } from './dice.js';

export const TRANSPORTS = ['tcp', 'tls', 'http2'] as const;
export type Transport = (typeof TRANSPORTS)[number];
/** Whose server it is; with `oracle` the clients too are those of `ws`, or raw: then a fault is one of this test. */
export type Implementation = 'wsimd' | 'ws' | 'oracle';

export interface ConnectionPlan {
  readonly client: 'wsimd' | 'ws' | 'raw';
  readonly clientOptions: ClientOptions;
  /** A raw client offers permessage-deflate. */
  readonly offersDeflate: boolean;
  readonly clientScript: Script;
  readonly serverScript: Script;
  /** How the client leaves while it still connects, if it does, and after how many milliseconds. */
  readonly early: { readonly how: 'terminate' | 'reset'; readonly milliseconds: number } | undefined;
  /** A type that the server asks for as soon as there is a connection. */
  readonly serverBinaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';
}

export interface RoundPlan {
  readonly seed: number;
  /** Which of the servers. */
  readonly server: number;
  readonly connections: readonly ConnectionPlan[];
  /** The HTTP/2 session is destroyed after so many milliseconds. */
  readonly sessionCut: number | undefined;
}

type Options = Omit<WebSocketServerOptions, 'server' | 'port' | 'noServer'>;

/** Milliseconds: a connection whose peer does not answer ends within them, and no peer of the test is ever that slow. */
const CLOSE_TIMEOUT = 15_000;
const WITHOUT_TAKEOVER = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** The options of the servers: each listens on a port of its own. `ws` knows those that are its own. */
export const SERVERS: readonly Options[] = [
  {},
  { perMessageDeflate: true },
  { perMessageDeflate: { ...WITHOUT_TAKEOVER, threshold: 0 } },
  { textAs: 'string', directReads: false },
  { allowSynchronousEvents: false, perMessageDeflate: { threshold: 64 } },
  { autoPong: false, textAs: 'string', perMessageDeflate: { serverMaxWindowBits: 10 } },
  { kernel: 'portable', perMessageDeflate: true },
  { directReads: false, allowSynchronousEvents: false },
].map((options) => ({ closeTimeout: CLOSE_TIMEOUT, ...options }) as Options);

export function makeRound(seed: number, transport: Transport, implementation: Implementation): RoundPlan {
  const dice = new Dice(seed);
  const count = dice.between(1, 4);
  const server = dice.below(SERVERS.length);
  const sessionCut = dice.chance(0.04) ? dice.between(1, 60) : undefined;
  // `ws` has no HTTP/2.
  const weights = { wsimd: implementation === 'oracle' ? 0 : 50, ws: transport === 'http2' ? 0 : 25, raw: 25 };
  const connections = Array.from({ length: count }, () => makeConnection(new Dice(dice.seed()), weights));
  return { seed, server, connections, sessionCut: transport === 'http2' ? sessionCut : undefined };
}

function makeConnection(dice: Dice, weights: Record<ConnectionPlan['client'], number>): ConnectionPlan {
  const client = dice.weighted(weights);
  return {
    client,
    clientOptions: makeClientOptions(dice),
    offersDeflate: dice.chance(0.5),
    clientScript: makeScript(dice, client === 'raw'),
    serverScript: makeScript(dice, false),
    early:
      client !== 'raw' && dice.chance(0.06)
        ? { how: dice.pick(['terminate', 'reset'] as const), milliseconds: dice.pick([0, 1, 2, 4]) }
        : undefined,
    serverBinaryType: dice.pick(['nodebuffer', 'nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const),
  };
}

function makeClientOptions(dice: Dice): ClientOptions {
  const perMessageDeflate = dice.pick([false, true, true, WITHOUT_TAKEOVER, { threshold: 0 }] as const);
  return {
    perMessageDeflate,
    closeTimeout: CLOSE_TIMEOUT,
    allowSynchronousEvents: dice.chance(0.8),
    autoPong: dice.chance(0.8),
    directReads: dice.chance(0.7),
    textAs: dice.pick(['buffer', 'string'] as const),
    ...(dice.chance(0.2) ? { kernel: 'portable' as const } : {}),
  };
}
