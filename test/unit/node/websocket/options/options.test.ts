// src/node/websocket/options/options.ts: what is out of range is refused, by the constructor and with the option's name.

import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from '../../../../../src/node/index.js';
import { makeConfig } from '../../../../../src/node/websocket/options/config.js';
import type { WebSocketOptions } from '../../../../../src/node/websocket/options/options.js';

const REFUSED: readonly (readonly [string, readonly unknown[]])[] = [
  ['maxBackpressure', [Number.NaN, -1]],
  ['maxHeldLength', [Number.NaN, -1]],
  ['maxPingRate', [Number.NaN, -1, 0.5]],
];

describe.each(REFUSED)('%s', (name, values) => {
  it.each(values)('%s is refused', (value) => {
    const options: WebSocketOptions = { [name]: value };
    for (const role of ['server', 'client'] as const) {
      expect(() => makeConfig(role, options)).toThrow(RangeError);
      expect(() => makeConfig(role, options)).toThrow(name);
    }
    expect(() => new WebSocketServer({ noServer: true, ...options })).toThrow(name);
    expect(() => new WebSocket('ws://127.0.0.1:1', options)).toThrow(name);
  });
});

it.each(['maxBackpressure', 'maxHeldLength', 'maxPendingAutoPongs', 'maxPingRate'])(
  '%s may be 0, more, and infinite',
  (name) => {
    for (const value of [0, 1, 1e9, Number.POSITIVE_INFINITY]) {
      expect(() => makeConfig('server', { [name]: value })).not.toThrow();
    }
  },
);
