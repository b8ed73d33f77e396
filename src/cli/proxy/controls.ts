// What can be done to relayed connections by hand, a line each: hold the next frame and edit it, inject one, cut.

import { OPCODE_CONTROL_BIT } from '../../../assembly/shared/protocol.js';
import type { Sender } from '../../capture/tcp-connections.js';
import { FrameEncoder } from '../../index.js';
import { splitHeader } from '../../page/frames/header-parts.js';
import { parseHex } from '../../page/frames/parse-hex.js';
import { fromLine, InputError } from '../connect/input-line.js';
import type { RelayedConnection } from './endpoint.js';

export const CONTROL_HELP = `  /hold FROM            hold the next frame from the client or the server
  /pass                 send the held frame on as it is
  /edit TEXT            send it on with this payload instead of its own
  /raw HEX              send these bytes on in its place; they need not be a frame
  /drop                 don't send it on
  /send FROM TEXT       send a text message as if this end had
  /send-raw FROM HEX    send these bytes between two frames; they may break rules
  /cut                  reset the connection
  /connection N         the lines that follow are about this connection; default,
                        or with "newest": the newest
  /help                 this list

FROM is client or server.
`;

/** A frame that waits for a decision. */
interface Held {
  readonly connection: RelayedConnection;
  readonly from: Sender;
  readonly frame: Uint8Array;
}

export class Controls {
  readonly #connections: ReadonlyMap<number, RelayedConnection>;
  readonly #encoders: Record<Sender, FrameEncoder> = {
    client: new FrameEncoder({ role: 'client' }),
    server: new FrameEncoder({ role: 'server' }),
  };
  #held: Held[] = [];
  #chosen: number | undefined;

  /** @param connections those that are open, the newest last */
  constructor(connections: ReadonlyMap<number, RelayedConnection>) {
    this.#connections = connections;
  }

  /** A frame waits: the lines `/pass`, `/edit`, `/raw` and `/drop` are about it. */
  hold(connection: RelayedConnection, from: Sender, frame: Uint8Array): void {
    this.#held.push({ connection, from, frame });
  }

  /** Does what a line asks for. @returns a text to show @throws InputError */
  run(line: string): string | undefined {
    const [, name = '', rest = ''] = /^\/([\w-]+)(?:\s+(.*))?$/s.exec(line.trim()) ?? [];
    switch (name) {
      case 'help':
        return CONTROL_HELP;
      case 'hold':
        this.#connection().relay.hold(senderOf(rest));
        return undefined;
      case 'pass':
        this.#release(({ frame }) => frame);
        return undefined;
      case 'edit':
        this.#release((held) => this.#edited(held, rest));
        return undefined;
      case 'raw':
        this.#release(() => fromLine(() => parseHex(rest)));
        return undefined;
      case 'drop':
        this.#release(() => undefined);
        return undefined;
      case 'send':
      case 'send-raw': {
        const [, from = '', content = ''] = /^(\S+)\s?(.*)$/s.exec(rest) ?? [];
        const sender = senderOf(from);
        const bytes = name === 'send' ? this.#encoders[sender].encodeText(content) : fromLine(() => parseHex(content));
        const { relay } = this.#connection();
        if (!relay.isOpen) throw new InputError('the connection is not open yet');
        relay.inject(sender, bytes);
        return undefined;
      }
      case 'cut':
        this.#connection().relay.reset();
        return undefined;
      case 'connection':
        this.#choose(rest);
        return undefined;
      default:
        throw new InputError('there is no such command; /help lists them');
    }
  }

  #choose(text: string): void {
    if (text === 'newest') {
      this.#chosen = undefined;
      return;
    }
    const number = Number(text);
    if (!this.#connections.has(number)) throw new InputError(`there is no open connection "${text}"`);
    this.#chosen = number;
  }

  #connection(): RelayedConnection {
    const chosen = this.#chosen === undefined ? undefined : this.#connections.get(this.#chosen);
    const connection = chosen ?? [...this.#connections.values()].at(-1);
    if (connection === undefined) throw new InputError('there is no open connection');
    return connection;
  }

  /** Lets the frame go that has waited longest. @param replace what passes in its place; undefined for nothing */
  #release(replace: (held: Held) => Uint8Array | undefined): void {
    this.#held = this.#held.filter(({ connection }) => !connection.relay.isClosed);
    const [held] = this.#held;
    if (held === undefined) throw new InputError('no frame is held; /hold FROM holds the next one');
    const bytes = replace(held);
    this.#held.shift();
    held.connection.relay.release(held.from, bytes);
  }

  /** A frame of the same kind with another payload, which is not compressed. */
  #edited({ from, frame }: Held, payload: string): Uint8Array {
    const { fin, opcode } = splitHeader(frame);
    const bits = (opcode & OPCODE_CONTROL_BIT) === 0 ? { fin } : {};
    return fromLine(() => this.#encoders[from].encode(opcode, payload, bits));
  }
}

function senderOf(text: string): Sender {
  if (text !== 'client' && text !== 'server') throw new InputError(`client or server, not "${text}"`);
  return text;
}
