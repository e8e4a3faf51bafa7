import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/problems.md'), 'utf8');

test.each(['problem.yaml', 'reference.cu', 'reference.c'])('docs/problems.md shows %s as the tested example has it', (file) => {
  const text = readFileSync(join(ROOT, 'test/fixtures/problems/scale', file), 'utf8');
  expect(page).toContain(`\n${text}\`\`\`\n`);
});
