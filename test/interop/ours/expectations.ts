// What has to come of it when a client tries our server, whichever client it is.

import { expect } from 'vitest';
import type { PerMessageDeflateOptions } from '../../../src/node/index.js';
import type { Tried } from '../peers/web-client.js';
import { COMMANDS } from './server.js';

export const MIB = 1 << 20;
export const FRAGMENTS = COMMANDS['!fragments'].join('');

/** Of every client with the web's `WebSocket`. */
export const ALL_RIGHT: Tried = {
  protocol: 'echo',
  wrong: [],
  fragments: FRAGMENTS,
  ponged: COMMANDS['!ping'],
  closes: [
    [4321, 'that is all 漢', true],
    [...COMMANDS['!close'], true],
  ],
};

const BITS = [8, 9, 10, 11, 12, 13, 14, 15];

/**
 * Every answer that our server can be made to give to one offer: whether either side keeps its context, and each window that
 * the client is asked to keep to. The server's own window goes through all sizes beside it.
 */
export function* answers(): Generator<PerMessageDeflateOptions> {
  for (const deflateTakeover of [true, false]) {
    for (const inflateTakeover of [true, false]) {
      for (const [turn, inflateWindowBits] of BITS.entries()) {
        const deflateWindowBits = BITS[(turn + 3) % BITS.length]!;
        yield { deflateTakeover, inflateTakeover, inflateWindowBits, deflateWindowBits, threshold: 0 };
      }
    }
  }
}

/** What our server answers to this offer of permessage-deflate, by the rules of RFC 7692, section 7.1. */
export function expectedAnswer(offered: string, options: PerMessageDeflateOptions): string {
  const offer = offered.split(',')[0]!.trim();
  const value = (name: string) => new RegExp(`${name}(?:="?(\\d+)"?)?(?:;|$)`).exec(offer);
  const parts = ['permessage-deflate'];
  const clientBits = value('client_max_window_bits');
  const serverBits = value('server_max_window_bits');
  if (value('server_no_context_takeover') !== null || options.deflateTakeover === false) {
    parts.push('server_no_context_takeover');
  }
  if (value('client_no_context_takeover') !== null || options.inflateTakeover === false) {
    parts.push('client_no_context_takeover');
  }
  if (serverBits !== null) {
    const most = options.deflateTakeover === false ? 15 : (options.deflateWindowBits ?? 12);
    parts.push(`server_max_window_bits=${Math.min(Number(serverBits[1]), most)}`);
  }
  if (clientBits !== null) {
    const bits = Math.min(Number(clientBits[1] ?? 15), options.inflateWindowBits ?? 12);
    if (bits < 15) parts.push(`client_max_window_bits=${bits}`);
  }
  return parts.join('; ');
}

/** The same parameters in whatever order. */
export function expectSameParameters(actual: string, expected: string): void {
  expect(actual.split('; ').sort()).toEqual(expected.split('; ').sort());
}
