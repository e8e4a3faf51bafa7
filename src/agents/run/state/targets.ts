/** What a campaign works on: each of its problems on each of its device classes, with an archive each. */
import type { CampaignSpec } from '../../../domain/campaign/campaign.ts';
import type { Recalled } from '../../../domain/campaign/lessons.ts';
import type { DeviceClass } from '../../../domain/device.ts';
import { peaksOf } from '../../../domain/ranking/device-peaks.ts';
import { KilnError } from '../../../domain/errors.ts';
import type { Language } from '../../../domain/plan/plan.ts';
import { boundOf } from '../../../problems/floors.ts';
import { LANGUAGES_OF, languagesOn, targetOf } from '../../../problems/targets.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { createArchive } from '../../search/archive.ts';
import type { Archive } from '../../search/archive.ts';
import { createProposals, type Proposals } from '../../search/proposals.ts';
import { createFront, type Front } from '../../search/front.ts';
import { createParamSearch, type ParamSearch } from '../../search/param-search.ts';
import { resolves } from '../../variation/resolves.ts';
import { type ReservedContents, createReservedContents } from './reserved-contents.ts';
import type { Bound } from '../../search/entry.ts';
import { mix } from '../../../platform/random.ts';

/** Varies what declares what may vary: the only generator that tries params of its own accord. */
export const TUNER = 'evolve';

export interface Target {
  readonly problem: string;
  readonly device: DeviceClass;
  readonly languages: readonly Language[];
  readonly archive: Archive;
  /** What limits a kernel that does the least work: of a candidate nobody has measured more about. */
  readonly bound: Bound;
  /** What it was told of earlier campaigns. */
  recalled: Recalled | null;
  /** Device models of its candidates, and how many each judged. */
  readonly models: Map<string, number>;
  /** What was reached, as far as measurements vouch for it. */
  readonly front: Front;
  /** Starting points without a verdict: until there are none, nobody is asked for better ones. */
  startsLeft: number;
  /** What was given to somebody who only varies: nobody else gets it. */
  readonly reserved: ReservedContents;
  /** By generator, its answers in a row that were copies of what was known, or that said that nothing new is left. */
  readonly copies: Map<string, number>;
  /** Params of what comes near the best, tried beside the generators that write: a model is told that they are, so that it need not guess numbers. Null where somebody varies them anyway. */
  readonly params: ParamSearch | null;
  /** What was proposed and is not written yet. */
  readonly proposals: Proposals;
  /** Parents that are being diagnosed, with who is to write: nobody pays for the same twice. */
  readonly diagnosing: Set<string>;
  /** Generators whose last diagnosis came to nothing: they write once without one. */
  readonly undiagnosed: Set<string>;
}

/** Of a target by its place among them; null: nothing has passed on it. */
export const bestSpeedups =
  (targets: readonly Target[]) =>
  (index: number): number | null =>
    targets[index]?.archive.best()?.speedup ?? null;

type TargetPlan = Pick<Target, 'problem' | 'device' | 'languages'>;

/** Throws UNKNOWN_PROBLEM, UNKNOWN_DEVICE or UNSUPPORTED_LANGUAGE, naming the field. */
export const planTargets = (spec: CampaignSpec, judging: Pick<Judging, 'problem'>): readonly TargetPlan[] =>
  [...new Set(spec.problems)].flatMap((problem) =>
    [...new Set(spec.devices)].map((device) => planTarget({ problem, device, spec }, judging)),
  );

interface Wish {
  readonly problem: string;
  readonly device: DeviceClass;
  readonly spec: CampaignSpec;
}

const planTarget = ({ problem, device, spec }: Wish, judging: Pick<Judging, 'problem'>): TargetPlan => {
  const kind = targetOf(device);
  if (definitionOf(problem, judging)[kind] === undefined) {
    const message = `devices: problem "${problem}" has no ${kind} reference, so it cannot be judged on ${device}; leave one of the two out`;
    throw new KilnError('UNKNOWN_DEVICE', message, { details: { field: 'devices', problem, device } });
  }
  const runs = languagesOn(kind);
  // Only where it is asked for: whoever lets a program write kernels does not expect host code of it.
  const languages =
    spec.languages.length === 0 ? LANGUAGES_OF[kind] : runs.filter((language) => spec.languages.includes(language));
  if (languages.length > 0) return { problem, device, languages };
  const message = `languages: ${spec.languages.join(', ')} do not run on ${device}; use ${runs.join(' or ')}, or leave languages out`;
  throw new KilnError('UNSUPPORTED_LANGUAGE', message, { details: { field: 'languages', device } });
};

const definitionOf = (name: string, judging: Pick<Judging, 'problem'>) => {
  try {
    return judging.problem(name).problem;
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'NOT_FOUND') throw error;
    throw new KilnError('UNKNOWN_PROBLEM', `problems: ${error.message}`, { cause: error, details: { field: 'problems' } });
  }
};

export const openTargets = (spec: CampaignSpec, judging: Pick<Judging, 'problem'>): readonly Target[] =>
  planTargets(spec, judging).map((plan, index) => ({
    ...plan,
    archive: createArchive({ islands: spec.islands, seed: mix(spec.seed ^ mix(index)) }),
    bound: leastBound(plan, judging),
    recalled: null,
    models: new Map(),
    front: createFront(),
    startsLeft: 0,
    reserved: createReservedContents(),
    copies: new Map(),
    proposals: createProposals(),
    diagnosing: new Set(),
    undiagnosed: new Set(),
    params: spec.generators.some(({ name }) => name === TUNER) ? null : paramSearch(spec, plan, judging),
  }));

const paramSearch = ({ seed }: CampaignSpec, { problem }: TargetPlan, judging: Pick<Judging, 'problem'>): ParamSearch =>
  createParamSearch({ seed, isValid: (draft) => resolves(draft, definitionOf(problem, judging)) });

const leastBound = ({ problem, device }: TargetPlan, judging: Pick<Judging, 'problem'>): Bound => {
  const kind = targetOf(device);
  return boundOf(definitionOf(problem, judging), kind, peaksOf({ kind, model: device })) ?? 'unknown';
};
