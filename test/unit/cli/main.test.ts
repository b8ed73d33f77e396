// The program `wsimd`: what it prints, and its exit codes.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MAIN, runWsimd } from '../../support/servers/serve.js';

describe('wsimd', () => {
  it.each(['--help', '-h'])('%s names the commands', async (option) => {
    const { code, stdout, stderr } = await runWsimd(option);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: wsimd <command>');
    for (const name of ['serve', 'connect', 'proxy', 'load', 'inspect'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it('ends as others do when the reader of its output has gone', async () => {
    const child = spawn('sh', ['-c', `'${process.execPath}' '${MAIN}' inspect --format raw - | head -n 1`]);
    child.stdin.on('error', () => {});
    child.stdin.end(Buffer.alloc(1_000_000, Buffer.from('810141', 'hex')));
    const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
    expect(Buffer.concat(stdout as Buffer[]).toString()).toMatch(/^ *offset .*\n$/);
    expect(stderr).toEqual([]);
  });

  it.each(['--version', '-v'])('%s prints the version of the package', async (option) => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await runWsimd(option)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('serve --help tells its options', async () => {
    const { code, stdout } = await runWsimd('serve', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--port N');
    expect(stdout).toContain('--host ADDRESS');
    expect(stdout).toContain('--allow-host HOST');
  });

  it.each([
    [[], 'which command? There are serve, connect, proxy, inspect, load'],
    [['help', 'sreve'], 'there is no command "sreve"; did you mean serve?'],
    [['sreve'], 'there is no command "sreve"; did you mean serve?'],
    [['listen'], 'there is no command "listen"'],
    [['--serve'], 'there is no option "--serve"'],
    [['--verison'], 'there is no option "--verison"; did you mean --version?'],
    [['serve', '--prot', '1'], 'there is no option "--prot"; did you mean --port?'],
    [['serve', '--feed', '1'], 'there is no option "--feed"'],
    [['serve', '-p', '1'], 'there is no option "-p"'],
    [['serve', 'here'], 'unexpected argument "here"'],
    [['serve', '--port'], '--port needs a value'],
    [['serve', '--port', '-1'], '--port needs a value; to give it "-1", write --port=-1'],
    [['serve', '--port', 'http'], '--port is a whole number from 0 to 65535, not "http"'],
    [['serve', '--port', '65536'], '--port is a whole number from 0 to 65535, not "65536"'],
    [['serve', '--port', ''], '--port is a whole number from 0 to 65535, not ""'],
    [['serve', '--host', ''], '--host is an address'],
    [['serve', '--allow-host', 'http://a'], '--allow-host is a host such as dev.example.com, not "http://a"'],
    [['serve', '--port=-1'], '--port is a whole number from 0 to 65535, not "-1"'],
  ])('%j is a usage error', async (args, message) => {
    expect(await runWsimd(...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `wsimd: ${message}\nTry: wsimd ${args[0] === 'serve' ? 'serve ' : ''}--help\n`,
    });
  });

  it('help is another way to say --help', async () => {
    expect(await runWsimd('help')).toEqual(await runWsimd('--help'));
    expect(await runWsimd('help', 'load')).toEqual(await runWsimd('load', '--help'));
  });

  it('says in one line that the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      expect(await runWsimd('serve', '--port', String(port))).toEqual({
        code: 1,
        stdout: '',
        stderr: `wsimd: cannot listen on 127.0.0.1, port ${port}: the port is taken; another can be named with --port\n`,
      });
    } finally {
      other.close();
    }
  });

  it('says in one line that there is no such address', async () => {
    const { code, stderr } = await runWsimd('serve', '--port', '0', '--host', '192.0.2.1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^wsimd: cannot listen on 192\.0\.2\.1, port 0: .+\n$/);
  });
});
