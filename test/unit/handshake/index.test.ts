import { describe, expect, it } from 'vitest';
import * as handshake from '../../../src/handshake/index.js';
import * as core from '../../../src/index.js';

describe('the public face of the handshake', () => {
  it('has these names', () => {
    expect(Object.keys(handshake).sort()).toEqual([
      'HeadReader',
      'HeaderList',
      'MAX_HEADER_COUNT',
      'MAX_HEAD_LENGTH',
      'acceptKey',
      'checkRequest',
      'checkResponse',
      'createKey',
      'createRequest',
      'encodeLatin1',
      'formatExtensions',
      'fromRawHeaders',
      'isValidKey',
      'parseExtensions',
      'parseRequestHead',
      'parseResponseHead',
      'rejectRequest',
      'writeRejection',
      'writeResponse',
    ]);
  });

  it('is apart from that of the core, but for the class of what it throws', () => {
    expect(Object.keys(handshake).filter((name) => name in core)).toEqual([]);
    expect(() => handshake.parseExtensions('"')).toThrow(core.ProtocolError);
  });
});
