// vitest ends its processes without their having a chance to write down what they have executed: so each does after each file.

import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => takeCoverage());
