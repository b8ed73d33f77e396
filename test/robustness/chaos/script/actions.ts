// What an end of a connection does, as data: a script is made from a seed, and carried out by an endpoint.

import type { Dice } from './dice.js';
import { type Content, FORMS, type Form, randomContent, randomLength } from './payloads.js';

export interface SendAction {
  readonly do: 'send';
  readonly content: Content;
  readonly isText: boolean;
  readonly form: Form;
  readonly compress: boolean;
}

export interface FragmentsAction {
  readonly do: 'fragments';
  readonly contents: readonly Content[];
  readonly isText: boolean;
  readonly compress: boolean;
  /** Sends a ping between the fragments. */
  readonly pings: boolean;
}

/** What a listener does when the next message arrives. */
export type InListener = 'throw' | 'send' | 'pause' | 'close' | 'terminate';

export type Action =
  | SendAction
  | FragmentsAction
  /** A PreparedMessage to this connection, or a message to all of the round's connections of this process. */
  | { readonly do: 'prepared' | 'broadcast'; readonly content: Content; readonly isText: boolean }
  | { readonly do: 'ping' | 'pong'; readonly length: number }
  /** Stops reading for so many milliseconds. */
  | { readonly do: 'pause'; readonly milliseconds: number }
  /** Holds the next `count` actions back. */
  | { readonly do: 'cork'; readonly count: number }
  | { readonly do: 'arm'; readonly what: InListener }
  | { readonly do: 'binaryType'; readonly type: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob' }
  | { readonly do: 'wait'; readonly milliseconds: number };

/** How an end leaves. */
export type Ending =
  | { readonly do: 'close'; readonly code: number | undefined; readonly reason: string; readonly sendsOn: boolean }
  /**
   * `reset`: a TCP RST, or RST_STREAM. `end`: a FIN without a Close frame. `garbage`: bytes that are no frame. `leave`: waits for the
   * other end. `half`: a raw peer stops in the middle of a frame and ends, or falls silent for a while.
   */
  | { readonly do: 'terminate' | 'reset' | 'end' | 'garbage' | 'leave' | 'half' };

export interface Script {
  readonly actions: readonly Action[];
  readonly ending: Ending;
}

const CLOSE_CODES = [undefined, undefined, 1000, 1001, 1008, 1011, 3000, 4321] as const;
/** Stays far below what `autoPong` and the limit of pings a second allow. */
const MAX_PINGS = 12;

export function makeScript(dice: Dice, isRaw: boolean): Script {
  const count = dice.between(1, dice.chance(0.2) ? 60 : 16);
  let pings = 0;
  const actions: Action[] = [];
  while (actions.length < count) {
    const name = dice.weighted({
      ...{ send: 60, fragments: 6, prepared: 4, broadcast: 4, ping: 4, pong: 1 },
      ...{ pause: 4, cork: 4, arm: 3, binaryType: 2, wait: 16 },
    });
    if (name === 'ping' && ++pings > MAX_PINGS) continue;
    actions.push(makeAction(dice, name));
  }
  return { actions, ending: makeEnding(dice, isRaw) };
}

function makeAction(dice: Dice, name: Action['do']): Action {
  const isText = dice.chance(0.4);
  const compress = dice.chance(0.8);
  switch (name) {
    case 'send':
      return {
        ...{ do: name, content: randomContent(dice, isText), isText, compress },
        form: isText && dice.chance(0.5) ? 'string' : dice.chance(0.5) ? 'buffer' : dice.pick(FORMS),
      };
    case 'fragments': {
      const contents = Array.from({ length: dice.between(2, 5) }, () => randomContent(dice, isText));
      return { do: name, contents, isText, compress, pings: dice.chance(0.3) };
    }
    case 'prepared':
    case 'broadcast':
      return { do: name, content: randomContent(dice, isText), isText };
    case 'ping':
    case 'pong':
      return { do: name, length: Math.min(125, randomLength(dice)) };
    case 'pause':
      return { do: name, milliseconds: dice.pick([0, 1, 5, 40]) };
    case 'cork':
      return { do: name, count: dice.between(1, 5) };
    case 'arm':
      return { do: name, what: dice.weighted({ throw: 10, send: 6, pause: 4, close: 2, terminate: 3 }) };
    case 'binaryType':
      return { do: name, type: dice.pick(['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const) };
    case 'wait':
      return { do: name, milliseconds: dice.pick([0, 0, 0, 1, 3, 10]) };
  }
}

function makeEnding(dice: Dice, isRaw: boolean): Ending {
  const name = dice.weighted({
    ...{ close: 50, leave: 16, terminate: 8, reset: 6, end: 4, garbage: 6 },
    half: isRaw ? 8 : 0,
  });
  if (name !== 'close') return { do: name };
  const code = dice.pick(CLOSE_CODES);
  return {
    do: name,
    code,
    reason: code !== undefined && dice.chance(0.5) ? 'good bye …' : '',
    sendsOn: dice.chance(0.3),
  };
}
