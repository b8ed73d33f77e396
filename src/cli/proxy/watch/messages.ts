// What the relay's thread and the watching thread tell each other. Bytes and remarks go through the ring; the rest are messages.

import type { ConnectionInfo, Sender } from '../../../capture/tcp-connections.js';

/** Records of the ring: bytes that passed, or a remark as JSON. */
export const RECORD_DATA = 1;
export const RECORD_REMARK = 2;

/** Something that happened on a connection. */
export type Remark =
  | { readonly type: 'open'; readonly info: ConnectionInfo }
  | { readonly type: 'note'; readonly from: Sender; readonly text: string }
  /** Bytes that passed and were not taken down, because the watching thread was too far behind. */
  | { readonly type: 'gap'; readonly from: Sender; readonly length: number }
  | { readonly type: 'end'; readonly isReset: boolean };

/** What the watching thread is started with. */
export interface WatchOptions {
  readonly ring: SharedArrayBuffer;
  /** One Int32: characters of output that the relay's thread has not yet written. */
  readonly unwritten: SharedArrayBuffer;
  /** Bytes of a payload that are shown, and of one that is told as JSON. */
  readonly textBytes: number;
  readonly jsonBytes: number;
  /** Lines of the output are JSON. */
  readonly isJson: boolean;
  /** The output is a terminal. */
  readonly isTerminal: boolean;
  /** Undefined: there is no feed. */
  readonly feed: { readonly host: string; readonly port: number; readonly allowedHosts: readonly string[] } | undefined;
}

/** What a line of the feed brought about. */
export interface Answer {
  readonly type: 'help' | 'error';
  readonly text: string;
}

export type ToWatcher =
  /** The proxy's endpoint. */
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'wake' }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer | undefined }
  | { readonly type: 'end' };

export type FromWatcher =
  /** The feed listens, if there is one: at this host and port. */
  | { readonly type: 'ready'; readonly feed: string | undefined }
  | { readonly type: 'failed'; readonly text: string }
  | { readonly type: 'lines'; readonly text: string }
  | { readonly type: 'line'; readonly id: number; readonly line: string }
  | { readonly type: 'ended' };
