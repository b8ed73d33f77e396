// src/protocol/errors.ts: the one table.

import { describe, expect, it } from 'vitest';
import * as protocol from '../../../assembly/shared/protocol.js';
import { type ErrorCode, ProtocolError } from '../../../src/protocol/errors.js';

/** The kernel's errors by name, as protocol.ts numbers them. */
const KERNEL_ERRORS = Object.entries(protocol).filter(([name]) => /^ERROR_(?!NONE)/.test(name)) as [string, number][];

describe('ProtocolError', () => {
  it('is an Error with a name, a stable code and a text for people', () => {
    const error = new ProtocolError('WSIMD_STALE');
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.name).toBe('ProtocolError');
    expect(error).toMatchObject({ code: 'WSIMD_STALE', closeCode: undefined, status: undefined, offset: undefined });
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.cause).toBeUndefined();
    expect('cause' in error).toBe(false);
    expect(String(error)).toBe(`ProtocolError: ${error.message}`);
    expect(error.stack).toContain('errors.test.ts');
  });

  it('tells what the kernel found, where, and what stood there', () => {
    const plain = ProtocolError.fromKernel(protocol.ERROR_RESERVED_BITS, 7);
    expect(plain).toMatchObject({ code: 'WSIMD_RESERVED_BITS', closeCode: 1002, offset: 7 });
    const detailed = ProtocolError.fromKernel(protocol.ERROR_RESERVED_BITS, 7, 'RSV2');
    expect(detailed.message).toBe(`${plain.message}: RSV2`);
    expect(detailed.offset).toBe(7);
  });

  it('tells an offset, a detail and a cause', () => {
    const cause = new Error('why');
    const error = new ProtocolError('WSIMD_NO_KERNEL', { detail: 'wasm', offset: 7, cause });
    expect(error.message).toMatch(/: wasm$/);
    expect(error.offset).toBe(7);
    expect(error.cause).toBe(cause);
  });

  it('has a close code where the peer is at fault, and a status where a request is', () => {
    expect(new ProtocolError('WSIMD_INVALID_UTF8')).toMatchObject({ closeCode: 1007, status: undefined });
    expect(new ProtocolError('WSIMD_FRAME_TOO_LONG')).toMatchObject({ closeCode: 1009 });
    expect(new ProtocolError('WSIMD_MESSAGE_TOO_LONG')).toMatchObject({ closeCode: 1009 });
    expect(new ProtocolError('WSIMD_CONNECTION_LOST')).toMatchObject({ closeCode: 1006 });
    expect(new ProtocolError('WSIMD_BAD_VERSION')).toMatchObject({ closeCode: undefined, status: 426 });
  });
});

describe('errors of the kernel', () => {
  it('are 15', () => {
    expect(KERNEL_ERRORS.map(([, number]) => number)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  it.each(KERNEL_ERRORS)('%s has the code of its name, and a close code', (name, number) => {
    const error = ProtocolError.fromKernel(number, 12);
    expect(error.code).toBe(name.replace('ERROR_', 'WSIMD_') as ErrorCode);
    expect(error.offset).toBe(12);
    const expected =
      name === 'ERROR_INVALID_UTF8' ? 1007 : name.endsWith('_TOO_LONG') && !name.includes('CONTROL') ? 1009 : 1002;
    expect(error.closeCode).toBe(expected);
  });

  it.each([0, 16, 255, -1])('of number %i there is none', (number) => {
    expect(() => ProtocolError.fromKernel(number, 0)).toThrow(RangeError);
  });
});
