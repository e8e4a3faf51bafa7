/** The YAML of `kiln sweep start FILE.yaml`: a sweep's settings, with the candidate as a file. */
import { z } from 'zod';
import { CreateSweep } from '../domain/api/sweeps.ts';
import { Language, Params } from '../domain/plan/plan.ts';
import { strictFields } from '../platform/strict-fields.ts';
import { parseLocatedYaml } from './located-yaml.ts';

const { candidate, ...settings } = CreateSweep.shape;
const { shape } = candidate;

const SweepFile = strictFields({
  problem: z.string({ error: 'must be the name of a problem (kiln problems lists them)' }).min(1).max(64),
  /** Relative to the sweep's file. */
  file: z.string({ error: 'must be the path of a candidate' }).min(1).max(4096),
  language: Language.optional(),
  device: z.string().min(1).max(40).optional(),
  params: Params.optional(),
  priority: shape.priority.optional(),
  submitter: shape.submitter.optional(),
  labels: shape.labels.optional(),
  ...settings,
});
export type SweepFile = z.infer<typeof SweepFile>;

/** Throws KilnError INVALID_CONFIG with file, line and field. `file` is only named in messages. */
export const parseSweepFile = (text: string, file: string): SweepFile => parseLocatedYaml(text, file, SweepFile).value;
