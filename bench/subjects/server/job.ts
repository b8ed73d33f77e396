// What a program under test is asked to do, and what it reports. Every server and client of the life benchmark, in Node, Bun and
// Deno, takes a job as JSON in its first argument and speaks the protocol of control.ts on stdin and stdout.

/** When the answer to a message leaves. */
export type Reply = 'sync' | 'microtask' | 'immediate' | 'timer' | 'pool';

/** How the messages look: binary, text handled as bytes, text handled as a string. */
export type Form = 'binary' | 'buffer' | 'string';

export type Compression = 'off' | 'no-takeover' | 'takeover';

/** Messages that the server sends by itself once all clients are there. */
export interface Push {
  readonly clients: number;
  /** Bytes of a message. */
  readonly size: number;
  /** Milliseconds between two. */
  readonly interval: number;
  /** A loop of `send`, or what the library has for the purpose. */
  readonly how: 'loop' | 'broadcast';
  /** Skip clients for which more bytes than this are waiting. */
  readonly skipAbove?: number;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

interface CommonJob {
  /** The module that has `WebSocketServer` and `WebSocket`: `ws`, or the URL of a build of wsimd. Node only. */
  readonly library: string;
  readonly form: Form;
  /** Bytes of a message: only programs that answer prepared bytes need it. */
  readonly size: number;
  readonly inFlight: number;
  /** Binary messages are valid until the listener returns. Only wsimd has it. */
  readonly isBorrowed: boolean;
  readonly certificate?: Certificate | undefined;
}

export interface ServerJob extends CommonJob {
  readonly kind: 'echo' | 'stream' | 'push' | 'idle';
  readonly reply: Reply;
  readonly compression: Compression;
  readonly isHttp2: boolean;
  readonly push?: Push | undefined;
  /** Live entities that the application around the server holds (see application.ts). */
  readonly heapObjects: number;
}

export interface ClientJob extends CommonJob {
  readonly port: number;
  readonly connections: number;
}

/** The first line that a program prints. */
export interface Hello {
  /** 0 of a client. */
  readonly port: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Garbage collections of one kind. */
export interface Collections {
  readonly count: number;
  /** All of them together, and the longest. */
  readonly milliseconds: number;
  readonly longest: number;
}

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Bytes off the heap, those of ArrayBuffers included. */
  readonly external: number;
  readonly arrayBuffers: number;
}

/** What happened between `begin` and `end`. */
export interface Report {
  readonly cpuMicroseconds: number;
  readonly nanoseconds: number;
  readonly memory: Memory;
  /** By kind; undefined where the runtime doesn't say. */
  readonly collections?: Readonly<Record<string, Collections>>;
  /** Of a client, which counts for itself. */
  readonly traffic?: Traffic;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
  readonly latency: Latency;
}

export function readServerJob(argument: string | undefined): ServerJob {
  return JSON.parse(argument ?? 'null');
}

export function readClientJob(argument: string | undefined): ClientJob {
  return JSON.parse(argument ?? 'null');
}
