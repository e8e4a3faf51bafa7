/**
 * Public files on this machine's GPU, over a real sshd: a folder of the user's own copies of KernelBench files and GPU MODE tasks is imported, each
 * file's own model or reference is judged against itself, and public submissions and wrong ones beside them.
 *
 * usage: node bench/gpu/imported.ts --from DIR [--only gpumode,kernelbench] [--named TEXT,TEXT] [--limit SECONDS] [--program-limit SECONDS]
 *                                   [--python PATH] [--seconds NUMBER] [--device CLASS] [--out FILE]
 *
 * `--named` takes the files alone whose path holds one of the texts. What is cheap is judged first; after the limit, which importing counts to, it
 * reports what was judged until then. The limit of a program counts for building and for recording it; `--seconds` ends what describing one file takes.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canRecord } from '../../src/domain/hosts/environment-label.ts';
import { readProblems } from '../../src/problems/load-problems.ts';
import type { KilnProcess } from '../../test/support/kiln-process.ts';
import { type Sshd, startSshd } from '../../test/support/sshd.ts';
import { importFolder } from './imported-problems.ts';
import { type ImportedFacts, importedReport } from './imported-report.ts';
import { COLLECTIONS, type Collection, importedWork } from './imported-work.ts';
import { leftByPrograms, leftSince } from './left-behind.ts';
import { connectedHost } from '../connected-host.ts';
import { environmentLines, judgeBodies, secondsOf, withKiln } from './program-host.ts';
import { sessionEnvironment } from './rate/session-environment.ts';

const RUN_LIMIT_SECONDS = 420;
/** A large model's weights are drawn and recorded within it; load_inline takes a minute and more. */
const PROGRAM_LIMIT_SECONDS = 180;
const JUDGE_LIMIT_SECONDS = 30;
/** Few need more, and all wait for the last. */
const DESCRIBE_SECONDS = 20;
/** A daemon has a problem before the files are imported, so that it can connect meanwhile. */
const FIRST_PROBLEM = join(import.meta.dirname, '../../kernels/vector_add');

interface Asked {
  readonly from: string;
  readonly collections: readonly Collection[];
  readonly named: readonly string[] | undefined;
  /** That describes them; undefined: the first here that has PyTorch. */
  readonly python: string | undefined;
  readonly seconds: number;
  readonly device: string | undefined;
  readonly endsAtMs: number;
}

const main = async (): Promise<void> => {
  const startedMs = performance.now();
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      only: { type: 'string' },
      named: { type: 'string' },
      out: { type: 'string' },
      python: { type: 'string' },
      seconds: { type: 'string' },
      device: { type: 'string' },
      limit: { type: 'string' },
      'program-limit': { type: 'string' },
    },
  });
  if (values.from === undefined) throw new Error('--from names the folder with your copies of public files');
  const asked: Asked = {
    from: values.from,
    collections: COLLECTIONS.filter((one) => values.only === undefined || values.only.split(',').includes(one)),
    named: values.named?.split(','),
    python: values.python,
    seconds: secondsOf('--seconds', values.seconds ?? String(DESCRIBE_SECONDS)),
    device: values.device,
    endsAtMs: startedMs + 1000 * secondsOf('--limit', values.limit ?? String(RUN_LIMIT_SECONDS)),
  };
  const programLimit = secondsOf('--program-limit', values['program-limit'] ?? String(PROGRAM_LIMIT_SECONDS));
  const before = new Set(leftByPrograms());
  const kernelsDir = mkdtempSync(join(tmpdir(), 'kiln-imported-'));
  process.once('exit', () => rmSync(kernelsDir, { recursive: true, force: true }));
  const sshd = await startSshd({ env: sessionEnvironment() });
  try {
    const judged = await judgeImported(sshd, { asked, kernelsDir, compileLimitMs: 1000 * programLimit });
    const text = importedReport({ ...judged, leftBehind: await leftSince(before) });
    process.stdout.write(text);
    if (values.out) writeFileSync(values.out, text);
  } finally {
    await sshd.stop();
  }
};

interface Run {
  readonly asked: Asked;
  readonly kernelsDir: string;
  readonly compileLimitMs: number;
}

const judgeImported = async (
  sshd: Sshd,
  { asked, kernelsDir, compileLimitMs }: Run,
): Promise<Omit<ImportedFacts, 'leftBehind'>> => {
  cpSync(FIRST_PROBLEM, join(kernelsDir, 'vector_add'), { recursive: true });
  const setting = { compileLimitMs, judgeLimitMs: 1000 * JUDGE_LIMIT_SECONDS, kernelsDir };
  return withKiln(sshd, setting, async (kiln) => {
    const startedMs = performance.now();
    const [host, files] = await Promise.all([connectedHost(kiln.client), importFolder(asked.from, { ...asked, kernelsDir })]);
    const importSeconds = (performance.now() - startedMs) / 1000;
    process.stderr.write(
      `imported: ${files.filter((one) => 'problem' in one).length} of ${files.length} files are problems, after ${importSeconds.toFixed(0)} s\n`,
    );
    const gpu = host.devices.find(({ kind }) => kind === 'gpu');
    const head = `# Public files on ${gpu?.model ?? 'no GPU'}, ${new Date().toISOString().slice(0, 10)}\n\n${environmentLines(host)}\n`;
    const { problems, refused } = readProblems(kernelsDir);
    const unloaded = Object.fromEntries(refused.map(({ name, reason }) => [name, reason]));
    const facts = { head, files, unloaded, judged: [], importSeconds, judgeSeconds: 0, metrics: '' };
    if (!gpu || !(host.inventory?.environments ?? []).some(canRecord))
      return { ...facts, head: `${head}\nNothing is recorded here.\n` };
    await kiln.client.reloadProblems();
    const judged = await judge(kiln, importedWork(files, problems, asked.device ?? gpu.class), asked.endsAtMs);
    return { ...facts, ...judged, metrics: await (await fetch(`${kiln.url}/metrics`)).text() };
  });
};

const judge = async (
  kiln: KilnProcess,
  items: ReturnType<typeof importedWork>,
  endsAtMs: number,
): Promise<Pick<ImportedFacts, 'judged' | 'judgeSeconds'>> => {
  if (items.length === 0) return { judged: [], judgeSeconds: 0 };
  const { candidates, seconds } = await judgeBodies(
    kiln,
    items.map(({ body }) => body),
    endsAtMs,
  );
  const judged = items.flatMap((item, index) => {
    const candidate = candidates[index];
    return candidate ? [{ item, candidate }] : [];
  });
  return { judged, judgeSeconds: seconds };
};

await main();
