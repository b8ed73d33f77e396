// Which kernel serves, and why. It makes at most one of each kind in a realm, at the first use, never at import.

import { ProtocolError } from '../protocol/errors.js';
import { describeValue } from '../protocol/option-checks.js';
import type { Kernel, KernelName } from './kernel.js';
import { createPortableKernel } from './portable/portable.js';
import { type CompiledModule, createWasmKernel, requireKernelModule } from './wasm/wasm.js';

/** A choice of kernel: one by name, or `'auto'`: WebAssembly where it runs, else the portable one. */
export type KernelChoice = KernelName | 'auto';

/** The kernel that serves, and why it is that one. */
export interface KernelSelection {
  /** The kernel that is in use; `kernel.name` says which it is. */
  readonly kernel: Kernel;
  /** For people: what decided. Names the engine's error where WebAssembly was wanted and could not run. */
  readonly reason: string;
}

const made = new Map<KernelName, Kernel>();
let automatic: KernelSelection | undefined;
let given: CompiledModule | undefined;

/**
 * Gives wsimd its kernel as a module that was compiled elsewhere. Without it the first codec compiles the kernel from bytes,
 * synchronously. Call it on hosts that must compile in another way (a bundler's or a runtime's import of a `.wasm` file,
 * `WebAssembly.compileStreaming`), and in threads: a module that was compiled once can be posted to all of them. Under the export
 * condition `workerd` the package calls it when it is imported.
 *
 * The module is checked at once and instantiated at the first use. Until then another call replaces it.
 *
 * @param module a `WebAssembly.Module` compiled from `wsimd/kernel.wasm` of this version
 * @throws TypeError for what is no compiled module; ProtocolError `WSIMD_WRONG_MODULE` for another module than this one;
 *   `WSIMD_KERNEL_IN_USE` once a codec, or a call of `selectKernel`, has chosen a kernel in this realm. A choice of `'portable'` by name
 *   does not count
 */
export function init(module: CompiledModule): void {
  requireKernelModule(module);
  if (automatic !== undefined || made.has('wasm')) throw new ProtocolError('WSIMD_KERNEL_IN_USE');
  given = module;
}

/**
 * The kernel for a choice. For `'auto'`, which is also what no choice means, the environment variable `WSIMD_KERNEL`
 * (`wasm`, `portable`) decides where it is set.
 *
 * @throws ProtocolError `WSIMD_NO_KERNEL` if the kernel that was named, in code or by the variable, cannot run here, or there
 *   is none of that name
 */
export function selectKernel(choice?: KernelChoice): KernelSelection {
  requireKernelName(choice);
  if (choice !== undefined && choice !== 'auto') return selection(named(choice), 'asked for in code');
  automatic ??= choose(environmentChoice() as KernelName | undefined);
  return automatic;
}

/**
 * Checks the option `kernel`, or the variable where the option leaves the choice to it, and makes no kernel yet.
 *
 * @throws ProtocolError `WSIMD_NO_KERNEL` for a name that is none
 */
export function requireKernelName(choice: KernelChoice | undefined): void {
  if (choice === 'wasm' || choice === 'portable') return;
  if (choice !== undefined && choice !== 'auto') {
    throw noSuchKernel(`kernel is "auto", "wasm" or "portable", not ${describeValue(choice)}`);
  }
  if (automatic !== undefined) return;
  const name = environmentChoice();
  if (name !== undefined && name !== 'wasm' && name !== 'portable') {
    throw noSuchKernel(`WSIMD_KERNEL is "wasm" or "portable", not ${describeValue(name)}`);
  }
}

/** Whether a kernel was asked for by name, in code or by the variable: then no other may take its place. */
export function isKernelNamed(choice: KernelChoice | undefined): boolean {
  return (choice !== undefined && choice !== 'auto') || environmentChoice() !== undefined;
}

function noSuchKernel(detail: string): ProtocolError {
  return new ProtocolError('WSIMD_NO_KERNEL', { detail });
}

function choose(fromEnvironment: KernelName | undefined): KernelSelection {
  if (fromEnvironment !== undefined) {
    return selection(named(fromEnvironment), 'asked for by WSIMD_KERNEL');
  }
  try {
    const from = given === undefined ? '' : ', from the module that init was given';
    return selection(named('wasm'), `WebAssembly with SIMD runs here${from}`);
  } catch (error) {
    return selection(named('portable'), `WebAssembly cannot run here: ${String(causeOf(error))}`);
  }
}

/** Printed by Node, Deno and Bun, it shows the name of the kernel in place of all its memory. */
function selection(kernel: Kernel, reason: string): KernelSelection {
  const value = () => ({ name: kernel.name, reason });
  return Object.defineProperty({ kernel, reason }, Symbol.for('nodejs.util.inspect.custom'), { value });
}

function named(name: KernelName): Kernel {
  let kernel = made.get(name);
  if (kernel === undefined) {
    try {
      kernel = name === 'wasm' ? createWasmKernel(given) : createPortableKernel();
    } catch (cause) {
      throw new ProtocolError('WSIMD_NO_KERNEL', { detail: `${name}: ${String(cause)}`, cause });
    }
    made.set(name, kernel);
  }
  return kernel;
}

function causeOf(error: unknown): unknown {
  return error instanceof ProtocolError ? error.cause : error;
}

/** `process.env.WSIMD_KERNEL`, where there is a process and it lets us look (Deno asks for permission). */
function environmentChoice(): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.WSIMD_KERNEL || undefined;
  } catch {
    return undefined;
  }
}
