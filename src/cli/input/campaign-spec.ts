/** What `kiln campaign start` was asked for, from its file and its options. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { type CampaignFile, parseCampaignFile } from '../../config/campaign-file.ts';
import { CreateCampaign } from '../../domain/api/campaigns.ts';
import type { Effort } from '../../domain/candidate.ts';
import type { CampaignSpec } from '../../domain/campaign/campaign.ts';
import { KilnError } from '../../domain/errors.ts';
import type { Language } from '../../domain/plan/plan.ts';
import { checked, given } from './given.ts';
import { readSource } from './source-file.ts';

export interface StartOptions {
  readonly problem?: readonly string[];
  readonly device?: readonly string[];
  readonly agents?: number;
  readonly generator?: readonly GeneratorShare[];
  readonly budgetUsd?: number;
  readonly budgetGpuMinutes?: number;
  readonly budgetCandidates?: number;
  readonly minutes?: number;
  readonly language?: readonly Language[];
  readonly seeds?: CampaignSpec['start']['seeds'];
  readonly ranked?: number;
  readonly source?: readonly string[];
  readonly seed?: number;
  readonly priority?: number;
  readonly effort?: Effort;
  readonly turns?: number;
  readonly mix?: CampaignSpec['mix'];
  readonly targets?: CampaignSpec['targets'];
  readonly batches?: boolean;
  /** False: --no-recall. */
  readonly recall?: boolean;
  readonly name?: string;
  readonly submitter?: string;
}

export interface GeneratorShare {
  readonly name: string;
  readonly share?: number;
}

/** "claude" or "claude=3", repeatable. */
export const collectGenerator = (text: string, before: readonly GeneratorShare[] = []): readonly GeneratorShare[] => {
  const [, name = '', share] = /^([^=]+)(?:=(.+))?$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('It must be NAME or NAME=SHARE, for example evolve=2.');
  if (share === undefined) return [...before, { name }];
  if (!(Number(share) > 0)) throw new InvalidArgumentError(`"${share}" is no share: use a number above 0.`);
  return [...before, { name, share: Number(share) }];
};

/** A number above 0, also a fraction. */
export const amount = (text: string): number => {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
};

/** Options win over the file. Throws KilnError for what is wrong with either. */
export const campaignOf = async (path: string | undefined, options: StartOptions): Promise<CreateCampaign> => {
  const file = path === undefined ? null : await readCampaignFile(path);
  const problems = options.problem ?? file?.problems ?? [];
  if (problems.length === 0) throw new KilnError('INVALID_REQUEST', NO_PROBLEM);
  const {
    device,
    generator,
    language,
    source = [],
    agents,
    seed,
    priority,
    effort,
    turns,
    mix,
    targets,
    batches,
    recall,
    name,
    submitter,
  } = options;
  return checked(CreateCampaign, {
    ...file,
    ...given({
      devices: device,
      generators: generator,
      languages: language,
      agents,
      seed,
      priority,
      effort,
      turns,
      mix,
      targets,
      batches,
      recall: recall === false ? false : undefined,
      name,
      submitter,
    }),
    problems,
    budget: budgetOf(file, options),
    start: {
      ...file?.start,
      ...given({ seeds: options.seeds, ranked: options.ranked }),
      sources: await pointsOf({ file, folder: dirname(path ?? '.'), texts: source, problems }),
    },
  });
};

const budgetOf = (file: CampaignFile | null, options: StartOptions): Readonly<Record<string, unknown>> => {
  const { budgetUsd: usd, budgetGpuMinutes: gpuMinutes, budgetCandidates: candidates, minutes } = options;
  const budget = { ...file?.budget, ...given({ usd, gpuMinutes, candidates, minutes }) };
  if (Object.keys(budget).length > 0) return budget;
  throw new KilnError('INVALID_REQUEST', NO_BUDGET);
};

const NO_PROBLEM = 'no problem is named: give --problem NAME, or a campaign file';
const NO_BUDGET =
  'no limit is given: use at least one of --budget-usd, --budget-gpu-minutes, --budget-candidates and --minutes (or `budget` in the file)';

const readCampaignFile = async (path: string): Promise<CampaignFile> => {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KilnError('INVALID_REQUEST', `${path} cannot be read: check the path of the campaign file`, { cause });
  });
  return parseCampaignFile(text, path);
};

type Point = NonNullable<NonNullable<CreateCampaign['start']>['sources']>[number];

interface Points {
  readonly file: CampaignFile | null;
  /** Of the campaign file. */
  readonly folder: string;
  /** Of --source. */
  readonly texts: readonly string[];
  readonly problems: readonly string[];
}
const pointsOf = ({ file, folder, texts, problems }: Points): Promise<readonly Point[]> =>
  Promise.all([
    ...(file?.start.sources ?? []).map((source) => pointOf(source, folder)),
    ...texts.map((text) => givenPoint(text, problems)),
  ]);

const pointOf = async (
  { problem, file, language, params }: CampaignFile['start']['sources'][number],
  folder: string,
): Promise<Point> => {
  const read = await readSource(resolve(folder, file), language);
  return { problem, language: read.language, source: read.source, ...(params === undefined ? {} : { params }) };
};

/** "FILE" where there is one problem, otherwise "PROBLEM=FILE". */
const givenPoint = async (text: string, problems: readonly string[]): Promise<Point> => {
  const [only] = problems;
  const [, problem = '', file = ''] = /^([\w.-]+)=(.+)$/.exec(text) ?? (problems.length === 1 ? ['', only, text] : []);
  if (!problems.includes(problem)) {
    throw new KilnError(
      'INVALID_REQUEST',
      `--source ${text}: say which problem it solves: --source PROBLEM=FILE (${problems.join(', ')})`,
    );
  }
  const { source, language } = await readSource(file, undefined);
  return { problem, language, source };
};
