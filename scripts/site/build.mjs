// `npm run docs`: the documentation as a static site in build/site: TypeDoc's reference of every entry point, and the guides. A
// public name without a docstring and a broken link are errors.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { renderMermaidSVG } from 'beautiful-mermaid';
import { Application, Converter, KindRouter, TSConfigReader, TypeDocReader } from 'typedoc';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** The folders of the navigation, each with its documents. The first has none: its documents stand at the top. */
const SECTIONS = {
  '': ['docs/README.md'],
  Tutorial: documentsIn('docs/tutorial'),
  'How-to guides': documentsIn('docs/how-to'),
  Reference: documentsIn('docs/reference'),
  Background: ['ARCHITECTURE.md', 'SECURITY.md', ...documentsIn('docs/background'), ...documentsIn('docs/notes')],
  Project: ['CHANGELOG.md', 'CONTRIBUTING.md', 'CODE_OF_CONDUCT.md'],
};
/** The address of each document, by its object. Without it a new title would be a new address. */
const addresses = new Map();

class SiteRouter extends KindRouter {
  getIdealBaseName(reflection) {
    return addresses.get(reflection) ?? super.getIdealBaseName(reflection);
  }
}

const documents = Object.entries(SECTIONS).flatMap(([section, paths]) => paths.map((path) => ({ section, path })));
const app = await Application.bootstrapWithPlugins(
  {
    options: join(here, 'typedoc.json'),
    out: join(root, 'build/site'),
    customCss: join(here, 'site.css'),
    router: 'site',
    projectDocuments: documents.map(({ path }) => join(root, path)),
  },
  [new TypeDocReader(), new TSConfigReader()],
);
app.renderer.defineRouter('site', SiteRouter);
app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
  const file = document.project.files.getReflectionPath(document);
  const { section, path } = documents.find((one) => join(root, one.path) === file);
  const [, heading] = /^# (.+)$/m.exec(document.content.map(textOf).join('')) ?? [];
  if (heading === undefined || heading.includes('/')) throw new Error(`${path} has no heading for the navigation`);
  const title = heading.replaceAll('`', '');
  document.name = section === '' ? title : `${section}/${title}`;
  const [, place] = /^(?:docs\/)?(.+)\.md$/.exec(path);
  addresses.set(document, `documents/${place.replaceAll('/', '-')}`);
  document.content = document.content.map(drawDiagram);
});
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  // The page has the name of the project above it.
  project.readme[0].text = project.readme[0].text.replace(/^# wsimd\n/, '');
  // The type of this option is that of a function of Node's, whose comments link to types that are not on this site.
  for (const reflection of Object.values(project.reflections)) {
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

function documentsIn(folder) {
  return readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
}

function textOf(part) {
  return part.text;
}

/** A diagram in the colours of the page, in place of its source. */
function drawDiagram(part) {
  const [, source] = /^```mermaid\n(.*)```$/s.exec(part.text) ?? [];
  if (source === undefined) return part;
  const svg = renderMermaidSVG(source, { bg: 'var(--color-background)', fg: 'var(--color-text)', transparent: true });
  // A blank line would end the HTML block. The font would come from another host.
  const lines = svg.split('\n').filter((line) => line.trim() !== '' && !line.includes('@import'));
  return { kind: 'text', text: `<div class="diagram">\n${lines.join('\n')}\n</div>` };
}
