// A handler that writes down what it is called with.

import type { MessageHandler } from '../../../src/messages/handler.js';
import type { ProtocolError } from '../../../src/protocol/errors.js';
import { hex } from './wire.js';

export function recorder(lines: string[] = []): Required<MessageHandler> & { lines: string[] } {
  return {
    lines,
    onText: (text) => lines.push(`text ${text}`),
    onTextBytes: (bytes) => lines.push(`textBytes ${hex(bytes)}`),
    onBinary: (data) => lines.push(`binary ${hex(data)}`),
    onFragments: (fragments) => lines.push(`fragments ${fragments.map(hex).join(', ')}`),
    onPiece: (piece) => lines.push(`piece ${piece.opcode} ${hex(piece.data)}`),
    onPing: (payload) => lines.push(`ping ${hex(payload)}`),
    onPong: (payload) => lines.push(`pong ${hex(payload)}`),
    onClose: (closeCode, reason) => lines.push(`close ${closeCode} ${reason}`),
    onError: (error: ProtocolError) => lines.push(`error ${error.code}`),
  };
}
