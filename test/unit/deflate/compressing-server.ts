// A server of permessage-deflate whose frames are written by hand, and connections of ours that are its clients.

import { afterEach, beforeEach, expect } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate } from '../../../src/deflate/index.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import { Peer, TEXT } from '../../support/frames/wire.js';
import type { DEFLATE_KERNELS } from '../../support/kernels/deflate-kernels.js';

export const NAME = 'permessage-deflate';
export const RSV1 = { rsv: 4 };
/** "Hello", compressed (RFC 7692 section 7.2.3.1). */
export const HELLO = Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);

/** To be called where tests are declared: each test gets contexts of its own on that kernel. */
export function serverFor(kernel: (typeof DEFLATE_KERNELS)[number]) {
  let deflate: PerMessageDeflate;
  beforeEach(() => {
    deflate = new PerMessageDeflate({ kernel, poolLength: 2 ** 20 });
  });
  afterEach(() => {
    expect(deflate.kernelName).toBe(kernel);
  });

  const peer = new Peer('client');

  return {
    /** The contexts of its clients. */
    get deflate() {
      return deflate;
    },

    /** A client that has agreed on what the server answered. */
    connect(answer = NAME, options: Partial<ConnectionOptions> = {}): Connection {
      const offer = parseExtensions(`${NAME}; client_max_window_bits`);
      return new Connection({ role: 'client', ...options }, deflate.forClient(parseExtensions(answer), offer)!);
    },

    /** A compressed text of the server's. */
    text: (payload: Uint8Array | readonly number[], options = {}) => peer.frame(TEXT, payload, { ...RSV1, ...options }),
  };
}
