// Proxies for tests: the real programs, on loopback, each with a configuration of its own in a temporary folder. What matters in
// the configuration is read from docs/how-to/proxies.md, so that what is documented is what is tested. It knows no WebSocket.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from './tcp.js';
import type { Certificate } from './tls.js';

export interface ProxyProgram {
  /** As the tests name it. */
  readonly name: string;
  readonly path: string;
  /** The arguments that run it in the foreground with this configuration. */
  commandLine(file: string): readonly string[];
  /** A whole configuration around the documented part. */
  wrap(part: string, port: number, folder: string): string;
}

const IS_ROOT = process.getuid?.() === 0;

export const NGINX: ProxyProgram = {
  name: 'nginx',
  path: '/usr/sbin/nginx',
  commandLine: (file) => ['-c', file],
  wrap: (part, _port, folder) => `
    daemon off;
    ${IS_ROOT ? 'user root;' : ''}
    worker_processes 1;
    pid ${folder}/pid;
    error_log ${folder}/error.log info;
    events {}
    http {
      access_log ${folder}/access.log;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      scgi_temp_path ${folder}/scgi;
      uwsgi_temp_path ${folder}/uwsgi;
      ${part}
    }`,
};

/** Apache httpd with these modules of `proxy_*` or others. */
export function apache(name: string, ...modules: readonly string[]): ProxyProgram {
  const loaded = ['mpm_event', 'authz_core', 'proxy', ...modules].map(
    (module) => `LoadModule ${module}_module /usr/lib/apache2/modules/mod_${module}.so`,
  );
  return {
    name,
    path: '/usr/sbin/apache2',
    commandLine: (file) => ['-D', 'FOREGROUND', '-f', file],
    wrap: (part, port, folder) => `
      ServerRoot ${folder}
      ServerName localhost
      DefaultRuntimeDir ${folder}
      PidFile ${folder}/pid
      Mutex default:${folder}
      ErrorLog ${folder}/error.log
      LogLevel info
      StartServers 1
      ${IS_ROOT ? 'User nobody\n      Group nogroup' : ''}
      ${loaded.join('\n      ')}
      Listen 127.0.0.1:${port}
      ${part}`,
  };
}

export const LIGHTTPD: ProxyProgram = {
  name: 'lighttpd',
  path: '/usr/sbin/lighttpd',
  commandLine: (file) => ['-D', '-f', file],
  wrap: (part, _port, folder) => `
    server.bind = "127.0.0.1"
    server.document-root = "${folder}"
    server.errorlog = "${folder}/error.log"
    ${part}`,
};

export const HAPROXY: ProxyProgram = {
  name: 'HAProxy',
  path: '/usr/sbin/haproxy',
  commandLine: (file) => ['-db', '-f', file],
  wrap: (part) => `${part}\n`,
};

export interface ProxySetup {
  readonly program: ProxyProgram;
  /** The name of a block in docs/how-to/proxies.md. */
  readonly configuration: string;
  /** The port of the server behind it. */
  readonly backend: number;
  /** Seconds; documented are 90. */
  readonly idleTimeout?: number;
  /** For a configuration that takes TLS off. */
  readonly certificate?: Certificate;
}

/** The text of a block of docs/how-to/proxies.md whose info string is its language and this name. */
export function documentedConfiguration(name: string): string {
  const page = readFileSync(new URL('../../../docs/how-to/proxies.md', import.meta.url), 'utf8');
  for (const [, info = '', text = ''] of page.matchAll(/^```(.*)\n((?:(?!```).*\n)*)```$/gm)) {
    if (info.split(' ')[1] === name) return text;
  }
  throw new Error(`docs/how-to/proxies.md has no configuration named ${name}`);
}

/**
 * Runs a proxy until the test has ended; if that has failed, the proxy's logs are shown.
 *
 * @returns the port that it listens on
 */
export async function startProxy({
  program,
  configuration,
  backend,
  idleTimeout,
  certificate,
}: ProxySetup): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'wsimd-proxy-'));
  const port = await freePort();
  let part = documentedConfiguration(configuration);
  part = replace(part, /(?<=listen )(?:80|443)\b|(?<=bind ):(?:80|443)\b/, `127.0.0.1:${port}`, false);
  part = replace(part, /(?<=[*]:|server\.port = )(?:80|443)\b/, String(port), false);
  if (!part.includes(String(port))) throw new Error(`${configuration} listens on neither 80 nor 443`);
  part = replace(part, /\b8080\b/, String(backend), true);
  if (idleTimeout !== undefined) part = replace(part, /\b90(?=s?\b)/, String(idleTimeout), true);
  if (certificate !== undefined) {
    const pem = join(folder, 'example.pem');
    writeFileSync(pem, certificate.cert + certificate.key);
    part = replace(part, /\/etc\/ssl\/example\.pem/, pem, true);
  }
  const file = join(folder, 'configuration');
  writeFileSync(file, program.wrap(part, port, folder));
  const child = spawn(program.path, program.commandLine(file), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const report = () => {
    const logs = readdirSync(folder).filter((name) => name === 'configuration' || name.endsWith('.log'));
    const texts = logs.map((name) => `---- ${name}\n${readFileSync(join(folder, name), 'utf8')}`);
    return `${program.name}\n${output}\n${texts.join('\n')}`;
  };
  onTestFinished(async ({ task }) => {
    await end(child);
    if (task.result?.state === 'fail') console.error(report());
    rmSync(folder, { recursive: true, force: true });
  }, 40_000);
  while (!(await isListening(port))) {
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}: ${report()}`);
    await sleep(20);
  }
  if (hasEnded(child)) throw new Error(`the port is another's: ${report()}`);
  return port;
}

/** Whether the program of each of these is installed. */
export function isInstalled(program: ProxyProgram): boolean {
  return existsSync(program.path);
}

function replace(text: string, pattern: RegExp, value: string, isNeeded: boolean): string {
  if (isNeeded && !pattern.test(text)) throw new Error(`the configuration has no ${pattern}`);
  return text.replaceAll(new RegExp(pattern, 'g'), value);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}
