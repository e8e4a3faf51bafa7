/**
 * GPUs of one host: 1 growth of the rate, 2 agreement of their rankings, 3 whether one GPU's compile load moves another's medians,
 * 4 whether one GPU's faults cost another its rate. Prints one Markdown report; a section that fails costs no other its table.
 * Section 3 also runs on a host of one GPU, beside compiles alone.
 *
 * usage: node bench/gpu/scaling.ts [--sections 1,2,3,4] [--candidates 500] [--compared 60] [--repeats 6] [--rounds 7]
 *     [--judgements 300] [--out FILE]
 *   --candidates: stream of section 1; --compared: of section 2; --repeats: judgements of each kernel in a quiet phase of section 3, --rounds of it;
 *   --judgements: in a phase of section 4. --out is written anew after each section.
 * With KILN_SIMULATED_DEVICES=N (and KILN_SIMULATED_JUDGE_MS) it runs without hardware and says what that does not show.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { count } from '../count.ts';
import { mixedStream } from './rate/candidates.ts';
import { measureAgreement } from './several/agreement.ts';
import { measureGrowth } from './several/growth.ts';
import { startHost } from './several/host.ts';
import type { BenchHost } from './several/host.ts';
import { measureIsolation } from './several/isolation.ts';
import { measurePlacement } from './several/placement.ts';
import { agreementText, growthText, isolationText, placementText, scalingReport } from './several/report.ts';
import type { Titled } from './several/report.ts';

const SECTION_LIMIT_MS = 600_000;
const COUNT_MAX = 1000;

interface Sizes {
  readonly candidates: number;
  readonly compared: number;
  readonly repeats: number;
  readonly rounds: number;
  readonly judgements: number;
}

const SECTIONS: readonly {
  readonly key: string;
  readonly title: string;
  readonly gpusMin: number;
  readonly measure: (host: BenchHost, sizes: Sizes) => Promise<string>;
}[] = [
  {
    key: '1',
    title: 'The same candidates on one GPU and on all',
    gpusMin: 2,
    measure: async (host, { candidates }) => growthText(await measureGrowth(host, mixedStream(candidates, 0))),
  },
  {
    key: '2',
    title: 'Agreement of the rankings',
    gpusMin: 2,
    measure: async (host, { compared }) => agreementText(await measureAgreement(host, compared)),
  },
  {
    key: '3',
    title: 'One GPU’s compile load and the other’s medians',
    gpusMin: 1,
    measure: async (host, sizes) => placementText(await measurePlacement(host, sizes)),
  },
  {
    key: '4',
    title: 'One GPU’s faults and the other’s rate',
    gpusMin: 2,
    measure: async (host, { judgements }) => isolationText(await measureIsolation(host, judgements), host.isSimulated),
  },
];

const main = async (): Promise<void> => {
  const { out, keys, ...sizes } = optionsOf();
  const sections = SECTIONS.filter(({ key }) => keys.has(key));
  const host = await startHost(
    Math.max(...sections.map(({ gpusMin }) => gpusMin)),
    'section 3 needs one, KILN_SIMULATED_DEVICES=2 shows how the others work',
  );
  try {
    const done: Titled[] = [];
    const report = (): string => scalingReport(host, new Date().toISOString().slice(0, 10), done);
    for (const section of sections) {
      done.push(await measured(section, host, sizes));
      if (out) writeFileSync(out, report());
    }
    process.stdout.write(report());
    if (done.some(({ result }) => 'failed' in result || result.text.includes('UNEXPECTED'))) process.exitCode = 1;
  } finally {
    await host.sshd.stop();
  }
  // A section over its limit may still wait for its runner, and would keep this process.
  process.exit();
};

const measured = async ({ key, title, measure }: (typeof SECTIONS)[number], host: BenchHost, sizes: Sizes): Promise<Titled> => {
  const startedMs = performance.now();
  const result = await withinLimit(measure(host, sizes)).then(
    (text) => ({ text }),
    (error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  process.stderr.write(
    `scaling: section ${key} ${'failed' in result ? `failed: ${result.failed}` : 'done'} after ${seconds.toFixed(0)} s\n`,
  );
  return { title: `${key}. ${title}`, result, seconds };
};

/** What still runs of a section that took too long disturbs the next ones, but does not cost them their tables. */
const withinLimit = async <Value>(work: Promise<Value>): Promise<Value> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done within ${SECTION_LIMIT_MS / 1000} s`)), SECTION_LIMIT_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
};

const optionsOf = (): Sizes & { readonly out: string | undefined; readonly keys: ReadonlySet<string> } => {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { sections: text, candidates: text, compared: text, repeats: text, rounds: text, judgements: text, out: text },
  });
  const known = SECTIONS.map(({ key }) => key);
  const keys = new Set(values.sections?.split(',') ?? known);
  for (const key of keys) if (!known.includes(key)) throw new Error(`--sections: "${key}" is none of ${known.join(', ')}`);
  return {
    out: values.out,
    keys,
    candidates: count('--candidates', values.candidates ?? '500', COUNT_MAX),
    compared: count('--compared', values.compared ?? '60', COUNT_MAX),
    repeats: count('--repeats', values.repeats ?? '6', COUNT_MAX),
    rounds: count('--rounds', values.rounds ?? '7', COUNT_MAX),
    judgements: count('--judgements', values.judgements ?? '300', COUNT_MAX),
  };
};

await main();
