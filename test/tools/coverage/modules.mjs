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
  { name: 'protocol', tests: ['test/unit/protocol/', 'test/unit/frames/control-frames.test.ts'] },
  { name: 'bytes', tests: ['test/unit/bytes/', 'test/unit/frames/', 'test/unit/messages/'] },
  { name: 'handshake', tests: ['test/unit/handshake/'] },
  { name: 'kernel', tests: ['test/unit/kernel/'] },
  {
    name: 'frames',
    tests: [
      'test/unit/frames/',
      'test/unit/messages/receive/received.test.ts',
      'test/unit/deflate/sending.test.ts',
      'test/unit/deflate/sending-long.test.ts',
    ],
  },
  {
    name: 'messages',
    tests: [
      'test/unit/messages/',
      'test/unit/deflate/rfc7692.test.ts',
      'test/unit/deflate/rfc7692-delivery.test.ts',
      'test/unit/deflate/sending.test.ts',
      'test/unit/deflate/sending-long.test.ts',
    ],
  },
  { name: 'deflate', tests: ['test/unit/deflate/'] },
  { name: 'connection.ts', tests: ['test/unit/connection.test.ts', 'test/unit/connection/'] },
  { name: 'capture', tests: ['test/unit/capture/', 'test/unit/cli/inspect/'] },
  { name: 'testing', tests: ['test/unit/testing/'] },
  { name: 'web', tests: ['test/unit/web/'] },
  { name: 'node', tests: ['test/unit/node/'] },
  { name: 'cli', tests: ['test/unit/cli/'], isBuilt: true },
  { name: 'page', tests: ['test/unit/page/', 'test/unit/cli/serve.test.ts'], isBuilt: true },
];

/** Files and folders of src/ that no process of vitest executes, and where they are tested instead. */
export const NOT_MEASURED = new Map([
  ['index.ts', 'exports alone: nothing in it can be executed'],
  ['addons', 'exports alone: test/compat/addons has `ws` call what they export'],
  ['workerd', 'loads only in workerd: test/packaging/bundles/workerd.test.ts and test/runtimes run it there'],
]);
