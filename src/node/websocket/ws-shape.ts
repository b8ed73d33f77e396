// What the properties of a WebSocket look like from outside, where programs look: constants and accessors are own properties of
// class and prototype, enumerable as those of `ws`; what programs replace can be replaced.

import { CLOSED, CLOSING, CONNECTING, OPEN } from './websocket-events.js';

const CONSTANTS = { CONNECTING, OPEN, CLOSING, CLOSED };

/** Shown by `for…in`, and found on the prototype by libraries that wrap them. */
const ENUMERABLE = [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url',
  'onopen',
  'onerror',
  'onclose',
  'onmessage',
  'addEventListener',
  'removeEventListener',
];

/** Read-only for types; a program that assigns gets a property of its own: `[Replaceable]` of Web IDL. */
const REPLACEABLE = ['readsDirectly', '_socket', '_sender'];

/** @param Class the class; what it inherits from `Base` becomes its own */
export function shapeAsWs(Class: { readonly prototype: object }, Base: { readonly prototype: object }): void {
  for (const [name, value] of Object.entries(CONSTANTS)) {
    const constant = { value, enumerable: true, writable: false, configurable: false };
    Object.defineProperty(Class, name, constant);
    Object.defineProperty(Class.prototype, name, constant);
  }
  for (const name of ENUMERABLE) {
    const descriptor =
      Object.getOwnPropertyDescriptor(Class.prototype, name) ?? Object.getOwnPropertyDescriptor(Base.prototype, name);
    if (descriptor === undefined) throw new TypeError(`a WebSocket has no ${name}`);
    Object.defineProperty(Class.prototype, name, { ...descriptor, enumerable: true });
  }
  for (const name of REPLACEABLE) {
    const set = function (this: object, value: unknown): void {
      Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
    };
    Object.defineProperty(Class.prototype, name, { ...Object.getOwnPropertyDescriptor(Class.prototype, name), set });
  }
}
