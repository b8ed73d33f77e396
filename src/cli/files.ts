// Files that the command line names: how they are read, and why they cannot be, in words.

import { readFileSync } from 'node:fs';
import { CommandError } from './command.js';

const READ_REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a folder, not a file'],
  ['EACCES', 'you may not read it'],
  ['EPERM', 'you may not read it'],
]);
/** A file that is written need not exist, but its folder must. */
const WRITE_REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such folder'],
  ['ENOTDIR', 'there is no such folder'],
  ['EISDIR', 'it is a folder, not a file'],
  ['EACCES', 'you may not write it'],
  ['EPERM', 'you may not write it'],
]);

/** Why the system does not read or write a file: the file's name first, as a person would say it. */
export function fileErrorText(file: string, error: unknown, reasons = READ_REASONS): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${file}: ${reasons.get(code ?? '') ?? message}`;
}

/** The same for a file that is written. */
export function writeErrorText(file: string, error: unknown): string {
  return fileErrorText(file, error, WRITE_REASONS);
}

/** The content of a file that an option names. @throws CommandError that names the option and the file */
export function readOptionFile(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`${option} ${fileErrorText(file, error)}`);
  }
}
