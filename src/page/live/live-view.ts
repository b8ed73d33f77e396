// The part of the page that talks to the server: its buttons, the log of messages, the list of frames on the wire.

import { MAX_CONTROL_PAYLOAD } from '../../../assembly/shared/protocol.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { areEqual, randomBytes } from '../bytes.js';
import { byId, onSubmit } from '../dom.js';
import { FrameList } from '../frames/frame-list.js';
import { HexError, parseHex } from '../frames/parse-hex.js';
import { LiveConnection, type LiveHandler, type LiveState } from './live-connection.js';
import { LiveFrames } from './live-frames.js';
import { MessageLog } from './message-log.js';

const MEBIBYTE = 1024 * 1024;

const STATE_WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'connecting …',
  open: 'connected',
  closing: 'closing …',
  closed: 'not connected',
};

/** Wires the controls up. */
export function startLiveView(): void {
  const log = new MessageLog(byId('messages', HTMLElement));
  const list = new FrameList(byId('frames', HTMLOListElement));
  let connection: LiveConnection | undefined;
  /** Messages whose echo has not come. */
  let awaited: (string | Uint8Array)[] = [];

  const start = () => {
    awaited = [];
    const frames = new LiveFrames(list);
    const handler: LiveHandler = {
      onState: showState,
      onMessage: (data) => log.received(data, isEcho(data, awaited.shift())),
      onClose: (closeCode, reason) => log.closed(closeCode, reason),
      onProblem: (sentence) => log.problem(sentence),
      onWire: (isToServer, bytes) => frames.push(isToServer, bytes),
      onWireEnd: () => frames.end(),
    };
    connection = new LiveConnection(handler, byId('compress', HTMLInputElement).checked);
  };
  const send = (data: string | Uint8Array<ArrayBuffer>) => {
    awaited.push(data);
    connection?.send(data);
    log.sent(data);
  };

  byId('connect', HTMLButtonElement).addEventListener('click', start);
  byId('disconnect', HTMLButtonElement).addEventListener('click', () => connection?.close());
  byId('clear-frames', HTMLButtonElement).addEventListener('click', () => list.clear());

  wireMessages(log, send);
  wireControls(log, () => connection);
}

/** Wires the forms that send a text, bytes in hex, and random bytes. */
function wireMessages(log: MessageLog, send: (data: string | Uint8Array<ArrayBuffer>) => void): void {
  const text = byId('text', HTMLTextAreaElement);
  onSubmit('text-form', () => send(text.value));
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) text.form?.requestSubmit();
  });
  onSubmit('hex-form', () => {
    try {
      send(parseHex(byId('binary-hex', HTMLInputElement).value));
    } catch (error) {
      rethrowUnless(error, HexError);
      log.problem(error.message);
    }
  });
  onSubmit('random-form', () => send(randomBytes(byId('random-size', HTMLInputElement).valueAsNumber)));
  byId('mebibyte', HTMLButtonElement).addEventListener('click', () => send(randomBytes(MEBIBYTE)));
}

/** Wires the forms that send a ping and a Close frame. */
function wireControls(log: MessageLog, connection: () => LiveConnection | undefined): void {
  onSubmit('ping-form', () => {
    const payload = byId('ping-payload', HTMLInputElement).value;
    const { length } = new TextEncoder().encode(payload);
    if (length <= MAX_CONTROL_PAYLOAD) connection()?.ping(payload);
    else log.problem(`The payload of a ping is at most ${MAX_CONTROL_PAYLOAD} bytes; this one has ${length}.`);
  });
  onSubmit('close-form', () => {
    const { value } = byId('close-code', HTMLInputElement);
    const reason = byId('close-reason', HTMLInputElement).value;
    if (value === '' && reason !== '') {
      log.problem('A reason needs a code.');
      return;
    }
    try {
      if (value === '') connection()?.close();
      else connection()?.close(Number(value), reason);
    } catch (error) {
      rethrowUnless(error, DOMException);
      log.problem('The browser lets a page close with 1000 or 3000 to 4999 only, and a reason of at most 123 bytes.');
    }
  });
}

function showState(state: LiveState): void {
  const words = byId('state', HTMLElement);
  words.textContent = STATE_WORDS[state];
  words.dataset.state = state;
  byId('connect', HTMLButtonElement).disabled = state !== 'closed';
  byId('compress', HTMLInputElement).disabled = state !== 'closed';
  byId('disconnect', HTMLButtonElement).disabled = state !== 'open' && state !== 'connecting';
  byId('when-open', HTMLFieldSetElement).disabled = state !== 'open';
}

function isEcho(data: string | Uint8Array, original: string | Uint8Array | undefined): boolean {
  if (typeof data === 'string' || typeof original === 'string') return data === original;
  return original !== undefined && areEqual(data, original);
}
