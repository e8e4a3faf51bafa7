/**
 * Search policies of campaigns against one another: node bench/search/policies/main.ts [SEEDS [POLICY,… [rugged]]]. Whole campaigns, the real ones, over an engine and a model that are simulated; no device, no
 * service, no key. Prints Markdown: candidates and dollars until within 2 % of the best that the bank holds.
 */
import { table } from '../../markdown.ts';
import { bankOf } from './bank.ts';
import { POLICIES, type Policy } from './policies.ts';
import { type Reached, reachedIn, runPolicy } from './run-policy.ts';
import { count } from '../../count.ts';

const SEEDS = count('SEEDS', process.argv[2] ?? '50', 10_000);
const PROBLEMS = ['rmsnorm', 'softmax'];
const isRugged = process.argv[4] === 'rugged';
/** Campaigns at once: each mostly waits for its model. */
const AT_ONCE = 4;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const oneOf = async (policy: Policy, problem: string, seed: number): Promise<Reached> => {
  const bank = bankOf(problem, seed, { isRugged });
  return reachedIn(await runPolicy(policy, bank, seed), bank);
};

const rows: string[][] = [];
const wanted = process.argv[3]?.split(',') ?? POLICIES.map(({ name }) => name);
for (const problem of PROBLEMS) {
  for (const policy of POLICIES.filter(({ name }) => wanted.includes(name))) {
    const reached: Reached[] = [];
    for (let from = 1; from <= SEEDS; from += AT_ONCE) {
      const seeds = Array.from({ length: Math.min(AT_ONCE, SEEDS - from + 1) }, (_, index) => from + index);
      reached.push(...(await Promise.all(seeds.map(async (seed) => oneOf(policy, problem, seed)))));
    }
    const there = reached.filter(({ isThere }) => isThere).length;
    rows.push([
      problem,
      policy.name,
      String(median(reached.map(({ candidates }) => candidates))),
      `$${median(reached.map(({ dollars }) => dollars)).toFixed(2)}`,
      `${there} of ${SEEDS}`,
    ]);
    process.stderr.write(`${rows.at(-1)?.join('  ')}\n`);
  }
}
process.stdout.write(`${table(['problem', 'policy', 'candidates', 'dollars', 'came there'], rows)}\n`);
