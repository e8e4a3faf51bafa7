/**
 * Programs on this machine's GPU, over a real sshd: each is built, recorded in its sandbox, and its recording judged beside its device twin.
 *
 * usage: node bench/gpu/programs.ts [--only torch,triton,cuda,corpus,references] [--problems a,b] [--named TEXT,TEXT] [--out FILE] [--device CLASS]
 *                                   [--limit SECONDS] [--program-limit SECONDS]
 *
 * `--only torch` is the quickest look at whether recording and replay work at all; `--only corpus` judges honest, wrong and hostile ones, and prints
 * what must not be; `--only references` judges candidates by problems whose reference is PyTorch, and by their native twins. `--named` takes those alone whose name holds one of the texts. After the limit it reports what was judged until then. The limit
 * of a program counts for importing and for recording it, where it needs no compiler.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { HostView } from '../../src/domain/api/fleet.ts';
import { canRecord } from '../../src/domain/hosts/environment-label.ts';
import { plainLine } from '../../src/platform/printable-text.ts';
import { loadProblems } from '../../src/problems/load-problems.ts';
import { type Sshd, startSshd } from '../../test/support/sshd.ts';
import { kilnFolder, startKiln, untilDone } from '../../test/support/kiln-process.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { leftByPrograms } from './left-behind.ts';
import { type JudgedProgram, type ProgramFacts, programReport } from './program-report.ts';
import { KINDS, type Kind, needsCompiler, type ProgramItem, programWork } from './program-work.ts';
import { referenceItems, writeReferenceProblems } from './reference-work.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const RUN_LIMIT_SECONDS = 480;
/** One that never returns costs the GPU as much. */
const PROGRAM_LIMIT_SECONDS = 10;
const CONNECT_LIMIT_MS = 120_000;
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

const secondsOf = (option: string, text: string): number => {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new Error(`${option} ${text} is no number of seconds`);
  return seconds;
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
    groups.push(await withKiln(sshd, { limitMs: limitMs(asked), kernelsDir: ofReferences ? kernelsDir : null }, judgeAll));
  }
  return {
    head: [...new Set(groups.map(({ head }) => head))].join('\n') || '# No program has such a name\n',
    judged: groups.flatMap(({ judged }) => judged),
    seconds: groups.reduce((sum, { seconds }) => sum + seconds, 0),
    leftBehind: leftByPrograms().filter((one) => !before.has(one)),
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

interface Setting {
  readonly limitMs: number;
  /** Null: those of this repository. */
  readonly kernelsDir: string | null;
}

const withKiln = async <Result>(
  sshd: Sshd,
  { limitMs, kernelsDir }: Setting,
  use: (kiln: KilnProcess) => Promise<Result>,
): Promise<Result> => {
  const folder = kilnFolder('hosts: []\n', {
    KILN_TIMING_METHOD: 'paired',
    KILN_COMPILE_LIMIT_MS: String(limitMs),
    KILN_JUDGE_LIMIT_MS: String(JUDGE_LIMIT_MS),
    KILN_LOG_LEVEL: 'warn',
    ...(kernelsDir !== null && { KILN_KERNELS_DIR: kernelsDir }),
  });
  const ssh = `{host: 127.0.0.1, port: ${sshd.port}, user: ${sshd.user}, key: ${sshd.keyPath}, hostKey: "${sshd.hostKeyLine}"}`;
  folder.write('fleet.yaml', `hosts:\n  - {name: gpu-host, ssh: ${ssh}, runnerDir: ${folder.path}/remote, gpus: auto}\n`);
  const kiln = await startKiln(folder);
  try {
    return await use(kiln);
  } finally {
    await kiln.stop();
    folder.remove();
  }
};

const connected = async (kiln: KilnProcess): Promise<HostView> => {
  for await (const event of kiln.client.events({ after: 0, signal: AbortSignal.timeout(CONNECT_LIMIT_MS) })) {
    if (event.type === 'host.refused' || event.type === 'host.lost')
      throw new Error(`the host cannot be used: ${String(event.data['reason'])}`);
    if (event.type === 'host.connected') break;
  }
  const [host] = (await kiln.client.fleet()).hosts;
  if (!host) throw new Error('the fleet is empty');
  return host;
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
  const host = await connected(kiln);
  const gpu = host.devices.find(({ kind }) => kind === 'gpu');
  const environments = host.inventory?.environments ?? [];
  const said = environments.map(
    ({ name, torch, triton, recorder, sandbox, warnings }) =>
      `environment ${name}: PyTorch ${torch ?? 'none'}, Triton ${triton ?? 'none'}, recorder ${recorder}, sandbox ${sandbox.level}${warnings.map((words) => `\n  ${plainLine(words)}`).join('')}`,
  );
  const head = `# Programs on ${gpu?.model ?? 'no GPU'}, ${new Date().toISOString().slice(0, 10)}\n\n${said.join('\n') || 'no environment: no Python with PyTorch was found'}\n`;
  if (!gpu || !environments.some(canRecord)) return { head: `${head}\nNothing is recorded here.\n`, judged: [], seconds: 0 };
  const work = workFor(device ?? gpu.class);
  const bodies = work.flatMap(({ body, beside }) => (beside ? [body, beside] : [body]));
  const startedMs = performance.now();
  const { candidates } = await kiln.client.submit(bodies);
  const leftMs = Math.max(1, endsAtMs - startedMs);
  await untilDone(kiln.client, new Set(candidates.map(({ id }) => id)), leftMs).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const candidateOf = async (body: ProgramItem['body']) => kiln.client.candidate(candidates[bodies.indexOf(body)]?.id ?? '');
  const judged: JudgedProgram[] = [];
  for (const item of work)
    judged.push({ item, candidate: await candidateOf(item.body), beside: item.beside && (await candidateOf(item.beside)) });
  return { head, judged, seconds };
};

await main();
