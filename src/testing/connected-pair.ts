// Two connections that are joined in memory: what one sends, the other receives.

import { Connection } from '../connection.js';
import type { ConnectionOptions } from '../connection-options.js';
import type { PerMessageDeflate } from '../deflate/per-message-deflate.js';
import type { MessageCompression } from '../messages/compression.js';
import type { Role } from '../protocol/role.js';
import type { Faults } from './faults.js';
import { MemoryWire } from './memory-wire.js';
import { TestEnd } from './test-end.js';
import { VirtualClock } from './virtual-clock.js';

/** Compression of both ends of a `ConnectedPair`. One object may be given for both. */
export interface PairCompression {
  /** That of the client, which makes the offer. */
  readonly client: PerMessageDeflate;
  /** That of the server, which answers it. */
  readonly server: PerMessageDeflate;
}

/** Options of a `ConnectedPair`. */
export interface ConnectedPairOptions {
  /** Options of the client's `Connection`. */
  readonly client?: Omit<ConnectionOptions, 'role'>;
  /** Options of the server's `Connection`. */
  readonly server?: Omit<ConnectionOptions, 'role'>;
  /** Compression, which both ends negotiate as in a handshake. Default: none. */
  readonly perMessageDeflate?: PairCompression;
  /** What happens to the bytes that the client sends. Default: nothing. */
  readonly toServer?: Faults;
  /** What happens to the bytes that the server sends. Default: nothing. */
  readonly toClient?: Faults;
  /** The clock of the delays. Default: a new one. Share one between several pairs to have one time for all. */
  readonly clock?: VirtualClock;
}

/**
 * A client's and a server's `Connection`, after their handshake, joined by a transport in memory that delays, cuts and splits as you
 * say. No socket, no timer and no promise is involved: a test of the protocol is synchronous and repeatable.
 *
 * ```ts
 * const pair = new ConnectedPair({ toServer: { split: 1 } });
 * pair.server.onEvent = (event, connection) => {
 *   if (event.type === 'text') connection.sendText(event.text.toUpperCase());
 * };
 * pair.client.connection.sendText('hello');
 * pair.settle();
 * console.log(pair.client.texts); // ['HELLO']
 * ```
 */
export class ConnectedPair {
  /** The client's end. */
  readonly client: TestEnd;
  /** The server's end. */
  readonly server: TestEnd;
  /** The clock by which bytes arrive. */
  readonly clock: VirtualClock;
  /** What each end sends. */
  readonly #wires: Record<Role, MemoryWire>;

  /** @throws what the constructor of `Connection` throws */
  constructor(options: ConnectedPairOptions = {}) {
    const { perMessageDeflate, toServer = {}, toClient = {}, clock = new VirtualClock() } = options;
    const compression: Partial<Record<Role, MessageCompression>> =
      perMessageDeflate === undefined ? {} : negotiate(perMessageDeflate.client, perMessageDeflate.server);
    this.clock = clock;
    this.client = new TestEnd(new Connection({ ...options.client, role: 'client' }, compression.client));
    this.server = new TestEnd(new Connection({ ...options.server, role: 'server' }, compression.server));
    this.#wires = {
      client: new MemoryWire(clock, this.#receiverAt(this.server), toServer),
      server: new MemoryWire(clock, this.#receiverAt(this.client), toClient),
    };
  }

  /** What happens to the bytes that the client sends. Setting it affects bytes that have not arrived, but not their delay. */
  get toServer(): Faults {
    return this.#wires.client.faults;
  }
  /** Sets what happens to the bytes that the client sends from here on. */
  set toServer(faults: Faults) {
    this.#wires.client.faults = faults;
  }

  /** What happens to the bytes that the server sends. See `toServer`. */
  get toClient(): Faults {
    return this.#wires.server.faults;
  }
  /** Sets what happens to the bytes that the server sends from here on. */
  set toClient(faults: Faults) {
    this.#wires.server.faults = faults;
  }

  /** Bytes on their way, in both directions together. */
  get carriedLength(): number {
    return this.#wires.client.length + this.#wires.server.length;
  }

  /** Passes on what both ends have to send. It arrives when the clock runs: see `advance` and `settle`. */
  flush(): void {
    for (const role of ['client', 'server'] as const) {
      const wire = this.#wires[role];
      const { connection, hasEnded } = this[role];
      for (const bytes of this[role].takeOutgoing()) wire.write(bytes);
      // A server ends the transport once the connection is closed, and a client waits for it (RFC 6455 section 7.1.1).
      if (connection.state === 'closed' && (role === 'server' || hasEnded)) wire.end();
    }
  }

  /** Passes on what both ends have to send, and lets virtual time pass. Answers leave as soon as there are any. */
  advance(milliseconds: number): void {
    this.flush();
    this.clock.advance(milliseconds);
  }

  /** Lets virtual time pass until both ends have said everything, and all of it has arrived. */
  settle(): void {
    this.flush();
    this.clock.runAll();
  }

  /** Ends the transport at once, as a pulled plug does. Bytes on their way are lost. */
  cut(): void {
    this.#wires.client.cut();
    this.#wires.server.cut();
  }

  #receiverAt(end: TestEnd) {
    return {
      read: (bytes: Uint8Array) => {
        end.read(bytes);
        this.flush();
      },
      end: () => {
        end.end();
        this.flush();
      },
    };
  }
}

function negotiate(client: PerMessageDeflate, server: PerMessageDeflate): Partial<Record<Role, MessageCompression>> {
  const offers = client.offer();
  const answer = server.answer(offers);
  const compression: Partial<Record<Role, MessageCompression>> = {};
  const ofServer = server.forServer(answer);
  const ofClient = client.forClient(answer, offers);
  if (ofServer !== undefined) compression.server = ofServer;
  if (ofClient !== undefined) compression.client = ofClient;
  return compression;
}
