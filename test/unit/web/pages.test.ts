// wsimd/web in a page of each engine, over a pair of TransformStreams: the browser's own streams, both ends in the page. From the
// build, as a page without a bundler would have it.

import { expect, onTestFinished, test } from 'vitest';
import type * as Deflate from '../../../src/deflate/index.js';
import type * as Web from '../../../src/web/index.js';
import { BROWSERS, hasBrowser, launchBrowser } from '../../support/programs/browsers.js';
import { describeWith } from '../../support/programs/describe-with.js';
import { servePage } from '../../support/servers/page-server.js';

const BUILD = new URL('../../../build/', import.meta.url);
const MODULE = /^\/(src|assembly)\/[\w/-]+\.js$/;

const PAGE = `<!doctype html><title>streams</title><script type="module">
import { PerMessageDeflate } from '/src/deflate/index.js';
import * as web from '/src/web/index.js';
globalThis.wsimd = { ...web, PerMessageDeflate };
</script>`;

/** Runs in the page: an echo, and what came back of all that was sent. */
async function converse() {
  const scope = globalThis as { wsimd?: typeof Web & typeof Deflate };
  // A driver may come here before the page's script has run.
  while (scope.wsimd === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  const { acceptWebSocket, connectWebSocket, PerMessageDeflate } = scope.wsimd;
  const perMessageDeflate = new PerMessageDeflate();
  const [up, down] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const server = acceptWebSocket(
    { readable: up.readable, writable: down.writable },
    { protocols: ['echo'], perMessageDeflate },
  );
  const client = connectWebSocket(
    { readable: down.readable, writable: up.writable },
    { url: 'ws://localhost/', protocols: ['echo'], perMessageDeflate },
  );
  const [{ readable, writable }, opened] = await Promise.all([server.opened, client.opened]);
  const echo = readable.pipeTo(writable).catch(String);

  const sent = ['', 'Grüße 漢字 🙂', 'long '.repeat(100_000), new Uint8Array(0), new Uint8Array(300_000).fill(7)];
  const [reader, writer] = [opened.readable.getReader(), opened.writable.getWriter()];
  const describe = (message: unknown) =>
    typeof message === 'string' ? message : `${(message as Uint8Array).length} times ${(message as Uint8Array)[0]}`;
  const same: boolean[] = [];
  const sending = (async () => {
    for (const message of sent) await writer.write(message);
  })();
  for (const message of sent) same.push(describe((await reader.read()).value) === describe(message));
  await sending;
  client.close({ closeCode: 4000, reason: 'done' });
  const { closeCode, reason } = await server.closed;
  await Promise.all([client.closed, echo]);
  return { same, closeCode, reason, protocol: opened.protocol, extensions: opened.extensions };
}

for (const name of BROWSERS) {
  describeWith(`a page of ${name}`, hasBrowser(name), () => {
    test('is both ends of a WebSocket over TransformStreams, compressed', async () => {
      const url = await servePage(PAGE, MODULE, BUILD);
      const browser = await launchBrowser(name);
      onTestFinished(() => browser.close());
      await browser.open(url);
      const { extensions, ...rest } = await browser.evaluate(converse, undefined);
      expect(rest).toEqual({
        same: [true, true, true, true, true],
        closeCode: 4000,
        reason: 'done',
        protocol: 'echo',
      });
      expect(extensions).toMatch(/^permessage-deflate/);
    });
  });
}
