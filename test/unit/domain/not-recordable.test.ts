import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NOT_RECORDABLE } from '../../../src/domain/program.ts';

test('a program that the runner cannot record is told by the words that the runner says', () => {
  const frames = readFileSync(new URL('../../../src/gpu/runner/kiln_runner/programs/record_frames.py', import.meta.url), 'utf8');
  expect(frames).toContain(`\nNOT_RECORDABLE = "${NOT_RECORDABLE}"\n`);
});
