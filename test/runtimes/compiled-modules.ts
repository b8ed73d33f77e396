// The compiled modules that run on a host without files: all of the codec, and the conformance suite.

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const BUILD = new URL('../../', import.meta.url);

const FOLDERS = ['assembly', 'src', 'test'];
/** What needs Node. */
const NOT_PORTABLE = /^(src\/(node|cli|page|addons)|test\/robustness\/fuzz)\//;

/** Their paths within build/, e.g. `src/index.js`. */
export function listModules(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(fileURLToPath(new URL(folder, BUILD)), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.js') && !NOT_PORTABLE.test(path)),
  ).sort();
}
