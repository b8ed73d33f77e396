// Which modules of src/ are measured, by which test files, and what is not measured, each with its reason. A module's tests are in
// the folder, or the file, of its name; `tests` says where else its behaviour is tested, because it shows nowhere else.

/**
 * @typedef {object} Module
 * @property {string} name the folder or file of src/
 * @property {readonly string[]} tests folders and files that are run for it, and nothing else
 * @property {boolean} [isBuilt] they run the build, in processes of its own and in a browser: see built.mjs
 */

/** @type {readonly Module[]} */
export const MODULES = [
  { name: 'errors.ts', tests: ['test/errors.test.ts'] },
  { name: 'handshake', tests: ['test/handshake/'] },
  { name: 'kernel', tests: ['test/kernel/', 'test/select.test.ts', 'test/host.test.ts', 'test/text.test.ts'] },
  {
    name: 'frames',
    tests: [
      'test/frames/',
      'test/messages/received.test.ts',
      'test/compression/sending.test.ts',
      'test/compression/sending-long.test.ts',
    ],
  },
  {
    name: 'messages',
    tests: [
      'test/messages/',
      'test/compression/rfc7692.test.ts',
      'test/compression/sending.test.ts',
      'test/compression/sending-long.test.ts',
    ],
  },
  { name: 'compression', tests: ['test/compression/'] },
  { name: 'connection.ts', tests: ['test/connection.test.ts', 'test/connection/'] },
  { name: 'web', tests: ['test/web/'] },
  { name: 'node', tests: ['test/node/'] },
  { name: 'cli', tests: ['test/cli/', 'test/browser/page.test.ts', 'test/browser/page-odd.test.ts'], isBuilt: true },
];

/** Files and folders of src/ that no process of vitest executes, and where they are tested instead. */
export const NOT_MEASURED = new Map([
  ['index.ts', 'exports alone: nothing in it can be executed'],
  ['addons', 'exports alone: test/addons has `ws` call what they export'],
  ['workerd', 'loads only in workerd: test/packaging/workerd.test.ts and test/runtimes run it there'],
]);
