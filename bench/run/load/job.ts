// What the load generator is asked to do, and what it answers.

import type { Compression, Form, Latency } from '../../subjects/server/job.js';

export interface LoadJob {
  readonly port: number;
  /**
   * `echo`: keeps messages in flight, and sends the next as each comes back. `receive`: only receives what the server pushes.
   * `handshake`: opens connections one after the other and cuts them. `idle`: opens connections and leaves them alone.
   */
  readonly kind: 'echo' | 'receive' | 'handshake' | 'idle';
  readonly connections: number;
  readonly isTls: boolean;
  readonly isHttp2: boolean;
  readonly form: Form;
  readonly size: number;
  readonly inFlight: number;
  readonly compression: Compression;
  /** The server's frames may be cut otherwise than ours: compare payloads only. */
  readonly isStream: boolean;
  /** So many of the connections never read. */
  readonly slow: number;
  /** Each connection stops after so many messages. */
  readonly limit?: number | undefined;
}

export type Command = { readonly open: LoadJob } | { readonly do: 'begin' | 'end' | 'close' };

/** What happened between `begin` and `end`. */
export interface LoadReport {
  /** Messages received, or handshakes done. */
  readonly messages: number;
  /** Bytes on the wire. */
  readonly bytes: number;
  readonly nanoseconds: number;
  readonly cpuMicroseconds: number;
  readonly latency: Latency;
}

export interface Answer {
  readonly error?: string;
  readonly report?: LoadReport;
}
