// src/testing/virtual-clock.ts

import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/testing/index.js';

describe('a virtual clock', () => {
  it('runs timers when they are due, in the order of their times, and those of one time in the order of their setting', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    for (const [name, due] of [
      ['c', 20],
      ['a', 10],
      ['d', 20],
      ['b', 10],
      ['e', 31],
    ] as const) {
      clock.setTimeout(() => ran.push(`${name} at ${clock.now}`), due);
    }
    clock.advance(9);
    expect(ran).toEqual([]);
    clock.advance(21);
    expect(ran).toEqual(['a at 10', 'b at 10', 'c at 20', 'd at 20']);
    expect([clock.now, clock.timerCount]).toEqual([30, 1]);
    clock.advance(1);
    expect(ran.at(-1)).toBe('e at 31');
  });

  it('runs timers that timers set, in the same call if they are due', () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const again = () => {
      times.push(clock.now);
      clock.setTimeout(again, 10);
    };
    clock.setTimeout(again);
    clock.advance(25);
    expect(times).toEqual([0, 10, 20]);
    expect(clock.next()).toBe(true);
    expect(clock.now).toBe(30);
  });

  it('forgets a timer that was cleared, and tells when there is none', () => {
    const clock = new VirtualClock();
    const id = clock.setTimeout(() => expect.unreachable(), 5);
    clock.clearTimeout(id);
    clock.clearTimeout(id);
    clock.runAll();
    expect([clock.now, clock.next()]).toEqual([0, false]);
  });

  it('gives up on timers without end', () => {
    const clock = new VirtualClock();
    const again = () => {
      clock.setTimeout(again, 1);
    };
    again();
    expect(() => clock.runAll()).toThrow('1000000 timers have run');
  });

  it('goes forward only', () => {
    const clock = new VirtualClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
    expect(() => clock.setTimeout(() => {}, Number.NaN)).toThrow(RangeError);
  });
});
