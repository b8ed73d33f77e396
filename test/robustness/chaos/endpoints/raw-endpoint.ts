// Carries out a script as a client that writes frames by hand on a socket, and on an HTTP/2 stream likewise.

import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { BINARY, concat, Peer, TEXT, wire } from '../../../support/frames/wire.js';
import { DeflatingPeer } from '../../../support/peers/deflate-peer.js';
import type { Action, Ending, Script } from '../script/actions.js';
import { bytesOfContent, digestOf } from '../script/payloads.js';
import { EndLog, type EndReport } from '../verdict/log.js';
import { RawFrames } from './frames.js';

export interface RawOptions {
  readonly name: string;
  readonly script: Script;
  readonly reset: () => void;
  /** permessage-deflate was negotiated, without context takeover in either direction. */
  readonly hasDeflate: boolean;
}

const GARBAGE = Buffer.from('ffffffffffffffffffffffffffffffff', 'hex');
const LEAVE_DELAY = 300;
/** Milliseconds in which a server must end a connection whose client has left; its `closeTimeout` is shorter. */
const END_PATIENCE = 25_000;

export class RawEndpoint {
  readonly log: EndLog;
  readonly finished: Promise<EndReport>;
  readonly #socket: Duplex;
  readonly #options: RawOptions;
  readonly #peer = new Peer('server');
  readonly #deflating = new DeflatingPeer({ takeover: false });
  readonly #frames: RawFrames;
  #closeReceived: { code: number; reason: string } | undefined;
  #hasSentClose = false;
  #isClosed = false;
  #corkedActions = 0;

  /** @param head bytes that came behind the handshake */
  constructor(socket: Duplex, head: Buffer, options: RawOptions) {
    this.#socket = socket;
    this.#options = options;
    const log = new EndLog(options.name, true);
    this.log = log;
    log.wasOpened = true;
    this.#frames = new RawFrames({
      message: (bytes, isBinary) => log.receive(bytes, isBinary),
      ping: (payload) => {
        log.pingsReceived.push(payload.toString('hex'));
        this.#write(wire(this.#peer.pong(payload)));
      },
      pong: (payload) => void log.pongsReceived.push(payload.toString('hex')),
      close: (code, reason) => this.#closed(code, reason),
    });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.finished = closed.then(() => {
      this.#isClosed = true;
      log.closes.push(this.#closeReceived ?? { code: 1006, reason: '' });
      return log.report();
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    if (head.length > 0) this.#read(head);
  }

  #read(chunk: Buffer): void {
    try {
      this.#frames.add(chunk);
    } catch (error) {
      // The server's script may have said so: then the verifier expects it.
      this.log.errors.push((error as Error).message);
      this.#socket.destroy();
    }
  }

  #closed(code: number, reason: string): void {
    this.#closeReceived ??= { code, reason };
    if (!this.#hasSentClose) this.#sendClose(code === 1005 ? undefined : code, '');
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket.writable && !this.#hasSentClose) this.#socket.write(bytes);
  }

  #sendClose(code: number | undefined, reason: string): void {
    if (this.#hasSentClose) return;
    this.log.closedWith.push(code ?? 1005);
    this.#write(wire(this.#peer.close(code, reason)));
    this.#hasSentClose = true;
  }

  async run(): Promise<void> {
    const { actions, ending } = this.#options.script;
    for (const [at, action] of actions.entries()) {
      this.log.progress = `action ${at}: ${action.do}`;
      if (this.#isClosed) return;
      await this.#perform(action);
      if (this.#corkedActions > 0 && --this.#corkedActions === 0) this.#socket.uncork();
    }
    this.#socket.uncork();
    this.log.progress = `ending: ${ending.do}`;
    await this.#end(ending);
    await Promise.race([this.finished, sleep(END_PATIENCE, undefined, { ref: false })]);
    if (this.#isClosed) return;
    this.log.faults.push(`the server had not ended the connection ${END_PATIENCE} ms after \`${ending.do}\``);
    this.#socket.destroy();
  }

  async #perform(action: Action): Promise<void> {
    switch (action.do) {
      case 'send':
      case 'prepared':
      case 'broadcast': {
        const bytes = bytesOfContent(action.content);
        const isCompressed = this.#options.hasDeflate && action.do === 'send' && action.compress;
        const payload = isCompressed ? this.#deflating.deflate(bytes) : bytes;
        const opcode = action.isText ? TEXT : BINARY;
        this.#sendMessage(opcode, [payload], isCompressed, digestOf(bytes, !action.isText), false);
        return;
      }
      case 'fragments': {
        const parts = action.contents.map(bytesOfContent);
        const digest = digestOf(Buffer.concat(parts), !action.isText);
        this.#sendMessage(action.isText ? TEXT : BINARY, parts, false, digest, action.pings);
        return;
      }
      case 'ping':
        this.#ping(action.length);
        return;
      case 'pong':
        if (!this.#hasSentClose) this.log.pongsSent.push(Buffer.alloc(action.length, 1).toString('hex'));
        this.#write(wire(this.#peer.pong(Buffer.alloc(action.length, 1))));
        return;
      case 'pause':
        this.#socket.pause();
        setTimeout(() => this.#socket.resume(), action.milliseconds);
        return;
      case 'cork':
        if (this.#corkedActions > 0) return;
        this.#socket.cork();
        this.#corkedActions = action.count + 1;
        return;
      case 'wait':
        if (action.milliseconds === 0) await nextTurn();
        else await sleep(action.milliseconds);
        return;
      // Listeners and types of messages are matters of a WebSocket.
      case 'arm':
      case 'binaryType':
    }
  }

  #sendMessage(
    opcode: number,
    payloads: readonly Uint8Array[],
    isCompressed: boolean,
    digest: string,
    pings: boolean,
  ): void {
    if (this.#hasSentClose || !this.#socket.writable) return;
    const frames: Uint8Array[] = [];
    for (const [at, payload] of payloads.entries()) {
      const fin = at === payloads.length - 1;
      const rsv = isCompressed && at === 0 ? 4 : 0;
      frames.push(wire(this.#peer.frame(at === 0 ? opcode : 0, payload, { fin, rsv })));
      if (pings && !fin) {
        const data = Buffer.alloc(2, at);
        this.log.pingsSent.push(data.toString('hex'));
        frames.push(wire(this.#peer.ping(data)));
      }
    }
    this.log.sent.push(digest);
    const bytes = concat(...frames);
    if (bytes.length < 64 && bytes.length % 4 === 0) {
      for (const byte of bytes) this.#socket.write(Uint8Array.of(byte));
    } else if (bytes.length % 3 === 0) {
      const middle = bytes.length >> 1;
      this.#socket.write(bytes.subarray(0, middle));
      this.#socket.write(bytes.subarray(middle));
    } else {
      this.#socket.write(bytes);
    }
  }

  #ping(length: number): void {
    if (this.#hasSentClose) return;
    const data = Buffer.alloc(length, this.log.pingsSent.length);
    this.log.pingsSent.push(data.toString('hex'));
    this.#write(wire(this.#peer.ping(data)));
  }

  async #end(ending: Ending): Promise<void> {
    const { log } = this;
    const socket = this.#socket;
    if (this.#isClosed) return;
    switch (ending.do) {
      case 'close':
        this.#sendClose(ending.code, ending.reason);
        return;
      case 'leave':
        await Promise.race([this.finished, sleep(LEAVE_DELAY, undefined, { ref: false })]);
        this.#sendClose(1000, 'left alone');
        return;
      case 'terminate':
        log.cuts.add('terminate');
        socket.destroy();
        return;
      case 'reset':
        log.cuts.add('reset');
        this.#options.reset();
        return;
      case 'end':
        log.cuts.add('end');
        socket.end();
        return;
      case 'garbage':
        log.cuts.add('garbage');
        this.#write(GARBAGE);
        return;
      case 'half': {
        log.cuts.add('half');
        const frame = wire(this.#peer.binary(new Uint8Array(1000)));
        this.#write(frame.subarray(0, 7 + log.sent.length));
        if (log.sent.length % 2 === 0) {
          socket.end();
          return;
        }
        // Silent, and reading nothing: half-open.
        socket.pause();
        await sleep(LEAVE_DELAY);
        socket.destroy();
      }
    }
  }
}
