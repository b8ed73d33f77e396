// A connection that compresses what it sends, and a peer that inflates it with node:zlib, for tests of the sending side.

import { expect } from 'vitest';
import { Connection } from '../../../src/connection.js';
import type { ConnectionOptions } from '../../../src/connection-options.js';
import { PerMessageDeflate, type PerMessageDeflateOptions } from '../../../src/deflate/index.js';
import { type Frame, FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { parseExtensions } from '../../../src/handshake/extensions.js';
import type { Role } from '../../../src/protocol/role.js';
import type { DEFLATE_KERNELS } from '../kernels/deflate-kernels.js';
import { InflatingPeer } from '../peers/deflate-peer.js';
import { concat } from './wire.js';

export const NAME = 'permessage-deflate';
const OTHER = { server: 'client', client: 'server' } as const;

export interface Received {
  readonly opcode: number;
  /** Of each frame, its first byte's bits. */
  readonly frames: readonly { readonly rsv1: boolean; readonly fin: boolean; readonly opcode: number }[];
  readonly isCompressed: boolean;
  readonly payload: Uint8Array;
}

/** The frames that a connection sent, as the messages that a peer makes of them. */
export class Receiver {
  readonly #decoder: FrameDecoder;
  readonly #inflater: InflatingPeer;
  #frames: Frame[] = [];

  constructor(role: Role, inflater: InflatingPeer) {
    this.#decoder = new FrameDecoder({ role: OTHER[role], allowRsv1: true });
    this.#inflater = inflater;
  }

  receive(bytes: Uint8Array): Received[] {
    const { frames, error } = this.#decoder.decodeFrames(bytes.slice());
    if (error !== undefined) throw error;
    const messages: Received[] = [];
    for (const frame of frames) {
      if (frame.opcode >= 8) {
        messages.push({ opcode: frame.opcode, frames: [frame], isCompressed: false, payload: frame.payload });
        continue;
      }
      this.#frames.push(frame);
      if (!frame.fin) continue;
      const [first] = this.#frames;
      const joined = concat(...this.#frames.map(({ payload }) => payload));
      const isCompressed = first!.rsv1;
      messages.push({
        opcode: first!.opcode,
        frames: this.#frames,
        isCompressed,
        payload: isCompressed ? this.#inflater.inflate(joined) : joined,
      });
      this.#frames = [];
    }
    return messages;
  }
}

/** A message of a chat, as JSON: much of one is in the next. */
export const json = (i: number) =>
  JSON.stringify({
    type: 'update',
    id: 1000 + i,
    user: `user-${i % 13}`,
    text: `${'the quick brown fox '.slice(0, i % 19)}the quick`,
  });

export interface Setup {
  readonly role?: Role;
  readonly takeover?: boolean;
  readonly windowBits?: number;
  readonly deflate?: PerMessageDeflate;
  readonly connection?: Partial<ConnectionOptions>;
}

/** Makes such connections, all on one kernel. */
export function sendersOn(kernel: (typeof DEFLATE_KERNELS)[number]) {
  function defaults(options: PerMessageDeflateOptions = {}): PerMessageDeflate {
    return new PerMessageDeflate({ kernel, threshold: 0, poolLength: 2 ** 21, ...options });
  }

  /** A connection, and the peer that gets what it sends. */
  function connect({
    role = 'server',
    takeover = true,
    windowBits = 15,
    deflate = defaults(),
    connection = {},
  }: Setup = {}) {
    const own = role;
    const answer =
      (takeover ? NAME : `${NAME}; ${own}_no_context_takeover`) +
      (windowBits === 15 ? '' : `; ${own}_max_window_bits=${windowBits}`);
    const extensions = parseExtensions(answer);
    const compression =
      role === 'server'
        ? deflate.forServer(extensions)!
        : deflate.forClient(extensions, parseExtensions(`${NAME}; client_max_window_bits`))!;
    expect(deflate.kernelName).toBe(kernel);
    const ours = new Connection({ role, ...connection }, compression);
    const receiver = new Receiver(role, new InflatingPeer({ takeover, windowBits }));
    return { connection: ours, deflate, receive: () => receiver.receive(ours.takeOutgoing()) };
  }

  return { defaults, connect };
}
