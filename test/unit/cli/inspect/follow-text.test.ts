// `wsimd inspect` on what `tshark -q -z follow,tls,raw,0` prints of a connection whose TLS it has decrypted.

import { expect, it } from 'vitest';
import { parseFollowText } from '../../../../src/cli/inspect/follow-text.js';
import { Peer, stream } from '../../../support/frames/wire.js';
import { inspectJson, ofType, REQUEST, RESPONSE } from '../../../support/programs/inspected.js';
import { runWsimdOn } from '../../../support/servers/serve.js';

const client = new Peer('server');
const server = new Peer('client');
const hex = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('hex');

/** @param indented the sender whose lines are indented: that of node 1, as tshark sorts the two by address */
function followText(
  indented: 'client' | 'server',
  pieces: readonly (readonly ['client' | 'server', string])[],
): string {
  const lines = pieces.map(([from, text]) => (from === indented ? `\t${text}` : text));
  const line = '='.repeat(67);
  return [
    'Running as user "root" and group "root". This could be dangerous.\n',
    line,
    'Follow: tls,raw',
    'Filter: tcp.stream eq 0',
    'Node 0: 127.0.0.1:42291',
    'Node 1: :0',
    ...lines,
    line,
    '',
  ].join('\n');
}

it.each(['client', 'server'] as const)('both directions are told, with the %s indented', async (indented) => {
  const text = followText(indented, [
    ['client', hex(REQUEST)],
    ['server', hex(RESPONSE)],
    ['client', hex(stream(client.text('hello')))],
    ['server', hex(stream(server.text('he')).subarray(0, 3))],
    ['server', hex(stream(server.text('he')).subarray(3))],
    ['server', '8300'],
  ]);
  const { code, told } = await inspectJson(Buffer.from(text));
  expect(code).toBe(1);
  expect(ofType(told, 'request')).toHaveLength(1);
  expect(ofType(told, 'response')).toHaveLength(1);
  expect(ofType(told, 'message')).toMatchObject([
    { from: 'client', payload: { text: 'hello' } },
    { from: 'server', payload: { text: 'he' } },
  ]);
  expect(ofType(told, 'violation')).toMatchObject([{ from: 'server', code: 'WSIMD_RESERVED_OPCODE' }]);
});

it('a connection of which nothing could be decrypted is empty', async () => {
  const { code, stderr } = await runWsimdOn(Buffer.from(followText('client', [])), 'inspect', '-');
  expect(code).toBe(1);
  expect(stderr).toContain('there are no bytes in it');
});

it('--from makes no sense for it', async () => {
  const text = followText('client', [['client', hex(REQUEST)]]);
  const { code, stderr } = await runWsimdOn(Buffer.from(text), 'inspect', '--from', 'client', '-');
  expect(code).toBe(2);
  expect(stderr).toContain('--from is for bytes of one direction');
});

it('lines that are no hex of whole bytes are passed over', () => {
  expect(parseFollowText('Filter: tcp.stream eq 0\nabc\n\t81\n')).toEqual([
    { from: expect.any(String), bytes: Uint8Array.of(0x81) },
  ]);
});
