// Examples that show how a server is watched: each against the real packages.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { converse, PATIENTLY, start, UPGRADE_REQUEST } from './running.js';

test('metrics.mjs: what happens shows in the text that Prometheus reads', async () => {
  const server = await start('node', 'examples/metrics.mjs');
  await expect.poll(server.output, PATIENTLY).toMatch(/metrics on http/);
  const address = /http:\S+/.exec(server.output())![0];
  const lines = async () => {
    const response = await fetch(address, { headers: { Connection: 'close' } });
    expect(response.headers.get('Content-Type')).toMatch(/^application\/openmetrics-text/);
    const text = await response.text();
    expect(text).toMatch(/# EOF\n$/);
    return text.split('\n').filter((line) => line.startsWith('websocket_'));
  };
  await converse(server.url, true);
  const tooLong = new WebSocket(server.url);
  tooLong.on('error', () => {});
  await once(tooLong, 'open');
  tooLong.send(Buffer.alloc(2_000_000));
  await once(tooLong, 'close');
  const idle = new WebSocket(server.url);
  await once(idle, 'open');
  await expect
    .poll(lines, PATIENTLY)
    .toEqual(
      expect.arrayContaining([
        'websocket_connections 1',
        'websocket_opened_total 3',
        'websocket_closed_total{code="4000"} 1',
        'websocket_limits_total{limit="maxPayload"} 1',
        'websocket_messages_total{direction="received"} 2009',
        'websocket_messages_total{direction="sent"} 2009',
        'websocket_buffered_bytes 0',
      ]),
    );
  // Read a second time, the counters are not counted twice.
  expect(await lines()).toContain('websocket_opened_total 3');
  const closed = once(idle, 'close');
  server.kill('SIGTERM');
  expect((await closed)[0]).toBe(1001);
  await expect.poll(server.output, PATIENTLY).toMatch(/closed 1, cut 0\n\nended with 0/);
});

test('tracing.mjs: handshakes and connections are spans', async () => {
  const server = await start('node', '--import', './test/support/programs/print-spans.mjs', 'examples/tracing.mjs');
  const client = new WebSocket(`${server.url}/chat`);
  await once(client, 'open');
  client.send('hello');
  await once(client, 'message');
  client.close(4000);
  await once(client, 'close');
  const broken = connect(Number(new URL(server.url).port), '127.0.0.1');
  onTestFinished(() => void broken.destroy());
  broken.write(UPGRADE_REQUEST.replace('Version: 13', 'Version: 8'));
  await once(broken, 'data');
  const spans = () =>
    server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { id: string; parent?: string });
  await expect.poll(spans, PATIENTLY).toMatchObject([
    { name: 'websocket handshake', attributes: { 'url.path': '/chat', 'http.response.status_code': 101 } },
    {
      name: 'websocket connection',
      attributes: { 'websocket.close_code': 4000, messagesReceived: 1, messagesSent: 1 },
    },
    { name: 'websocket handshake', status: 2, attributes: { 'http.response.status_code': 426 }, events: ['exception'] },
  ]);
  const [handshake, connection] = spans();
  expect(connection!.parent).toBe(handshake!.id);
});
