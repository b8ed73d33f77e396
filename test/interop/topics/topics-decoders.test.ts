// Messages of topics, compressed once with shared history, as the decoders of others read them: ws, Chromium, Firefox, WebKitGTK, Python.
// WSIMD_DELIVERIES says how many messages each gets.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { BROWSERS, hasBrowser, launchBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { pythonVersion } from '../languages/python.js';
import { startTopicsProgram } from './topics-program.js';

const DELIVERIES = Number(process.env.WSIMD_DELIVERIES ?? 3000);
const TIMEOUT = 600_000;
const CLIENTS = 24;
/** Of RFC 7692, all that a server may be asked for. */
const BITS = [8, 9, 10, 11, 12, 13, 14, 15];

async function start(deflateTakeover = true) {
  const program = await startTopicsProgram({ threshold: 0, deflateTakeover, deflateWindowBits: 15 });
  onTestFinished(() => program.stop());
  return program;
}

test('ws, with every window size, and without takeover', { timeout: TIMEOUT }, async () => {
  const program = await start();
  for (let i = 0; i < CLIENTS; i++) {
    const client = new WsClient(program.url, {
      perMessageDeflate: { serverMaxWindowBits: BITS[i % 8]!, serverNoContextTakeover: i % 12 === 11, threshold: 0 },
    });
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  }
  const { deliveries, extensions } = await program.run(CLIENTS, DELIVERIES, 1);
  expect(deliveries).toBeGreaterThanOrEqual(DELIVERIES);
  for (const bits of BITS) expect([...extensions].join()).toContain(`server_max_window_bits=${bits}`);
  expect([...extensions].join()).toContain('server_no_context_takeover');
});

describeWith('websockets', pythonVersion('websockets') !== undefined, () => {
  test('websockets of Python, with every window size, and without takeover', { timeout: TIMEOUT }, async () => {
    const program = await start();
    // Its zlib inflates with 8 bits, but a client of it must be able to deflate with what the server answers for its own.
    const deflates = Array.from({ length: CLIENTS }, (_, i) => ({
      server_max_window_bits: BITS[i % 8]!,
      server_no_context_takeover: i % 12 === 11,
    }));
    const path = fileURLToPath(new URL('../peers/websockets_echo.py', import.meta.url));
    const python = promisify(execFile)('/usr/bin/python3', [path, program.url, JSON.stringify(deflates)]);
    const { deliveries, extensions } = await program.run(CLIENTS, DELIVERIES, 2);
    expect(deliveries).toBeGreaterThanOrEqual(DELIVERIES);
    for (const bits of BITS) expect([...extensions].join()).toContain(`server_max_window_bits=${bits}`);
    await python;
  });
});

for (const name of BROWSERS) {
  describeWith(name, hasBrowser(name), () => {
    test.each([true, false])('takeover: %s', { timeout: TIMEOUT }, async (takeover) => {
      const program = await start(takeover);
      const browser = await launchBrowser(name);
      onTestFinished(() => browser.close());
      await browser.open(program.pageUrl);
      const page = browser.evaluate(echoAll, { url: program.url, count: CLIENTS });
      const { deliveries, extensions } = await program.run(CLIENTS, DELIVERIES, 3);
      expect(deliveries).toBeGreaterThanOrEqual(DELIVERIES);
      const [agreed] = extensions;
      expect(agreed).toMatch(takeover ? /^permessage-deflate(?!.*server_no_context)/ : /server_no_context_takeover/);
      expect(await page).toEqual(Array.from({ length: CLIENTS }, () => 1000));
    });
  });
}

/** Of the page: clients that send back whatever comes. @returns the codes that they are closed with */
function echoAll({ url, count }: { url: string; count: number }): Promise<number[]> {
  const closes = Array.from({ length: count }, () => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    return new Promise<number>((resolve) => {
      socket.addEventListener('message', ({ data }) => socket.send(data as string | ArrayBuffer));
      socket.addEventListener('close', ({ code }) => resolve(code));
    });
  });
  return Promise.all(closes);
}
