// The part of the page that takes pasted bytes apart.

import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { byId, element, onSubmit } from '../dom.js';
import { Dissector } from './dissector.js';
import { BROKEN_EXAMPLES, EXAMPLES, type Example } from './examples.js';
import { FrameList } from './frame-list.js';
import { type FrameOrigin, frameView } from './frame-view.js';
import { createInflater } from './inflating.js';
import { HexError, parseHex } from './parse-hex.js';
import { count } from './words.js';

const PASTED: FrameOrigin = { label: 'pasted', className: 'pasted' };

/** Wires the controls up. */
export function startPasteView(): void {
  const input = byId('pasted', HTMLTextAreaElement);
  const result = byId('paste-result', HTMLElement);
  const list = new FrameList(byId('pasted-frames', HTMLOListElement));

  const decode = () => {
    try {
      result.textContent = showFrames(parseHex(input.value), list);
      delete result.dataset.problem;
    } catch (error) {
      rethrowUnless(error, HexError);
      list.clear();
      result.textContent = error.message;
      result.dataset.problem = '';
    }
    // On a phone, what was found lies below the examples.
    if (result.getBoundingClientRect().bottom > innerHeight) result.scrollIntoView();
  };
  const addExamples = (id: string, examples: readonly Example[]) => {
    for (const { label, hex } of examples) {
      const button = element('button', 'example', label);
      button.type = 'button';
      button.addEventListener('click', () => {
        input.value = hex;
        decode();
      });
      byId(id, HTMLElement).append(button);
    }
  };

  onSubmit('paste-form', decode);
  addExamples('examples', EXAMPLES);
  addExamples('broken-examples', BROKEN_EXAMPLES);
}

/** @returns what was found, in a sentence or two */
function showFrames(bytes: Uint8Array, list: FrameList): string {
  // The bytes do not say what was negotiated: RSV1 is read as permessage-deflate, which it nearly always is.
  const inflater = createInflater();
  const dissector = new Dissector({ inflater });
  const frames = dissector.push(bytes);
  const cut = dissector.end();
  inflater.release();
  const refused = frames.at(-1)?.error;
  const hidden = list.show((cut === undefined ? frames : [...frames, cut]).map((frame) => frameView(frame, PASTED)));

  const whole = frames.length - (refused === undefined ? 0 : 1);
  const words = [`${count(bytes.length, 'byte')}: ${whole === 0 ? 'no whole frame' : count(whole, 'whole frame')}`];
  if (refused !== undefined) words.push(', then one that is refused; nothing after it is read');
  if (cut !== undefined) words.push(', then one that is cut off');
  if (dissector.ignoredLength > 0)
    words.push(`; after the Close frame, ${count(dissector.ignoredLength, 'byte')} not read`);
  if (hidden > 0) words.push(`; the last ${hidden} are not shown`);
  return `${words.join('')}.`;
}
