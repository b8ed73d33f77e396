// publint, strictly. One finding is meant so: the package in shim/ is copied out of ours before Node reads its `exports`.

import process from 'node:process';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const { messages, pkg } = await publint({ pkgDir: '.', strict: true, pack: 'npm' });
const lines = messages.map((message) => formatMessage(message, pkg));
const faults = lines.filter((line) => !line.includes('shim/package.json'));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
