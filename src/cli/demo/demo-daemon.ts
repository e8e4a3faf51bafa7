/**
 * A daemon of the demo's own, as a child process in a process group of its own, on a free port with its data in a temporary folder.
 *
 * It is stopped as a user would stop it; what does not end in time is killed, and told as a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { KilnError } from '../../domain/errors.ts';
import { PROJECT_ROOT } from '../context.ts';

/** The first start makes a database: some seconds of work, minutes on a machine that is busy with other things. */
const START_LIMIT_MS = 240_000;
const STOP_LIMIT_MS = 75_000;
const GONE_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 100;
const LOG_LINES_SHOWN = 15;
/** A judgement of the demo takes about a second; time without a processor does not count. The endless candidate costs this much. */
const JUDGE_LIMIT_MS = 8000;
/** A machine that is busy with other things may not give the endless candidate its time: it is asked again then. */
const INFRA_RETRIES = 10;
/** Timed runs of a case take half of the default: enough to tell the demo's candidates apart. */
const SETTINGS = 'judging: {timing: {caseBudgetMs: 125}}\n';
const UpLine = z.object({ url: z.string() });

export interface DemoDaemon {
  readonly url: string;
  /** Rejects when the daemon ends by itself. */
  readonly died: Promise<never>;
  /** Throws when it, or a process it started, had to be killed. Idempotent. */
  stop(): Promise<void>;
}

/** GPUs that are not there, for a fleet that is worth looking at: every candidate passes on them, after so long. */
export interface SimulatedGpus {
  readonly count: number;
  readonly judgeMs: number;
}

export const startDemoDaemon = async (simulated: SimulatedGpus | null = null): Promise<DemoDaemon> => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-demo-'));
  await writeFile(join(folder, 'kiln.yaml'), SETTINGS);
  await writeFile(join(folder, 'fleet.yaml'), 'hosts:\n  - {name: local, local: {}, cpu: true, gpus: auto}\n');
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), 'up', '--json'], {
    cwd: PROJECT_ROOT,
    env: { ...environmentOf(folder), ...simulatedOf(simulated) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = collectLog(child);
  const died = deathOf(child, log);
  died.catch(() => null);
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= endAll(child, folder));
  try {
    const url = await Promise.race([urlOf(child), died, tooLate(child)]);
    return { url, died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** The user's own settings must not steer the demo, nor the demo touch the user's data. */
const environmentOf = (folder: string): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KILN_'));
  return {
    ...Object.fromEntries(inherited),
    KILN_CONFIG: join(folder, 'kiln.yaml'),
    KILN_FLEET: join(folder, 'fleet.yaml'),
    KILN_DATA_DIR: join(folder, 'data'),
    KILN_PORT: '0',
    KILN_LOG_LEVEL: 'warn',
    KILN_JUDGE_LIMIT_MS: String(JUDGE_LIMIT_MS),
    KILN_INFRA_RETRIES: String(INFRA_RETRIES),
  };
};

const simulatedOf = (simulated: SimulatedGpus | null): NodeJS.ProcessEnv =>
  simulated === null
    ? {}
    : { KILN_SIMULATED_DEVICES: String(simulated.count), KILN_SIMULATED_JUDGE_MS: String(simulated.judgeMs) };

/** The last lines of its log, for when it dies. */
const collectLog = (child: ChildProcess): readonly string[] => {
  const lines: string[] = [];
  if (!child.stderr) return lines;
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    lines.splice(0, lines.length - LOG_LINES_SHOWN);
  });
  return lines;
};

const urlOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).once('line', (line) => {
      try {
        resolve(UpLine.parse(JSON.parse(line)).url);
      } catch (error) {
        reject(new KilnError('INTERNAL', `the daemon printed "${line}" where its address was expected`, { cause: error }));
      }
    });
  });

const deathOf = async (child: ChildProcess, log: readonly string[]): Promise<never> => {
  await once(child, 'close');
  const how = child.signalCode ?? `exit ${child.exitCode}`;
  throw new KilnError('INTERNAL', `the daemon ended (${how}):\n${log.join('\n')}`);
};

const tooLate = async (child: ChildProcess): Promise<never> => {
  await pause(START_LIMIT_MS, null, { ref: false });
  throw new KilnError('INTERNAL', `the daemon (process ${child.pid}) was not up within ${START_LIMIT_MS / 1000} s`);
};

const endAll = async (child: ChildProcess, folder: string): Promise<void> => {
  const complaints: string[] = [];
  if (!(await endsInTime(child))) complaints.push(`the daemon did not stop within ${STOP_LIMIT_MS / 1000} s`);
  const left = await whatIsLeft(folder);
  for (const { pid, command } of left) {
    complaints.push(`process ${pid} was left behind: ${command}`);
    kill(pid);
  }
  await rm(folder, { recursive: true, force: true });
  if (complaints.length > 0) throw new KilnError('INTERNAL', `${complaints.join('; ')}; all of it was killed`);
};

const endsInTime = async (child: ChildProcess): Promise<boolean> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return true;
  const closed = once(child, 'close').then(() => true);
  child.kill('SIGTERM');
  if (await Promise.race([closed, pause(STOP_LIMIT_MS, false, { ref: false })])) return true;
  kill(-child.pid);
  await closed;
  return false;
};

/** A process that is gone already is what was wanted. */
const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

interface Left {
  readonly pid: number;
  readonly command: string;
}

/** Runners end by themselves when the daemon stops; each names the demo's folder in its command line. */
const whatIsLeft = async (folder: string): Promise<readonly Left[]> => {
  const deadline = performance.now() + GONE_LIMIT_MS;
  let left = await processesNaming(folder);
  while (left.length > 0 && performance.now() < deadline) {
    await pause(LOOK_EVERY_MS);
    left = await processesNaming(folder);
  }
  return left;
};

/** Empty where there is no /proc. */
const processesNaming = async (text: string): Promise<readonly Left[]> => {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ({ pid, command: await commandOf(pid) })));
  return found.filter(({ pid, command }) => pid !== process.pid && command.includes(text));
};

/** Empty for a process that has just ended. */
const commandOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
