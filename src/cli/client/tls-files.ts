// The files of certificates and keys that the command line names, checked before anything is connected: OpenSSL ignores
// a file of authorities that holds no certificate, and the connection then fails for another reason.

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type ConnectionOptions as TlsOptions } from 'node:tls';
import { CommandError, UsageError } from '../command.js';
import { readOptionFile } from '../files.js';

const PEM_CERTIFICATE = /-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g;

interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** @throws CommandError where a file cannot be read or does not hold what it must; UsageError for a key without a certificate */
export function readTlsFiles({ ca, cert, key }: TlsFiles): Pick<TlsOptions, 'ca' | 'cert' | 'key'> {
  const authorities = ca === undefined ? {} : { ca: readCertificates('--ca', ca) };
  if (cert === undefined && key === undefined) return authorities;
  if (cert === undefined) throw new UsageError('--key is for the certificate of --cert');
  const certificate = readCertificates('--cert', cert).join('\n');
  // A PEM file may hold both.
  const keyFile = key ?? cert;
  const identity = { cert: certificate, key: readOptionFile(key === undefined ? '--cert' : '--key', keyFile) };
  try {
    createSecureContext(identity);
  } catch (error) {
    const hint = key === undefined ? '; a key in a file of its own is given with --key' : '';
    throw new CommandError(`--key ${keyFile}: no private key for the certificate: ${(error as Error).message}${hint}`);
  }
  return { ...authorities, ...identity };
}

/** The certificates of a file, PEM or DER, each as PEM. */
function readCertificates(option: string, file: string): string[] {
  const bytes = readOptionFile(option, file);
  const found: (string | Buffer)[] = bytes.toString('latin1').match(PEM_CERTIFICATE) ?? [];
  try {
    return (found.length === 0 ? [bytes] : found).map((one) => new X509Certificate(one).toString());
  } catch {
    throw new CommandError(`${option} ${file}: there is no certificate in it (PEM or DER)`);
  }
}
