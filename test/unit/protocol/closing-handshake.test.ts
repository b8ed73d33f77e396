// src/protocol/closing-handshake.ts: every state with every event, against a list written by hand from RFC 6455 section 7.

import { describe, expect, test } from 'vitest';
import { type ClosingEvent, ClosingHandshake, type ClosingState } from '../../../src/protocol/closing-handshake.js';

/** Events that lead to a state from `open`. */
const PATHS: Readonly<Record<ClosingState, readonly ClosingEvent[]>> = {
  open: [],
  closing: ['close'],
  answering: ['peerClose'],
  failing: ['error'],
  finishing: ['peerClose', 'answer'],
  breaking: ['close', 'error'],
  closed: ['close', 'peerClose', 'sent'],
  failed: ['error', 'answer', 'sent'],
  lost: ['end'],
};
const EVENTS: readonly ClosingEvent[] = ['close', 'peerClose', 'error', 'answer', 'sent', 'fail', 'end'];
const NEXT: Readonly<Record<ClosingState, string>> = {
  open: 'closing answering failing open open failed lost',
  closing: 'closing finishing breaking closing closing failed lost',
  answering: 'finishing answering answering finishing answering failed closed',
  failing: 'breaking failing failing breaking failing failed failed',
  finishing: 'finishing finishing finishing finishing closed failed closed',
  breaking: 'breaking breaking breaking breaking failed failed failed',
  closed: 'closed closed closed closed closed closed closed',
  failed: 'failed failed failed failed failed failed failed',
  lost: 'lost closed lost lost lost lost lost',
};

function reach(state: ClosingState): ClosingHandshake {
  const handshake = new ClosingHandshake();
  for (const event of PATHS[state]) expect(handshake.apply(event)).toBe(true);
  expect(handshake.state).toBe(state);
  return handshake;
}

describe.each(Object.keys(NEXT) as ClosingState[])('from %s', (state) => {
  test.each(EVENTS.map((event, i) => [event, NEXT[state].split(' ')[i]]))('%s leads to %s', (event, next) => {
    const handshake = reach(state);
    expect(handshake.apply(event as ClosingEvent)).toBe(next !== state);
    expect(handshake.state).toBe(next);
  });

  test('it is open, over or neither, and clean only with a Close from the peer', () => {
    const { isOpen, isOver, isClean } = reach(state);
    expect({ isOpen, isOver, isClean }).toEqual({
      isOpen: ['open', 'answering', 'failing'].includes(state),
      isOver: ['closed', 'failed', 'lost'].includes(state),
      isClean: ['answering', 'finishing', 'closed'].includes(state),
    });
  });
});
