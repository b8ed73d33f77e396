// What the tests of connections share: handlers, what a connection wants sent as lines, what it says of itself.

import { expect } from 'vitest';
import type { Connection } from '../../../src/connection.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import type { MessageHandler } from '../../../src/messages/handler.js';
import type { Role } from '../../../src/protocol/role.js';
import { bytesOf, CLOSE, concat, hex, TEXT } from './wire.js';

export const ROLES = ['server', 'client'] as const;
export const OTHER = { server: 'client', client: 'server' } as const satisfies Record<Role, Role>;
export const NOT_OPEN = expect.objectContaining({ code: 'WSIMD_NOT_OPEN', closeCode: undefined });

export function silentHandler(changes: Partial<MessageHandler> = {}): MessageHandler {
  const ignore = () => {};
  return {
    onText: ignore,
    onBinary: ignore,
    onPing: ignore,
    onPong: ignore,
    onClose: ignore,
    onError: ignore,
    ...changes,
  };
}

/** Takes what waits to be sent, as one line a frame: `opcode`, `-` for a fragment that is not the last, payload in hex. */
export function sent(connection: Connection): string[] {
  const bytes = connection.takeOutgoing();
  const { frames, error } = new FrameDecoder({ role: OTHER[connection.role], allowRsv1: true }).decodeFrames(bytes);
  if (error !== undefined) throw error;
  for (const { masked } of frames) expect(masked).toBe(connection.role === 'client');
  return frames.map(({ opcode, fin, payload }) => `${opcode}${fin ? '' : '-'} ${hex(payload)}`);
}

/** What a connection says of itself, as an object that a failed assertion can show. */
export function facts({ role, kernelName, state, bufferedLength, outgoingLength, hasReceivedClose }: Connection) {
  return { role, kernelName, state, bufferedLength, outgoingLength, hasReceivedClose };
}

export function closeLine(code?: number, reason = ''): string {
  return `${CLOSE} ${code === undefined ? '' : hex(concat(Uint8Array.of(code >> 8, code), bytesOf(reason)))}`;
}

export const textLine = (text: string) => `${TEXT} ${hex(bytesOf(text))}`;
