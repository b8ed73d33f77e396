// Checks the prose of documents, comments and test titles for habits that make a reader go back: write-good, with a few rules of
// ours. `npm run check:prose`; with file names, only those. It changes nothing.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import writeGood from 'write-good';

/** Each with the advice that is printed behind the words that were found. */
const RULES = [
  [/\bwhoever\b/gi, 'names nobody: say "the caller", "the peer", "the program"'],
  [/(?:^[ /*]*|[.:;] )Who (?![^.]*\?)/gm, 'is used as a noun: say who it is'],
  [/\b(?:for|to|by|of|from|with) who\b(?!m)/gi, 'is used as a noun: say who it is'],
  [/(?:^|[.;:] )What (?:is|was|are|comes|came|has|stays|lies|cannot|can)\b(?![^.]*\?)/gm, 'has a name: use it'],
  [/\btold of\b/gi, 'can be "receives" or "is notified of"'],
  [/\b(?:comes?|came) to `/gi, 'can be "equals" or "results in"'],
  [/\bhad better\b/gi, 'can be "should"'],
  [/\bwhat of it\b/gi, 'can be named'],
  [/\bnobody (?:asked|listens|wants|takes|looks|reads)\b/gi, 'can be "without a listener" or "unhandled"'],
  [/\bof the one and of the other\b/gi, 'can be "of both"'],
  [/\b(?:is|are) there to be\b/gi, 'can be a plain verb'],
  [/\b(?:a|the|no|our|its|each|every|last) Closes?\b(?! (?:frame|handshake))/g, 'is a Close frame'],
  [/\b(?:his|him|himself)\b/gi, 'is no pronoun for a program'],
];

const checks = Object.fromEntries(
  RULES.map(([pattern, explanation], index) => [
    `rule${index}`,
    {
      fn: (text) => [...text.matchAll(pattern)].map((match) => ({ index: match.index, offset: match[0].length })),
      explanation,
    },
  ]),
);
// Of write-good's own: words that stand twice.
checks.illusion = { fn: repeatedWords, explanation: 'is repeated' };

const files = process.argv.length > 2 ? process.argv.slice(2) : trackedFiles();
let found = 0;
for (const file of files) {
  const text = proseOf(file, readFileSync(file, 'utf8'));
  for (const { index, reason } of writeGood(text, { checks })) {
    found++;
    console.log(`${file}:${text.slice(0, index).split('\n').length}: ${reason}`);
  }
}
console.log(found === 0 ? `${files.length} files: no findings` : `${found} findings`);
process.exitCode = found === 0 ? 0 : 1;

function trackedFiles() {
  const globs = [
    '*.md',
    'assembly/*.ts',
    'src/*.ts',
    'src/*.html',
    'bench/*.ts',
    'test/*.ts',
    'scripts/*.mjs',
    'examples/*',
  ];
  const listed = execFileSync('git', ['ls-files', '--', ...globs], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return listed.filter((file) => file !== 'scripts/check-prose.mjs');
}

/** Everything that is not prose becomes spaces, so that places stay what they are. */
function proseOf(file, text) {
  const blank = (match) => match.replaceAll(/[^\n]/g, ' ');
  if (file.endsWith('.md')) return text.replaceAll(/```[\s\S]*?```|`[^`\n]*`|\]\([^)]*\)/g, blank);
  if (file.endsWith('.html'))
    return text.replaceAll(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]*>/g, blank);
  let prose = '';
  let end = 0;
  // Line comments, block comments, and the titles of tests.
  const pattern =
    /(?<![:'"`])\/\/[^\n]*|\/\*[\s\S]*?\*\/|\b(?:it|describe)(?:\.\w+)*\((?:\[[^\]]*\]\)\()?(['"`]).*?\1/g;
  for (const match of text.matchAll(pattern)) {
    prose += blank(text.slice(end, match.index)) + match[0].replaceAll(/`[^`\n]*`|^\s*\*(?!\/)|\/\//gm, blank);
    end = match.index + match[0].length;
  }
  return prose + blank(text.slice(end));
}

function repeatedWords(text) {
  const twice = [...text.matchAll(/\b([a-z]+) (\1)\b/gi)].filter(([, word]) => !/^(?:that|had|is)$/i.test(word));
  return twice.map((match) => ({ index: match.index, offset: match[0].length }));
}
