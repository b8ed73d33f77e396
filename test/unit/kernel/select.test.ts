// src/kernel/select.ts, arena.ts, wasm.ts: which kernel serves, why, and what is said where one cannot; in this realm, and
// in processes of their own.

import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MEMORY_PAGES, PAGE_LENGTH } from '../../../assembly/shared/layout.js';
import { FrameDecoder } from '../../../src/frames/frame-decoder.js';
import { arenaFor } from '../../../src/kernel/arena.js';
import { selectKernel } from '../../../src/kernel/select.js';
import { createWasmKernel } from '../../../src/kernel/wasm/wasm.js';
import { KERNEL_NAMES } from '../../support/oracles/replay.js';
import { compileSources, runChild } from '../../support/programs/child.js';

const { Module } = WebAssembly;

beforeEach(() => {
  // The environment of the tests may force a kernel.
  vi.stubEnv('WSIMD_KERNEL', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.doUnmock('../../../build/src/kernel/wasm/kernel-bytes.js');
  vi.resetModules();
});

/** The modules made anew, as in a fresh realm: what they found out before is forgotten. */
async function freshly() {
  vi.resetModules();
  const [{ selectKernel }, { arenaFor }, { FrameEncoder }] = await Promise.all([
    import('../../../src/kernel/select.js'),
    import('../../../src/kernel/arena.js'),
    import('../../../src/frames/frame-encoder.js'),
  ]);
  return { selectKernel, arenaFor, FrameEncoder };
}

describe('selectKernel', () => {
  it.each(KERNEL_NAMES)('gives the %s kernel to who asks for it, always the same', (name) => {
    const { kernel, reason } = selectKernel(name);
    expect(kernel.name).toBe(name);
    expect(reason).toMatch(/in code/);
    expect(selectKernel(name).kernel).toBe(kernel);
    expect(kernel.memory.byteLength).toBe(MEMORY_PAGES * PAGE_LENGTH);
    expect(arenaFor(name)).toBe(arenaFor(name));
    expect(arenaFor(name).kernel).toBe(kernel);
  });

  it('takes no choice for "auto", and sticks to what it found', async () => {
    const fresh = await freshly();
    const selection = fresh.selectKernel();
    expect(selection.kernel.name).toBe('wasm');
    expect(selection.reason).toMatch(/runs here/);
    expect(fresh.selectKernel('auto')).toBe(selection);
    expect(fresh.selectKernel('wasm').kernel).toBe(selection.kernel);
    expect(fresh.arenaFor().kernel).toBe(selection.kernel);
    vi.stubEnv('WSIMD_KERNEL', 'portable');
    expect(fresh.selectKernel()).toBe(selection);
  });

  it.each(['native', '', 'WASM', null, 5, {}])('does not know %j', (choice) => {
    expect(() => selectKernel(choice as never)).toThrow(expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }));
    expect(() => new FrameDecoder({ role: 'server', kernel: choice as never })).toThrow(
      expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }),
    );
  });

  it.each(KERNEL_NAMES)('obeys WSIMD_KERNEL=%s, which code overrules', async (name) => {
    vi.stubEnv('WSIMD_KERNEL', name);
    const fresh = await freshly();
    expect(fresh.selectKernel().kernel.name).toBe(name);
    expect(fresh.selectKernel().reason).toMatch(/WSIMD_KERNEL/);
    const other = name === 'wasm' ? 'portable' : 'wasm';
    expect(fresh.selectKernel(other).kernel.name).toBe(other);
    expect(new fresh.FrameEncoder({ role: 'server' }).kernelName).toBe(name);
  });

  it('takes an empty WSIMD_KERNEL for none', async () => {
    vi.stubEnv('WSIMD_KERNEL', '');
    expect((await freshly()).selectKernel().reason).toMatch(/runs here/);
  });

  it('does not fall back where WSIMD_KERNEL names no kernel', async () => {
    vi.stubEnv('WSIMD_KERNEL', 'fast');
    const fresh = await freshly();
    const refused = expect.objectContaining({ code: 'WSIMD_NO_KERNEL', message: expect.stringContaining('fast') });
    expect(() => fresh.selectKernel()).toThrow(refused);
    expect(() => fresh.selectKernel()).toThrow(refused);
    expect(fresh.selectKernel('portable').kernel.name).toBe('portable');
  });

  it('falls back to the portable kernel where WebAssembly is forbidden, and says why', async () => {
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Module: class {
        constructor() {
          throw new EvalError('Refused by Content Security Policy');
        }
      },
    });
    const fresh = await freshly();
    const { kernel, reason } = fresh.selectKernel();
    expect(kernel.name).toBe('portable');
    expect(reason).toContain('Refused by Content Security Policy');
    const refused = expect.objectContaining({ code: 'WSIMD_NO_KERNEL', cause: expect.any(EvalError) });
    expect(() => fresh.selectKernel('wasm')).toThrow(refused);
    vi.stubEnv('WSIMD_KERNEL', 'wasm');
    const forced = await freshly();
    expect(() => forced.selectKernel()).toThrow(expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }));
  });

  it('falls back where there is no WebAssembly at all', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    const { kernel, reason } = (await freshly()).selectKernel();
    expect(kernel.name).toBe('portable');
    expect(reason).toMatch(/WebAssembly cannot run here: \S/);
  });

  it('does without a process, and with one that forbids to look', async () => {
    const { env } = process;
    for (const forbidden of [
      undefined,
      {},
      {
        get env(): never {
          throw new Error('NotCapable');
        },
      },
    ]) {
      const fresh = await freshly();
      vi.stubGlobal('process', forbidden);
      try {
        expect(fresh.selectKernel().reason).toMatch(/runs here/);
      } finally {
        vi.unstubAllGlobals();
      }
    }
    expect(process.env).toBe(env);
  });
});

describe('a module that was compiled elsewhere', () => {
  const moduleOf = (file: string) => new Module(readFileSync(new URL(`../../../build/${file}`, import.meta.url)));

  /** Both modules' seams, as in a fresh realm. */
  async function freshSeams() {
    vi.resetModules();
    const [{ init, selectKernel }, { initDeflate, createDeflateKernel }] = await Promise.all([
      import('../../../src/kernel/select.js'),
      import('../../../src/deflate/kernel/select-deflate.js'),
    ]);
    return [
      { file: 'kernel.wasm', other: 'deflate.wasm', give: init, use: () => selectKernel().kernel },
      { file: 'deflate.wasm', other: 'kernel.wasm', give: initDeflate, use: () => createDeflateKernel('wasm', 1) },
    ] as const;
  }

  it('serves, if it is given before the first use', async () => {
    for (const { file, give, use } of await freshSeams()) {
      const module = moduleOf(file);
      const instances: unknown[] = [];
      class Instance extends WebAssembly.Instance {
        constructor(from: WebAssembly.Module) {
          instances.push(from);
          super(from);
        }
      }
      vi.stubGlobal('WebAssembly', Object.create(WebAssembly, { Instance: { value: Instance } }));
      give(module as never);
      expect(use().name).toBe('wasm');
      expect(instances).toContain(module);
      expect(() => give(module as never)).toThrow(expect.objectContaining({ code: 'WSIMD_KERNEL_IN_USE' }));
      vi.unstubAllGlobals();
    }
    const { init, selectKernel } = await import('../../../src/kernel/select.js');
    expect(selectKernel().reason).toMatch(/the module that init was given/);
    expect(() => init(moduleOf('kernel.wasm') as never)).toThrow();
  });

  it('is refused if it is another, or none', async () => {
    for (const { other, give } of await freshSeams()) {
      expect(() => give(moduleOf(other) as never)).toThrow(expect.objectContaining({ code: 'WSIMD_WRONG_MODULE' }));
      for (const none of [undefined, {}, new Uint8Array(8)]) expect(() => give(none as never)).toThrow(TypeError);
    }
  });

  it('a deflate kernel that cannot be made is told as such', async () => {
    const { createDeflateKernel } = await import('../../../src/deflate/kernel/select-deflate.js');
    // More pages than 32 bits of addresses have.
    expect(() => createDeflateKernel('wasm', 2 ** 16)).toThrow(expect.objectContaining({ code: 'WSIMD_NO_KERNEL' }));
  });
});

describe('createWasmKernel', () => {
  it('makes kernels that share nothing', () => {
    const [one, two] = [createWasmKernel(), createWasmKernel()];
    expect(one.memory).not.toBe(two.memory);
    expect(one.name).toBe('wasm');
  });

  it('takes a module that was compiled elsewhere', () => {
    const bytes = readFileSync(new URL('../../../build/kernel.wasm', import.meta.url));
    expect(createWasmKernel(new Module(bytes)).memory.byteLength).toBe(MEMORY_PAGES * PAGE_LENGTH);
  });

  it('has a memory that cannot grow', () => {
    const bytes = readFileSync(new URL('../../../build/kernel.wasm', import.meta.url));
    const { memory } = new WebAssembly.Instance(new Module(bytes)).exports as { memory: WebAssembly.Memory };
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('takes no other module', () => {
    // The least module there is: magic and version. And one that exports a memory of one page under the right name.
    const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const onePage = [...magic, 5, 3, 1, 0, 1, 7, 10, 1, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0];
    for (const bytes of [magic, onePage]) {
      expect(() => createWasmKernel(new Module(Uint8Array.from(bytes)))).toThrow(/not the module/);
    }
  });

  it('says so where its bytes are damaged', async () => {
    vi.doMock('../../../build/src/kernel/wasm/kernel-bytes.js', () => ({
      KERNEL: { text: 'no module', swizzles: [] },
    }));
    vi.resetModules();
    const { createWasmKernel } = await import('../../../src/kernel/wasm/wasm.js');
    expect(() => createWasmKernel()).toThrow(WebAssembly.CompileError);
  });
});

describe('in a process of its own', () => {
  let compiled: ReturnType<typeof compileSources>;
  beforeAll(() => {
    compiled = compileSources();
  });
  afterAll(() => compiled.dispose());

  const SELECT = `
    const { selectKernel } = await import('./src/index.js');
    let answer;
    try {
      const { kernel, reason } = selectKernel();
      answer = { name: kernel.name, reason };
    } catch (error) {
      answer = { code: error.code };
    }
    console.log(JSON.stringify(answer));
  `;

  /** Messages of all kinds from one connection to another, and what came of them. */
  const TALK = `
    const { Connection, FrameDecoder, isValidUtf8 } = await import('./src/index.js');
    const [a, b] = [new Connection({ role: 'client' }), new Connection({ role: 'server' })];
    const texts = ['', 'plain', 'grün €', '🙂'.repeat(20), 'é'.repeat(63), 'x'.repeat(70000) + 'ß', '\\ufeffmark', '\\ud800'];
    for (const text of texts) a.sendText(text);
    a.sendBinary(new Uint8Array(70000).fill(7));
    a.ping('p');
    a.close(1000, 'schön');
    const events = b.receive(a.takeOutgoing());
    const back = a.receive(b.takeOutgoing());
    const check = (event) => event.type === 'text' ? event.text.length + ':' + event.text.slice(-9)
      : event.type === 'binary' ? event.data.length + ':' + event.data.every((byte) => byte === 7)
      : event.type === 'close' ? event.closeCode + event.reason : event.type;
    console.log(JSON.stringify({
      kernel: b.kernelName,
      hasBuffer: typeof Buffer !== 'undefined',
      events: events.map(check),
      back: back.map(check),
      valid: [isValidUtf8(Uint8Array.of(0xc3, 0xa9)), isValidUtf8(Uint8Array.of(0xff))],
    }));
  `;

  it('obeys WSIMD_KERNEL', async () => {
    const answers = await Promise.all(
      ['wasm', 'portable', 'none', ''].map((name) =>
        runChild(compiled.directory, SELECT, { env: { WSIMD_KERNEL: name } }),
      ),
    );
    expect(answers).toEqual([
      { name: 'wasm', reason: expect.stringContaining('WSIMD_KERNEL') },
      { name: 'portable', reason: expect.stringContaining('WSIMD_KERNEL') },
      { code: 'WSIMD_NO_KERNEL' },
      { name: 'wasm', reason: expect.stringContaining('runs here') },
    ]);
  });

  it('runs without WebAssembly, as under --jitless, and then not in silence', async () => {
    const [without, jitless, forced] = await Promise.all([
      runChild(compiled.directory, `delete globalThis.WebAssembly;${SELECT}`),
      runChild(compiled.directory, SELECT, { flags: ['--jitless'] }),
      runChild(compiled.directory, `delete globalThis.WebAssembly;${SELECT}`, { env: { WSIMD_KERNEL: 'wasm' } }),
    ]);
    const fallback = { name: 'portable', reason: expect.stringMatching(/WebAssembly cannot run here: \S/) };
    expect([without, jitless]).toEqual([fallback, fallback]);
    expect(forced).toEqual({ code: 'WSIMD_NO_KERNEL' });
  });

  it('comes to the same on both kernels, with and without Node’s Buffer', async () => {
    const without = `delete globalThis.Buffer;`;
    const answers = (await Promise.all([
      runChild(compiled.directory, TALK),
      runChild(compiled.directory, TALK, { env: { WSIMD_KERNEL: 'portable' } }),
      runChild(compiled.directory, without + TALK),
      runChild(compiled.directory, without + TALK, { env: { WSIMD_KERNEL: 'portable' } }),
    ])) as { kernel: string; hasBuffer: boolean }[];
    expect(answers.map(({ kernel, hasBuffer }) => [kernel, hasBuffer])).toEqual([
      ['wasm', true],
      ['portable', true],
      ['wasm', false],
      ['portable', false],
    ]);
    const [first, ...others] = answers.map(({ kernel: _, hasBuffer: __, ...rest }) => rest);
    expect(first).toEqual({
      events: [
        '0:',
        '5:plain',
        '6:grün €',
        '40:\udd42🙂🙂🙂🙂'.replace('\udd42', '\ude42'),
        '63:ééééééééé',
        '70001:xxxxxxxxß',
        '5:\ufeffmark',
        '1:\ufffd',
        '70000:true',
        'ping',
        '1000schön',
      ],
      back: ['pong', '1000schön'],
      valid: [true, false],
    });
    for (const other of others) expect(other).toEqual(first);
  });

  it('compiles and allocates nothing at import', async () => {
    const answer = await runChild(
      compiled.directory,
      `
        const made = [];
        for (const name of ['Module', 'Instance', 'Memory', 'compile', 'instantiate']) {
          const real = WebAssembly[name];
          WebAssembly[name] = function (...args) { made.push(name); return Reflect.construct(real, args, new.target ?? real); };
        }
        const random = crypto.getRandomValues;
        Object.getPrototypeOf(crypto).getRandomValues = function (...args) { made.push('random'); return random.apply(this, args); };
        let bytes = 0;
        for (const name of ['ArrayBuffer', 'Uint8Array', 'Int8Array', 'Uint32Array', 'Int32Array', 'SharedArrayBuffer']) {
          globalThis[name] = new Proxy(globalThis[name], {
            construct(target, args, newTarget) {
              if (typeof args[0] === 'number') bytes += args[0];
              return Reflect.construct(target, args, newTarget);
            },
          });
        }
        const { FrameDecoder } = await import('./src/index.js');
        const atImport = [...made];
        const few = bytes < 4096;
        new FrameDecoder({ role: 'server' });
        console.log(JSON.stringify({ atImport, atUse: made, few }));
      `,
    );
    expect(answer).toEqual({ atImport: [], atUse: expect.arrayContaining(['Module', 'Instance']), few: true });
  });

  it('imports nothing of a host', async () => {
    const answer = await runChild(
      compiled.directory,
      `
        import { readFileSync, readdirSync } from 'node:fs';
        const found = [];
        const walk = (directory) => {
          for (const entry of readdirSync(directory, { withFileTypes: true })) {
            const path = directory + '/' + entry.name;
            if (entry.isDirectory()) walk(path);
            else if (path.endsWith('.js')) {
              for (const [, name] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\\s*\\(?['"]([^'"]+)['"]/g)) {
                if (!name.startsWith('.')) found.push(path + ': ' + name);
              }
            }
          }
        };
        walk(new URL('src', import.meta.url).pathname);
        console.log(JSON.stringify(found));
      `,
    );
    expect(answer).toEqual([]);
  });
});
