/** The YAML of `kiln campaign start FILE`: a campaign's settings, with the starting points as files. */
import { z } from 'zod';
import { CampaignSpec } from '../domain/campaign/campaign.ts';
import { Language, Params } from '../domain/plan/plan.ts';
import { strictFields } from '../platform/strict-fields.ts';
import { parseLocatedYaml } from './located-yaml.ts';

const SOURCES_MAX = 64;
const { shape } = CampaignSpec;

const Source = strictFields({
  problem: z.string({ error: 'must be the name of a problem (kiln problems lists them)' }).min(1).max(64),
  /** Relative to the campaign's file. */
  file: z.string({ error: 'must be the path of a candidate' }).min(1).max(4096),
  language: Language.optional(),
  params: Params.optional(),
});

const CampaignFile = strictFields({
  ...shape,
  problems: z.array(z.string().min(1).max(64), { error: 'must be a list of problems (kiln problems lists them)' }).min(1).max(64),
  budget: z.union([shape.budget], { error: 'must be at least one limit of usd, gpuMinutes, candidates, minutes, above 0' }),
  start: strictFields({
    ...shape.start.unwrap().shape,
    sources: z.array(Source, { error: 'must be a list, each with a problem and a file' }).max(SOURCES_MAX).default([]),
  }).prefault({}),
});
export type CampaignFile = z.infer<typeof CampaignFile>;

/** Throws KilnError INVALID_CONFIG with file, line and field. `file` is only named in messages. */
export const parseCampaignFile = (text: string, file: string): CampaignFile => parseLocatedYaml(text, file, CampaignFile).value;
