/**
 * Programs on this machine's GPU, over a real sshd: each is built, recorded in its sandbox, and its recording judged beside its device twin.
 *
 * usage: node bench/gpu/programs.ts [--only torch,triton,cuda,corpus,references] [--problems a,b] [--named TEXT,TEXT] [--out FILE] [--device CLASS]
 *                                   [--limit SECONDS] [--program-limit SECONDS]
 *
 * `--only torch` is the quickest look at whether recording and replay work at all; `--only corpus` judges honest, wrong and hostile ones, and prints
 * what must not be; `--only references` judges candidates by problems whose reference is PyTorch, whose inputs it derives or whose outputs it checks, and by their native twins. `--named` takes those alone whose name holds one of the texts. After the limit it reports what was judged until then. The limit
 * of a program counts for importing and for recording it, where it needs no compiler.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Candidate } from '../../src/domain/candidate.ts';
import { canRecord } from '../../src/domain/hosts/environment-label.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { type Sshd, startSshd } from '../../test/support/sshd.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { leftByPrograms, leftSince } from './left-behind.ts';
import { connectedHost } from '../connected-host.ts';
import { environmentLines, judgeBodies, secondsOf, withKiln } from './program-host.ts';
import { type JudgedProgram, type ProgramFacts, programReport } from './program-report.ts';
import { KINDS, type Kind, needsCompiler, type ProgramItem, programWork } from './program-work.ts';
import { referenceItems, writeReferenceProblems } from './reference-work.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const RUN_LIMIT_SECONDS = 480;
/** One that never returns costs the GPU as much. */
const PROGRAM_LIMIT_SECONDS = 10;
/** load_inline of several programs at once takes a minute and more. */
const COMPILE_LIMIT_MS = 300_000;
const JUDGE_LIMIT_MS = 20_000;

interface Asked {
  readonly kinds: readonly Kind[];
  readonly only: readonly string[] | undefined;
  readonly named: readonly string[] | undefined;
  readonly device: string | undefined;
  readonly limitMs: number;
  readonly programLimitMs: number;
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      problems: { type: 'string' },
      named: { type: 'string' },
      out: { type: 'string' },
      device: { type: 'string' },
      limit: { type: 'string' },
      'program-limit': { type: 'string' },
    },
  });
  const sshd = await startSshd({ env: sessionEnvironment() });
  try {
    const facts = await runAll(sshd, {
      kinds: KINDS.filter((kind) => values.only === undefined || values.only.split(',').includes(kind)),
      only: values.problems?.split(','),
      named: values.named?.split(','),
      device: values.device,
      limitMs: 1000 * secondsOf('--limit', values.limit ?? String(RUN_LIMIT_SECONDS)),
      programLimitMs: 1000 * secondsOf('--program-limit', values['program-limit'] ?? String(PROGRAM_LIMIT_SECONDS)),
    });
    const text = programReport(facts);
    process.stdout.write(text);
    if (values.out) writeFileSync(values.out, text);
  } finally {
    await sshd.stop();
  }
};

interface Group {
  readonly isOne: (item: ProgramItem) => boolean;
  readonly limitMs: (asked: Asked) => number;
}

/** Those of the corpus that need no compiler have a daemon of their own, whose limits are short: some of them never return. */
const GROUPS: readonly Group[] = [
  { isOne: (item) => item.kind === 'corpus' && !needsCompiler(item), limitMs: ({ programLimitMs }) => programLimitMs },
  {
    isOne: (item) => item.kind !== 'references' && (item.kind !== 'corpus' || needsCompiler(item)),
    limitMs: () => COMPILE_LIMIT_MS,
  },
  { isOne: (item) => item.kind === 'references', limitMs: () => COMPILE_LIMIT_MS },
];

const runAll = async (sshd: Sshd, asked: Asked): Promise<ProgramFacts> => {
  const before = new Set(leftByPrograms());
  const endsAtMs = performance.now() + asked.limitMs;
  const groups: Judgements[] = [];
  const kernelsDir = mkdtempSync(join(tmpdir(), 'kiln-references-'));
  process.once('exit', () => rmSync(kernelsDir, { recursive: true, force: true }));
  const own = { kernelsDir, names: asked.kinds.includes('references') ? writeReferenceProblems(kernelsDir, asked.only) : [] };
  for (const { isOne, limitMs } of GROUPS) {
    const workFor = (device: string): readonly ProgramItem[] => workOf(asked, own, device).filter(isOne);
    // Which device decides nothing about how many there are.
    const count = workFor('any').length;
    if (count === 0) continue;
    if (performance.now() >= endsAtMs) {
      groups.push({ head: `${count} more programs were not begun, since the limit was over.\n`, judged: [], seconds: 0 });
      continue;
    }
    const judgeAll = async (kiln: KilnProcess): Promise<Judgements> => judge(kiln, { workFor, device: asked.device, endsAtMs });
    const ofReferences = workFor('any').every(({ kind }) => kind === 'references');
    const setting = {
      compileLimitMs: limitMs(asked),
      judgeLimitMs: JUDGE_LIMIT_MS,
      kernelsDir: ofReferences ? kernelsDir : null,
    };
    groups.push(await withKiln(sshd, setting, judgeAll));
  }
  return {
    head: [...new Set(groups.map(({ head }) => head))].join('\n') || '# No program has such a name\n',
    judged: groups.flatMap(({ judged }) => judged),
    seconds: groups.reduce((sum, { seconds }) => sum + seconds, 0),
    leftBehind: await leftSince(before),
  };
};

/** Problems that are made for this run. */
interface Own {
  readonly kernelsDir: string;
  readonly names: readonly string[];
}

const workOf = ({ kinds, only, named }: Asked, own: Own, device: string): readonly ProgramItem[] => {
  const loaded = loadProblems(join(import.meta.dirname, '../../kernels'));
  const problems = new Map([...loaded].filter(([name]) => only === undefined || only.includes(name)));
  const items = [...programWork({ device, kinds, problems }), ...referenceItems(own.kernelsDir, own.names, device)];
  return items.filter(({ name }) => named === undefined || named.some((text) => name.includes(text)));
};

interface Judgements {
  readonly head: string;
  readonly judged: readonly JudgedProgram[];
  readonly seconds: number;
}

interface Wanted {
  readonly workFor: (device: string) => readonly ProgramItem[];
  readonly device: string | undefined;
  readonly endsAtMs: number;
}

const judge = async (kiln: KilnProcess, { workFor, device, endsAtMs }: Wanted): Promise<Judgements> => {
  const host = await connectedHost(kiln.client);
  const gpu = host.devices.find(({ kind }) => kind === 'gpu');
  const head = `# Programs on ${gpu?.model ?? 'no GPU'}, ${new Date().toISOString().slice(0, 10)}\n\n${environmentLines(host)}\n`;
  if (!gpu || !(host.inventory?.environments ?? []).some(canRecord))
    return { head: `${head}\nNothing is recorded here.\n`, judged: [], seconds: 0 };
  const work = workFor(device ?? gpu.class);
  const bodies = work.flatMap(({ body, beside }) => (beside ? [body, beside] : [body]));
  const { candidates, seconds } = await judgeBodies(kiln, bodies, endsAtMs);
  const candidateOf = (body: ProgramItem['body']): Candidate => {
    const candidate = candidates[bodies.indexOf(body)];
    if (!candidate) throw new Error('the daemon answered for fewer than it was sent');
    return candidate;
  };
  const judged = work.map((item) => ({
    item,
    candidate: candidateOf(item.body),
    beside: item.beside && candidateOf(item.beside),
  }));
  return { head, judged, seconds };
};

await main();
