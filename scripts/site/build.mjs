// `npm run docs`: the documentation as a static site in build/site: TypeDoc's reference of every entry point, and the guides. A
// public name without a docstring and a broken link are errors.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Application, Converter, TSConfigReader, TypeDocReader } from 'typedoc';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
/** The order of the folders is that of the navigation. */
const guides = ['tutorial', 'how-to', 'reference', 'background'].flatMap((kind) =>
  readdirSync(join(root, 'docs', kind)).map((name) => join(root, 'docs', kind, name)),
);

const app = await Application.bootstrapWithPlugins(
  {
    options: join(here, 'typedoc.json'),
    out: join(root, 'build/site'),
    projectDocuments: [...guides, join(root, 'ARCHITECTURE.md'), join(root, 'SECURITY.md'), join(root, 'CHANGELOG.md')],
  },
  [new TypeDocReader(), new TSConfigReader()],
);
// The type of this option is that of a function of Node's, whose comments link to types that are not on this site.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project: { reflections } }) => {
  for (const reflection of Object.values(reflections)) {
    if (reflection.getFullName().includes('ClientOptions.createConnection.')) reflection.comment = undefined;
  }
});
const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
await app.generateOutputs(project);
const { errorCount, warningCount } = app.logger;
if (errorCount + warningCount > 0) {
  console.error(`${errorCount} errors, ${warningCount} warnings`);
  process.exit(1);
}
