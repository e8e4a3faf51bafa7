import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FromRunner, ToRunner } from '../../../src/domain/protocol.ts';

/** Golden frames, read by the runner's Python tests too. Old ones stay: they must keep parsing. */
const FOLDER = 'test/fixtures/protocol';
const Frames = z.array(z.looseObject({ type: z.string() })).min(1);
const Refused = z.array(z.strictObject({ field: z.string(), frame: z.looseObject({ type: z.string() }) })).min(1);

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const typesOf = (union: typeof ToRunner | typeof FromRunner): readonly string[] =>
  union.options.map((option) => option.shape.type.value).toSorted();
/** `a.b[0].c`, as the runner names fields. An unknown key is named by itself, as zod lists it beside its object's path. */
const fieldOf = ({ path, ...issue }: z.core.$ZodIssue): string => {
  const full = issue.code === 'unrecognized_keys' ? [...path, ...issue.keys.slice(0, 1)] : path;
  return full
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
};

describe.each([
  ['to-runner', ToRunner],
  ['from-runner', FromRunner],
] as const)('golden frames %s', (folder, union) => {
  const files = globSync(`${FOLDER}/${folder}/*.json`).toSorted();

  test('cover every type of the protocol', () => {
    expect(files.map((file) => basename(file, '.json'))).toEqual(typesOf(union));
  });

  test.each(files)('%s parses and comes out unchanged', (file) => {
    for (const frame of Frames.parse(read(file))) {
      expect(frame.type).toBe(basename(file, '.json'));
      expect(union.parse(frame)).toEqual(frame);
    }
  });
});

describe('refused frames', () => {
  test.each(Refused.parse(read(`${FOLDER}/refused.json`)))('are refused for $field', ({ field, frame }) => {
    expect(ToRunner.safeParse(frame).error?.issues.map(fieldOf)).toContain(field);
  });
});
