/**
 * What strategies gain over random search: node bench/search/main.ts [SEEDS]. Replays each on every space of bench/search/spaces and prints Markdown. Nothing is
 * judged: it takes minutes of one core.
 */
import { STRATEGIES, type StrategyName } from '../../src/domain/sweep/sweep.ts';
import { createStrategy } from '../../src/sweeps/strategies/create-strategy.ts';
import { table } from '../markdown.ts';
import { type KnownSpace, knownSpaces } from './recorded-space.ts';
import { replay } from './replay.ts';
import { count as countOption } from '../count.ts';

const SEEDS = countOption('SEEDS', process.argv[2] ?? '50', 10_000);
/** The budget is where random search is expected to have come so far from the median to the best; at most so many verdicts. */
const REACHED = 0.95;
const VERDICTS_MAX = 200;
/** Scores are means over so many budgets, evenly spread. */
const BUDGETS = 20;
const WITHIN = Math.log(1.02);

const COMPARED = STRATEGIES.filter((name) => name !== 'grid');

/** Of random search without repetition over all valid points: exact, from the order statistics. */
const expectedRandom = ({ valid, valueOf }: KnownSpace, verdicts: number): readonly number[] => {
  const values = valid.map((point) => valueOf(point) ?? -Infinity);
  const worst = Math.min(...values.filter((value) => value > -Infinity));
  const ranked = values.map((value) => Math.max(worst, value)).toSorted((a, b) => b - a);
  return Array.from({ length: verdicts }, (_, index) => {
    const count = index + 1;
    // Chance that the best of `count` draws is the one at this rank, and no better one.
    let [expected, noBetter] = [0, 1];
    for (let rank = 0; rank <= ranked.length - count; rank += 1) {
      const chance = count / (ranked.length - rank);
      expected += noBetter * chance * (ranked[rank] ?? worst);
      noBetter *= 1 - chance;
    }
    return expected;
  });
};

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

interface Budget {
  readonly verdicts: number;
  readonly random: readonly number[];
}

const budgetOf = (known: KnownSpace): Budget => {
  const most = Math.min(VERDICTS_MAX, known.valid.length);
  const random = expectedRandom(known, most);
  const median = medianOf(known.valid.flatMap((point) => known.valueOf(point) ?? []));
  const reached = random.findIndex((value) => value - median >= REACHED * (known.best - median));
  return { verdicts: reached < 0 ? most : Math.max(BUDGETS, reached + 1), random };
};

interface Score {
  /** 0: as random search; 1: the best at once; below 0: worse than random search. Mean of seeds, and its standard error. */
  readonly mean: number;
  readonly error: number;
  /** Verdicts until within two percent of the best; median of seeds, "-" where most never came there. */
  readonly within: string;
}

const scoreOf = (name: StrategyName, known: KnownSpace, { verdicts, random }: Budget): Score => {
  const curves = Array.from({ length: SEEDS }, (_, seed) => {
    const strategy = createStrategy(name, { space: known.space, seed: seed + 1, planned: verdicts, asked: [] });
    return replay(strategy, known, verdicts);
  });
  const scores = curves.map((curve) => gainOf(curve, random, known.best));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length - 1);
  const reached = curves.map((curve) => curve.findIndex((value) => value >= known.best - WITHIN) + 1 || Infinity);
  const within = medianOf(reached);
  return { mean, error: Math.sqrt(variance / scores.length), within: Number.isFinite(within) ? String(within) : '-' };
};

const gainOf = (curve: readonly number[], random: readonly number[], best: number): number => {
  const first = random[0] ?? 0;
  const gains = Array.from({ length: BUDGETS }, (_, index) => {
    const at = Math.ceil(((index + 1) * curve.length) / BUDGETS) - 1;
    const expected = random[at] ?? 0;
    // Where random search has come there, nothing can be gained.
    return best - expected < 1e-9 ? 0 : (Math.max(first, curve[at] ?? first) - expected) / (best - expected);
  });
  return gains.reduce((sum, gain) => sum + gain, 0) / BUDGETS;
};

const spaces = knownSpaces();
const budgets = spaces.map(budgetOf);
const scores = COMPARED.map((name) => ({
  name,
  of: spaces.map((known, index) => scoreOf(name, known, budgets[index] ?? budgetOf(known))),
}));
const meanOf = (of: readonly Score[]): number => of.reduce((sum, { mean }) => sum + mean, 0) / of.length;

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
print(`# Strategies of sweeps against random search

\`node bench/search/main.ts ${SEEDS}\`: strategies replayed on spaces whose every point is known, ${SEEDS} seeds each, 16 points on their way at once as a sweep
has them for one device. No time of a device is measured here.

## Spaces

${table(
  ['space', 'kind', 'device', 'points', 'passed', 'best', 'verdicts in the budget', 'note'],
  spaces.map(({ name, recorded, valid, best }, index) => [
    name,
    recorded.kind,
    recorded.device,
    valid.length,
    recorded.verdicts['passed'] ?? 0,
    `${Math.exp(best).toFixed(2)}x`,
    budgets[index]?.verdicts ?? 0,
    recorded.note,
  ]),
)}

The budget ends where random search is expected to have come ${REACHED * 100} % of the way from the median to the best, at ${VERDICTS_MAX} verdicts at most.

## Gain over random search

Mean over ${BUDGETS} budgets up to that one, of how much of what random search leaves open the strategy has found: 0 is random search as it is expected to be, 1 the best at
once, below 0 worse. With the standard error over seeds; the last column is the mean over spaces.

${table(
  ['strategy', ...spaces.map(({ name }) => name), 'all'],
  scores.map(({ name, of }) => [
    name,
    ...of.map(({ mean, error }) => `${mean.toFixed(2)} ± ${error.toFixed(2)}`),
    meanOf(of).toFixed(2),
  ]),
)}

## Verdicts until within 2 % of the best

Median of the seeds; "-": most of them did not come there within the budget.

${table(
  ['strategy', ...spaces.map(({ name }) => name)],
  scores.map(({ name, of }) => [name, ...of.map(({ within }) => within)]),
)}
`);
const losing = scores.flatMap(({ name, of }) =>
  of.flatMap(({ mean, error }, index) =>
    name !== 'random' && mean < 2 * error ? [`${name} on ${spaces[index]?.name} (${mean.toFixed(2)} ± ${error.toFixed(2)})`] : [],
  ),
);
print(`Not clearly better than random search (by two standard errors): ${losing.join('; ') || 'none'}.`);
