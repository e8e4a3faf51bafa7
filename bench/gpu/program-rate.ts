/**
 * How many programs a GPU's host records and judges in a second, over a real sshd, and what that takes from candidates that are device code: these
 * alone, programs alone, both at once. Programs that need no compiler for C++: PyTorch's own way of each problem, and seeds in Triton.
 *
 * usage: node bench/gpu/program-rate.ts [--programs 60] [--candidates 120] [--limit SECONDS] [--out FILE]
 *   --limit: of each of the three; what is not judged by then does not count
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SubmitCandidate } from '../../src/domain/api/candidates.ts';
import type { Candidate } from '../../src/domain/candidate.ts';
import { canRecord } from '../../src/domain/hosts/environment-label.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { startSshd } from '../../test/support/sshd.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { connectedHost } from '../connected-host.ts';
import { count } from '../count.ts';
import { table } from '../markdown.ts';
import { environmentLines, judgeBodies, secondsOf, withKiln } from './program-host.ts';
import { rateOf, rateRow } from './program-rate-figures.ts';
import { programWork } from './program-work.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const KERNELS = join(import.meta.dirname, '../../kernels');
const PROGRAMS = 'programs';
const MOST = 1000;
const PHASE_LIMIT_SECONDS = 120;
const COMPILE_LIMIT_MS = 120_000;
const JUDGE_LIMIT_MS = 20_000;

interface Asked {
  readonly programs: number;
  readonly candidates: number;
  readonly limitMs: number;
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      programs: { type: 'string', default: '60' },
      candidates: { type: 'string', default: '120' },
      limit: { type: 'string', default: String(PHASE_LIMIT_SECONDS) },
      out: { type: 'string' },
    },
  });
  const asked = {
    programs: count('--programs', values.programs, MOST),
    candidates: count('--candidates', values.candidates, MOST),
    limitMs: 1000 * secondsOf('--limit', values.limit),
  };
  const sshd = await startSshd({ env: sessionEnvironment() });
  try {
    const setting = { compileLimitMs: COMPILE_LIMIT_MS, judgeLimitMs: JUDGE_LIMIT_MS, kernelsDir: null };
    const text = await withKiln(sshd, setting, async (kiln) => reportOf(kiln, asked));
    process.stdout.write(text);
    if (values.out !== undefined) writeFileSync(values.out, text);
  } finally {
    await sshd.stop();
  }
};

const isProgram = ({ submission }: Candidate): boolean => submission.submitter === PROGRAMS;

const reportOf = async (kiln: KilnProcess, { programs, candidates, limitMs }: Asked): Promise<string> => {
  const host = await connectedHost(kiln.client);
  const gpu = host.devices.find(({ kind }) => kind === 'gpu');
  const head = `# Programs a second on ${gpu?.model ?? 'no GPU'}, ${new Date().toISOString().slice(0, 10)}\n\n${environmentLines(host)}\n`;
  if (!gpu || !(host.inventory?.environments ?? []).some(canRecord)) return `${head}\nNothing is recorded here.\n`;
  const judged = async (bodies: readonly SubmitCandidate[]): Promise<readonly Candidate[]> =>
    (await judgeBodies(kiln, bodies, performance.now() + limitMs)).candidates;
  // What a host does once: its zygote, the baselines of the problems.
  await judged([...programBodies(gpu.class, 'warm').slice(0, 2), ...deviceBodies(gpu.class, 'warm', 2)]);
  const alone = await judged(deviceBodies(gpu.class, 'alone', candidates));
  const only = await judged(many(programBodies(gpu.class, 'only'), programs));
  const both = await judged([
    ...many(programBodies(gpu.class, 'both'), programs),
    ...deviceBodies(gpu.class, 'both', candidates),
  ]);
  const rows = [
    rateRow('device code alone', rateOf(alone)),
    rateRow('programs alone', rateOf(only)),
    rateRow('both at once: device code', rateOf(both.filter((one) => !isProgram(one)))),
    rateRow('both at once: programs', rateOf(both.filter(isProgram))),
  ];
  const columns = [
    '',
    'passed',
    'a second, from the first verdict to the last',
    'of the GPU’s time for one (p50)',
    'of it timed',
  ];
  return `${head}\n${table(columns, rows)}\n`;
};

/** `of`: told in a comment, so that each is a program of its own. */
const programBodies = (device: string, of: string): readonly SubmitCandidate[] => {
  const work = programWork({ device, kinds: ['torch', 'triton'], problems: loadProblems(KERNELS) });
  return work.map(({ body }) => ({ ...body, source: `${body.source}\n# ${of}\n`, submitter: PROGRAMS }));
};

const many = (bodies: readonly SubmitCandidate[], wanted: number): readonly SubmitCandidate[] =>
  Array.from({ length: wanted }, (_, number) => {
    const body = bodies[number % bodies.length];
    if (!body) throw new Error('there is no program');
    return { ...body, source: `${body.source}# ${number}\n` };
  });

const deviceBodies = (device: string, of: string, wanted: number): readonly SubmitCandidate[] => {
  const source = readFileSync(join(KERNELS, 'vector_add/seeds/3-float4.cu'), 'utf8');
  return Array.from({ length: wanted }, (_, number) =>
    SubmitCandidate.parse({
      problem: 'vector_add',
      device,
      language: 'cuda',
      source: `${source}// ${of} ${number}\n`,
      submitter: 'device-code',
      effort: 'full',
    }),
  );
};

await main();
