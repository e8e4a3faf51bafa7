/** A space whose every point is known: what strategies are replayed on. Files lie in bench/search/spaces. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { createSpace, type Space } from '../../src/domain/sweep/space.ts';

export const RecordedSpace = z.strictObject({
  /** `recorded`: judged. `synthetic`: computed by synthetic.ts; nothing was measured. */
  kind: z.enum(['recorded', 'synthetic']),
  /** Where it comes from, and what is to be known before it is trusted. */
  note: z.string(),
  device: z.string(),
  axes: z.record(z.string(), z.array(z.union([z.int(), z.string()]))),
  where: z.array(z.string()),
  /** Speed-up by point, in their order; null: it did not pass; points that conditions forbid are null too. */
  speedups: z.array(z.number().positive().nullable()),
  /** How many of each verdict. */
  verdicts: z.record(z.string(), z.int()),
});
export type RecordedSpace = z.infer<typeof RecordedSpace>;

export interface KnownSpace {
  readonly name: string;
  readonly recorded: RecordedSpace;
  readonly space: Space;
  /** Logarithm of the speed-up; null: it did not pass. */
  readonly valueOf: (point: number) => number | null;
  readonly valid: readonly number[];
  readonly best: number;
}

const FOLDER = join(import.meta.dirname, 'spaces');

export const knownSpaces = (): readonly KnownSpace[] =>
  globSync('*.json', { cwd: FOLDER })
    .toSorted()
    .map((file) =>
      knownSpace(basename(file, '.json'), RecordedSpace.parse(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')))),
    );

export const knownSpace = (name: string, recorded: RecordedSpace): KnownSpace => {
  const space = createSpace({ axes: recorded.axes, where: recorded.where, fixed: {} });
  const values = recorded.speedups.map((speedup) => (speedup === null ? null : Math.log(speedup)));
  const valid = values.flatMap((_, point) => (space.isValid(point) ? [point] : []));
  const best = valid.reduce((most, point) => Math.max(most, values[point] ?? -Infinity), -Infinity);
  return { name, recorded, space, valid, best, valueOf: (point) => values[point] ?? null };
};
