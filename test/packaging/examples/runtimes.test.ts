import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { stream } from '../../support/frames/wire.js';
import { hasChromium, launchChromium } from '../../support/programs/chromium.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { findRuntime } from '../../support/programs/runtimes.js';
import { startWorker, workerd } from '../../support/programs/workerd.js';
import { client, closeFrame, converse, NOT_MASKED, outrun, PATIENTLY, root, sendRaw, start } from './running.js';

describeWith('Deno', findRuntime('deno') !== undefined, () => {
  test('deno-server.mjs', async () => {
    const server = await start(
      ...[findRuntime('deno')!, 'run', '--no-prompt', '--allow-net=127.0.0.1', '--allow-env=PORT'],
      'examples/deno-server.mjs',
    );
    await converse(server.url);
    await converse(server.url, true);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WSIMD_NOT_MASKED/);
  });
});

describeWith('Bun', findRuntime('bun') !== undefined, () => {
  test('bun-server.mjs', async () => {
    const server = await start(findRuntime('bun')!, 'examples/bun-server.mjs');
    await converse(server.url);
    await outrun(server.url);
    expect(await sendRaw(server.url, NOT_MASKED)).toContain(closeFrame(1002));
    await expect.poll(server.output, PATIENTLY).toMatch(/closed 4000 bye\n(.*\n)*WSIMD_NOT_MASKED/);
    const refused = await fetch(server.url.replace('ws:', 'http:'));
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Upgrade')]);
  });
});

describeWith('Chromium', hasChromium, () => {
  test('page.html', async () => {
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
      createReadStream(join(root, path))
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const browser = await launchChromium();
    onTestFinished(async () => {
      await browser.close();
      server.close();
    });
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/examples/page.html`);
    await page.waitForSelector('#frames li');
    const items = () => page.locator('#frames li').allTextContents();
    expect(await items()).toEqual([
      'text, final, masked, 5 bytes, "Hello"',
      'text, more to come, not masked, 3 bytes, "Hel"',
      'ping, final, not masked, 0 bytes, ',
      'continuation, final, not masked, 2 bytes, 6c 6f',
      'close, final, not masked, 2 bytes, 03 e8',
    ]);
    expect(await page.textContent('#kernel')).toBe('Decoded by the wasm kernel.');
    await page.fill('#hex', '81 01 41 83 00');
    expect(await items()).toEqual([
      'text, final, not masked, 1 bytes, "A"',
      'WSIMD_RESERVED_OPCODE: the opcode is reserved (byte 3)',
    ]);
    expect(errors).toEqual([]);
  });
});

describeWith('workerd', workerd !== undefined, () => {
  test('worker.mjs', async () => {
    const origin = await startWorker(join(root, 'examples/worker.mjs'), ['kernel.wasm']);

    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const closes: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
      socket.on('close', (closeCode, reason) => closes.push([closeCode, String(reason)]));
    });
    const query = new URLSearchParams({
      to: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      say: '漢字 '.repeat(1000),
    });
    const answer = await fetch(`${origin}?${query}`);
    expect(await answer.json()).toEqual({ received: '漢字 '.repeat(1000), closeCode: 1000 });
    await expect.poll(() => closes, PATIENTLY).toEqual([[1000, 'that was all']]);
    const nobody = await fetch(`${origin}?to=ws://127.0.0.1:1/`);
    expect(nobody.status).toBe(502);

    const body = Buffer.concat([stream(client.text('hello'), client.ping('p')), Buffer.from('8300', 'hex')]);
    const frames = await fetch(origin, { method: 'POST', body });
    expect(await frames.text()).toBe(
      '{"opcode":1,"fin":true,"masked":true,"length":5}\n' +
        '{"opcode":9,"fin":true,"masked":true,"length":1}\n' +
        '{"error":"WSIMD_RESERVED_OPCODE","offset":18}\n',
    );
  });
});
