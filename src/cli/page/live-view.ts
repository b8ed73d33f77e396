// The half of the page that talks to the server: its buttons, the log of messages, the list of frames on the wire.

import { areEqual, randomBytes } from './bytes.js';
import type { Dissection } from './dissector.js';
import { byId, element, onSubmit } from './dom.js';
import { FrameList } from './frame-list.js';
import { type FrameOrigin, frameView } from './frame-view.js';
import { headView, keyOf } from './head-view.js';
import { LiveConnection, type LiveHandler, type LiveState } from './live-connection.js';
import { HexError, parseHex } from './parse-hex.js';
import { WireStream } from './wire-stream.js';
import { closeCodeWords, count, excerpt } from './words.js';

const TO_SERVER: FrameOrigin = { label: 'browser → server', className: 'to-server' };
const TO_BROWSER: FrameOrigin = { label: 'server → browser', className: 'to-browser' };

const MEBIBYTE = 1024 * 1024;
const MAX_CONTROL_PAYLOAD = 125;
const MAX_LOG_ENTRIES = 200;
const SHOWN_TEXT_LENGTH = 200;

const STATE_WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'connecting …',
  open: 'connected',
  closing: 'closing …',
  closed: 'not connected',
};

/** Wires the controls up. */
export function startLiveView(): void {
  const log = byId('messages', HTMLOListElement);
  const frames = new FrameList(byId('frames', HTMLOListElement));
  let connection: LiveConnection | undefined;
  /** Messages whose echo has not come. */
  let awaited: (string | Uint8Array)[] = [];

  const say = (className: string, who: string, what: string) => {
    log.append(element('li', className, element('span', 'who', who), ' ', what));
    if (log.childElementCount > MAX_LOG_ENTRIES) log.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
  };
  const sayProblem = (what: string) => say('is-problem', 'problem', what);

  const send = (data: string | Uint8Array<ArrayBuffer>) => {
    awaited.push(data);
    connection?.send(data);
    say('is-sent', 'sent', describe(data));
  };

  const newHandler = (): LiveHandler => {
    const toServer = new WireStream();
    const toBrowser = new WireStream();
    const addFrame = (frame: Dissection, origin: FrameOrigin) => frames.addNewest(frameView(frame, origin));
    let key: string | undefined;
    return {
      onState: showState,
      onMessage(data) {
        const original = awaited.shift();
        say('is-received', 'received', `${describe(data)}, ${isEcho(data, original) ? 'the same' : 'NOT the same'}`);
      },
      onClose(closeCode, reason) {
        const quoted = reason === '' ? '' : `, “${reason}”`;
        say('', 'closed', `with ${closeCode}: ${closeCodeWords(closeCode)}${quoted}`);
      },
      onRefused: () => sayProblem('The server does not answer. Is “wsimd serve” still running?'),
      onWire(isToServer, bytes) {
        const origin = isToServer ? TO_SERVER : TO_BROWSER;
        const dissections = (isToServer ? toServer : toBrowser).push(bytes, (head) => {
          frames.addNewest(headView(head, origin, isToServer ? undefined : key));
          if (isToServer) key = keyOf(head);
        });
        for (const frame of dissections) addFrame(frame, origin);
      },
      onWireEnd() {
        for (const stream of [toServer, toBrowser]) {
          const cut = stream.end();
          if (cut !== undefined) addFrame(cut, stream === toServer ? TO_SERVER : TO_BROWSER);
        }
      },
    };
  };

  const start = () => {
    awaited = [];
    connection = new LiveConnection(newHandler());
  };
  byId('connect', HTMLButtonElement).addEventListener('click', start);
  byId('disconnect', HTMLButtonElement).addEventListener('click', () => connection?.close());
  byId('clear-frames', HTMLButtonElement).addEventListener('click', () => frames.clear());

  const text = byId('text', HTMLTextAreaElement);
  onSubmit('text-form', () => send(text.value));
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) text.form?.requestSubmit();
  });
  onSubmit('hex-form', () => {
    try {
      send(parseHex(byId('binary-hex', HTMLInputElement).value));
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      sayProblem(error.message);
    }
  });
  onSubmit('random-form', () => send(randomBytes(byId('random-size', HTMLInputElement).valueAsNumber)));
  byId('mebibyte', HTMLButtonElement).addEventListener('click', () => send(randomBytes(MEBIBYTE)));
  onSubmit('ping-form', () => {
    const payload = byId('ping-payload', HTMLInputElement).value;
    const { length } = new TextEncoder().encode(payload);
    if (length <= MAX_CONTROL_PAYLOAD) connection?.ping(payload);
    else sayProblem(`The payload of a ping is at most ${MAX_CONTROL_PAYLOAD} bytes; this one has ${length}.`);
  });
  onSubmit('close-form', () => {
    const { value } = byId('close-code', HTMLInputElement);
    const reason = byId('close-reason', HTMLInputElement).value;
    try {
      connection?.close(value === '' ? undefined : Number(value), reason);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      sayProblem('The browser lets a page close with 1000 or 3000 to 4999 only, and a reason of at most 123 bytes.');
    }
  });
}

function showState(state: LiveState): void {
  const words = byId('state', HTMLElement);
  words.textContent = STATE_WORDS[state];
  words.dataset.state = state;
  byId('connect', HTMLButtonElement).disabled = state !== 'closed';
  byId('disconnect', HTMLButtonElement).disabled = state !== 'open' && state !== 'connecting';
  byId('when-open', HTMLFieldSetElement).disabled = state !== 'open';
}

function describe(data: string | Uint8Array): string {
  if (typeof data !== 'string') return `binary, ${count(data.length, 'byte')}`;
  return `text “${excerpt(data, SHOWN_TEXT_LENGTH)}”`;
}

function isEcho(data: string | Uint8Array, original: string | Uint8Array | undefined): boolean {
  if (typeof data === 'string' || typeof original === 'string') return data === original;
  return original !== undefined && areEqual(data, original);
}
