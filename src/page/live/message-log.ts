// The log of what the browser's API sends and gets, in words. Knows no frame and no connection.

import { element } from '../dom.js';
import { visible } from '../frames/visible.js';
import { closeCodeWords, count, excerpt } from '../frames/words.js';

const MAX_ENTRIES = 200;
const SHOWN_TEXT_LENGTH = 200;

export class MessageLog {
  readonly #log: HTMLElement;

  constructor(log: HTMLElement) {
    this.#log = log;
  }

  sent(data: string | Uint8Array): void {
    this.#add('is-sent', 'sent', describe(data));
  }

  /** @param isSame the message is what was sent */
  received(data: string | Uint8Array, isSame: boolean): void {
    this.#add('is-received', 'received', `${describe(data)}, ${isSame ? 'the same' : 'NOT the same'}`);
  }

  closed(closeCode: number, reason: string): void {
    const quoted = reason === '' ? '' : `, “${reason}”`;
    this.#add('', 'closed', `with ${closeCode}: ${closeCodeWords(closeCode)}${quoted}`);
  }

  problem(sentence: string): void {
    this.#add('is-problem', 'problem', sentence);
  }

  #add(className: string, who: string, what: string): void {
    const log = this.#log;
    log.append(element('p', className, element('span', 'who', who), ' ', visible(what)));
    if (log.childElementCount > MAX_ENTRIES) log.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
  }
}

function describe(data: string | Uint8Array): string {
  if (typeof data !== 'string') return `binary, ${count(data.length, 'byte')}`;
  return `text “${excerpt(data, SHOWN_TEXT_LENGTH)}”`;
}
