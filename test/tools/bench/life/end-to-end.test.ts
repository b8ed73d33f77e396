// The life benchmark's own processes: a case is measured from its start to its end, and a server that answers wrongly is noticed.

import { describe, expect, it } from 'vitest';
import { type CaseInput, makeCase } from '../../../../bench/cases/life/case.js';
import type { Setting } from '../../../../bench/run/life/measure.js';
// Compiled: the children are processes of their own, which start from what is compiled.
import { makeCertificate } from '../../../../build/bench/run/life/certificate.js';
import { measureCase } from '../../../../build/bench/run/life/measure.js';
import { findPrograms } from '../../../../build/bench/subjects/subjects.js';

const setting: Setting = {
  programs: { node: process.execPath, bun: undefined, deno: undefined },
  loadProgram: process.execPath,
  pace: { rounds: 1, headlineTimes: 3, window: 50, warmup: 20, settle: 20 },
  certificate: makeCertificate,
};

const installed = findPrograms(process.execPath);

const measure = (input: CaseInput, programs = setting.programs) => {
  const life = makeCase('test', input);
  return measureCase(life, life.subjects, { ...setting, programs });
};

describe.runIf(process.platform === 'linux')('a case', () => {
  it.each<CaseInput>([
    { title: 'binary', load: { connections: 3, size: 300, inFlight: 4 }, subjects: ['wsimd', 'ws', 'socket'] },
    { title: 'string', load: { connections: 2, form: 'string' }, subjects: ['wsimd', 'ws'] },
    { title: 'tls', isTls: true, load: { connections: 2 }, subjects: ['wsimd', 'ws', 'socket'] },
    { title: 'pool', server: { reply: 'pool' }, load: { connections: 2, inFlight: 4 }, subjects: ['wsimd', 'ws'] },
    { title: 'stream', server: { kind: 'stream' }, load: { connections: 2 }, subjects: ['wsimd', 'ws'] },
    {
      title: 'takeover',
      load: { connections: 2, size: 175, form: 'buffer', compression: 'takeover' },
      subjects: ['wsimd', 'ws'],
    },
    {
      title: 'push',
      server: { kind: 'push', push: { clients: 3, size: 20, interval: 1, how: 'loop' } },
      load: { kind: 'receive', connections: 3, size: 20, form: 'string' },
      subjects: ['wsimd', 'wsimd broadcast', 'ws', 'socket'],
    },
    {
      title: 'handshakes',
      server: { kind: 'idle' },
      load: { kind: 'handshake', connections: 0 },
      subjects: ['wsimd', 'ws'],
    },
    { title: 'http/2', load: { connections: 2, isHttp2: true }, subjects: ['wsimd', 'HTTP/1.1'] },
    { title: 'client', measure: 'client', load: { connections: 2 }, subjects: ['wsimd', 'ws'] },
  ])('$title is measured for each subject', async (input) => {
    const { measurements, failures } = await measure(input);
    expect(failures).toEqual([]);
    expect(measurements.map(({ name }) => name)).toEqual(input.subjects);
    for (const { samples } of measurements) {
      expect(samples).toHaveLength(1);
      expect(samples[0]!.figure).toBeGreaterThan(0);
      expect(samples[0]!.latency.p50).toBeGreaterThan(0);
      expect(samples[0]!.collections).toBeDefined();
    }
  });

  it('a case that is shown first is measured with several processes of each subject', async () => {
    const first = await measure({
      title: 'first',
      isHeadline: true,
      load: { connections: 2 },
      subjects: ['wsimd', 'ws'],
    });
    expect(first.failures).toEqual([]);
    expect(first.measurements.map(({ name, samples }) => [name, samples.length])).toEqual([
      ['wsimd', 3],
      ['ws', 3],
    ]);
  });

  it.runIf(installed.deno !== undefined)('is measured on Deno over TLS', async () => {
    const input: CaseInput = { title: 'tls', isTls: true, load: { connections: 2 }, subjects: ['Deno'] };
    const { measurements, failures } = await measure(input, installed);
    expect(failures).toEqual([]);
    expect(measurements[0]!.samples[0]!.figure).toBeGreaterThan(0);
  });

  it('says what memory a message costs that is pending', async () => {
    const { measurements, failures } = await measure({
      title: 'pending',
      measure: 'pending memory',
      server: { kind: 'idle' },
      load: { kind: 'idle', connections: 50 },
      subjects: ['ws'],
    });
    expect(failures).toEqual([]);
    const { heapUsed, external } = measurements[0]!.samples[0]!.memory;
    // A message of 100 bytes, and what the socket keeps of a write.
    expect(heapUsed + external).toBeGreaterThan(100);
    expect(heapUsed + external).toBeLessThan(20_000);
  });

  it('leaves out a subject whose answers are wrong', async () => {
    // The server makes up text where binary was sent.
    const { measurements, failures } = await measure({
      title: 'wrong',
      server: { form: 'string' },
      load: { connections: 2, form: 'binary' },
      subjects: ['ws'],
    });
    expect(measurements).toEqual([]);
    expect(failures).toEqual([{ subject: 'ws', reason: 'what comes back is not what was sent' }]);
  });

  it('leaves out a subject whose runtime is missing', async () => {
    const { failures } = await measure({ title: 'no Bun', load: { connections: 1 }, subjects: ['Bun'] });
    expect(failures).toEqual([{ subject: 'Bun', reason: 'bun is not installed' }]);
  });
});
