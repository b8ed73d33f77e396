// Coverage of what runs from the build, in several processes and in a browser: V8 writes down what each of them executed
// (NODE_V8_COVERAGE), this adds it up and takes it back to the sources by their source maps. The converter is the one that
// vitest uses, so that figures mean the same as those of the modules that run in its own process.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import istanbul from 'istanbul-lib-coverage';
import { parseAstAsync } from 'vite';

const root = new URL('../../../', import.meta.url);

/**
 * @param {string} directory where V8 has written
 * @param {string} folder of src/
 * @returns Istanbul's map: a file that nothing has loaded is in it with nothing executed
 */
export async function coverageOfBuilt(directory, folder) {
  const map = istanbul.createCoverageMap({});
  const executed = new Map(readExecuted(directory, folder).map((script) => [script.url, script.functions]));
  for (const file of compiledFiles(folder)) {
    const url = pathToFileURL(file).href;
    const code = readFileSync(file, 'utf8');
    const sourceMap = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
    const coverage = { url, functions: executed.get(url) ?? [] };
    map.merge(await convert({ code, sourceMap, coverage, ast: await parseAstAsync(code) }));
  }
  return map;
}

/** What all processes have executed of the folder, as one. A script of a page has the address of the file that it was read from. */
function readExecuted(directory, folder) {
  const base = new URL(`build/src/${folder}/`, root).href;
  const processes = readdirSync(directory).map((name) => {
    const { result } = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    const scripts = result.map((script) => ({
      ...script,
      url: script.url.replace(/^https?:\/\/[^/]+\//, new URL('build/', root).href),
    }));
    return { result: scripts.filter(({ url }) => url.startsWith(base)) };
  });
  return mergeProcessCovs(processes).result;
}

/** Those of every source there is: what an earlier build has left behind does not count. */
function compiledFiles(folder) {
  return readdirSync(new URL(`src/${folder}/`, root), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => fileURLToPath(new URL(`build/src/${folder}/${name.replace(/ts$/, 'js')}`, root)))
    .sort();
}
