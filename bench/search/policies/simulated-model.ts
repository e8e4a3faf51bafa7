/**
 * A model that is no model: its answers come from the bank, right or wrong by chance, at a latency and a price that are drawn. It uses what it is told as a model may: mostly,
 * not always. It sees the context alone, never the bank's values.
 */
import type { Answer, DiagnosisAnswer, Diagnoser, Generator } from '../../../src/agents/generator.ts';
import { NO_USAGE } from '../../../src/domain/campaign/campaign.ts';
import type { GenerationContext } from '../../../src/domain/campaign/generation-context.ts';
import type { Params } from '../../../src/domain/plan/plan.ts';
import { parseHeader } from '../../../src/problems/parse-header.ts';
import { below, pick, type Random, randomFrom } from '../../../src/platform/random.ts';
import { type Bank, brokenIn, type Idea, ideasIn, withIdea } from './bank.ts';

/** Chances: that it heeds what it was told of an idea, that a repair is right, that it changes numbers instead of writing. */
const HEEDS = 0.8;
const REPAIRS = 0.65;
const TUNES = 0.2;
/** Millionths of a US dollar: the median, and what one deviation multiplies it by. */
const PRICE_MICROS = 40_000;
const PRICE_SPREAD = 1.5;
/** Of a diagnosis: a few sentences, by a model that costs less. */
const DIAGNOSIS_MICROS = 4_000;
const LATENCY_MS_MAX = 4;
const PROPOSALS = 3;
/** Its words stand for all that an idea's kind may be. */
const TAG = 'other';

export interface ModelOptions {
  readonly seed: number;
  /** What of a context it is shown: a policy of before told less. */
  readonly shown: (context: GenerationContext) => GenerationContext;
  readonly isPaid: boolean;
  /** Ideas are proposed before they are written. */
  readonly diagnoses: boolean;
}

/** `banks`: one for each problem that it is asked about. */
export const createSimulatedModel = (banks: readonly Bank[], { seed, shown, isPaid, diagnoses }: ModelOptions): Generator => {
  const bankOf = ({ problem }: GenerationContext): Bank => {
    const bank = banks.find((one) => one.problem === problem.name);
    if (bank === undefined) throw new Error(`nobody knows ${problem.name}`);
    return bank;
  };
  const answering = async <A>(context: GenerationContext, signal: AbortSignal, answer: (random: Random) => A) => {
    const random = randomFrom(seed, context.seed);
    await new Promise((resolve) => setTimeout(resolve, 1 + below(random, LATENCY_MS_MAX)));
    if (signal.aborted) return { ok: false, failure: 'stopped', message: 'stopped', usage: NO_USAGE } as const;
    return answer(random);
  };
  const diagnoser: Diagnoser = {
    reserveMicros: () => 0,
    next: async ({ context, proposals, signal }) =>
      answering(context, signal, (random) => diagnosisOf(bankOf(context), shown(context), { proposals, random })),
  };
  return {
    name: 'model',
    kind: 'command',
    unavailable: null,
    isPaid,
    readsProfiles: false,
    ...(diagnoses ? { diagnoser, diagnosing: { by: null, proposals: PROPOSALS, implementations: 1 } } : {}),
    reserveMicros: () => 0,
    next: async (context, signal) => answering(context, signal, (random) => answerTo(bankOf(context), shown(context), random)),
  };
};

const usageOf = (medianMicros: number, random: Random) => ({
  ...NO_USAGE,
  micros: Math.round(medianMicros * PRICE_SPREAD ** gaussian(random)),
});

interface Diagnosing {
  readonly proposals: number;
  readonly random: Random;
}

/** It knows no more than who writes: its ideas are drawn as a writer's are, different ones, and not those that were proposed for the same parents. */
const diagnosisOf = (bank: Bank, context: GenerationContext, { proposals, random }: Diagnosing): DiagnosisAnswer => {
  const usage = usageOf(DIAGNOSIS_MICROS, random);
  const source = context.move === 'new' ? bank.base : (context.parents[0]?.source ?? bank.base);
  const names: string[] = [];
  const before = random() < HEEDS ? context.proposed.map(nameOf) : [];
  while (names.length < proposals) {
    const idea = ideaFor(bank, context, { has: [...ideasIn(source), ...before, ...names], random });
    if (idea === undefined) break;
    names.push(idea.name);
  }
  if (names.length === 0) return { ok: false, failure: 'malformed', message: 'no idea is left', usage };
  const ideas = names.map((name) => ({ tag: TAG, idea: name, why: '' }) as const);
  return { ok: true, diagnosis: { bottleneck: 'unknown', finding: '', proposals: ideas }, usage };
};

/** Of an idea as memory and proposals call it. */
const nameOf = (idea: string): string => idea.replace(`${TAG}: `, '');

const answerTo = (bank: Bank, context: GenerationContext, random: Random): Answer => {
  const usage = usageOf(PRICE_MICROS, random);
  const { source, params, idea } = written(bank, context, random);
  return { ok: true, draft: { language: 'c', source, params, idea, note: '' }, usage };
};

interface Written {
  readonly source: string;
  readonly params: Params;
  readonly idea: string;
}

const written = (bank: Bank, context: GenerationContext, random: Random): Written => {
  const { move, parents } = context;
  const [first, second] = parents;
  if (first === undefined || move === 'new') return applied(bank, context, { source: bank.base, params: {}, random });
  const { source, params } = first;
  if (move === 'repair') return repaired(source, params, random);
  if (move === 'cross' && second !== undefined) return crossed(first, second.source);
  if (random() < TUNES) return tuned(source, params, random);
  return applied(bank, context, { source, params, random });
};

const repaired = (source: string, params: Params, random: Random): Written => {
  const [name = 'fusing'] = brokenIn(source);
  return { source: withIdea(source, name, random() < REPAIRS), params, idea: name };
};

const crossed = ({ source, params }: { readonly source: string; readonly params: Params }, other: string): Written => {
  const names = ideasIn(other).filter((name) => !ideasIn(source).includes(name) && !brokenIn(other).includes(name));
  return { source: names.reduce((text, name) => withIdea(text, name, true), source), params, idea: names.join(' and ') };
};

/** One param goes anywhere in its list. */
const tuned = (source: string, params: Params, random: Random): Written => {
  const header = parseHeader(source, 'c');
  const axes = header.ok ? Object.entries(header.plan.space ?? {}) : [];
  const [name, values] = pick(random, axes) ?? ['WIDTH', [1]];
  const value = pick(random, values) ?? 1;
  return { source, params: { ...params, [name]: value }, idea: `another ${name}` };
};

interface Applying {
  readonly source: string;
  readonly params: Params;
  readonly random: Random;
}

/** An idea that the source does not have, and of which it was not told that it gains nothing. */
const applied = (bank: Bank, context: GenerationContext, { source, params, random }: Applying): Written => {
  const wanted = context.proposal && nameOf(context.proposal.idea);
  const idea = bank.ideas.find(({ name }) => name === wanted) ?? ideaFor(bank, context, { has: ideasIn(source), random });
  if (idea === undefined) return tuned(source, params, random);
  return { source: withIdea(source, idea.name, random() < idea.right), params, idea: idea.name };
};

interface Choosing {
  readonly has: readonly string[];
  readonly random: Random;
}

const ideaFor = (bank: Bank, context: GenerationContext, { has, random }: Choosing): Idea | undefined => {
  const open = bank.ideas.filter(({ name }) => !has.includes(name));
  const bad = random() < HEEDS ? toldBad(context) : new Set<string>();
  const good = random() < HEEDS ? toldGood(context) : new Set<string>();
  const better = open.filter(({ name }) => good.has(name) && !bad.has(name));
  const fit = open.filter(({ name }) => !bad.has(name));
  return pick(random, better.length > 0 ? better : fit.length > 0 ? fit : open);
};

const GAINED = 1.02;

/** Tried and measured, and no gain; or failed twice and never measured. */
/** What is known here comes before what was known of candidates that may differ. */
const rowsOf = ({ memory, earlier }: GenerationContext): GenerationContext['memory'] => [
  ...memory,
  ...earlier.filter(({ idea }) => memory.every((row) => row.idea !== idea)),
];

const toldBad = (context: GenerationContext): ReadonlySet<string> => {
  const { tried, attempts, turns } = context;
  const rows = rowsOf(context).filter(({ bestRatio, tries, passed }) =>
    bestRatio !== null ? bestRatio < GAINED : passed === 0 && tries > 1,
  );
  const own = [...attempts, ...turns].filter(({ speedup }) => speedup === null);
  return new Set([...rows, ...own, ...tried].map(({ idea }) => nameOf(idea)));
};

const toldGood = (context: GenerationContext): ReadonlySet<string> =>
  new Set(
    rowsOf(context)
      .filter(({ bestRatio }) => bestRatio !== null && bestRatio >= GAINED)
      .map(({ idea }) => nameOf(idea)),
  );

/** Sum of twelve. */
const gaussian = (random: Random): number => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
