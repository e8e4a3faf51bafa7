/** A real daemon as a child process, as `./kiln up` runs it: its own data folder, a free port, no configuration of the user's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type KilnClient } from '../../src/client/create-client.ts';
import { signalProcess } from '../../src/platform/process-group.ts';
import { IS_TEST, UNOPTIMISED } from './cheap-databases.ts';
import { placeDatabase } from './database-folder.ts';
import { HANG_MS } from './limits.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Once all is there, the journal is read to its end when nothing more comes for this long. */
const JOURNAL_QUIET_MS = 1500;
const LOOK_EVERY_MS = 50;
/** For those that were killed to be gone. */
const KILLED_LIMIT_MS = 60_000;

export interface KilnFolder {
  readonly path: string;
  readonly env: Record<string, string>;
  write(name: string, text: string): void;
  /** Resolves when its processes have ended by themselves (who was told to may not have come to it yet), or after `HANG_MS`. */
  ended(): Promise<void>;
  /** Ends what is left of this folder's processes and removes it. Returns the command lines that had to be killed. */
  remove(): readonly string[];
}

/** A folder for a daemon, with an empty database in it. */
export const kilnFolder = (fleet: string, settings: Record<string, string> = {}): KilnFolder => {
  const path = mkdtempSync(join(tmpdir(), 'kiln-e2e-'));
  placeDatabase(join(path, 'data'));
  writeFileSync(join(path, 'kiln.yaml'), '{}\n');
  writeFileSync(join(path, 'fleet.yaml'), fleet);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('KILN_'));
  const env = {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    KILN_CONFIG: join(path, 'kiln.yaml'),
    KILN_FLEET: join(path, 'fleet.yaml'),
    KILN_DATA_DIR: join(path, 'data'),
    KILN_PORT: '0',
    KILN_LOG_LEVEL: 'debug',
    // Nothing but what a test or a measurement submits.
    KILN_LIBRARY_TIMES: 'false',
    ...settings,
  };
  const remove = (): readonly string[] => {
    process.removeListener('exit', remove);
    return removeFolder(path).map(({ command }) => command);
  };
  // A test that was cut off must not leave its daemon behind.
  process.once('exit', remove);
  const write = (name: string, text: string): void => writeFileSync(join(path, name), text);
  return { path, env, write, ended: async () => untilEnded(path), remove };
};

/** With its processes. Returns those that had to be killed. */
export const removeFolder = (path: string): readonly Process[] => {
  const left = killAll(path);
  // Node waits in whole seconds between its tries.
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 1000 });
  return left;
};

const untilEnded = async (path: string): Promise<void> => {
  const deadline = performance.now() + HANG_MS;
  while (processesOf(path).length > 0 && performance.now() < deadline) await pause(LOOK_EVERY_MS);
};

/** Returns those that were there. Until none is: one that is dying still writes, and one may have been starting another. */
const killAll = (path: string): readonly Process[] => {
  const found = new Map<number, Process>();
  const deadline = performance.now() + KILLED_LIMIT_MS;
  for (let left = processesOf(path); left.length > 0 && performance.now() < deadline; left = processesOf(path)) {
    for (const one of left) {
      if (!found.has(one.pid)) found.set(one.pid, one);
      signalProcess(one.pid, 'SIGKILL');
    }
    // Where the process exits, nothing else may wait.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
  }
  return [...found.values()];
};

export interface KilnProcess {
  readonly client: KilnClient;
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** The end of what it wrote to standard error. */
  log(): string;
  /** SIGKILL: no goodbye. */
  kill(): Promise<void>;
  /** SIGTERM, as Ctrl-C or a service manager would; throws when it does not end. */
  stop(): Promise<void>;
}

export const startKiln = async ({ env }: KilnFolder): Promise<KilnProcess> => {
  const child = spawn(process.execPath, [...(IS_TEST ? UNOPTIMISED : []), join(ROOT, 'src/cli/main.ts'), 'up', '--json'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-8000);
  });
  const url = await Promise.race([
    urlOf(child),
    once(child, 'exit').then(() => Promise.reject(new Error(`the daemon ended before it was up:\n${log}`))),
  ]);
  return {
    client: createClient({ url, answerLimitMs: HANG_MS }),
    url,
    pid: child.pid ?? 0,
    child,
    log: () => log,
    kill: async () => end(child, 'SIGKILL', () => log),
    stop: async () => end(child, 'SIGTERM', () => log),
  };
};

const urlOf = async (child: ChildProcess): Promise<string> => {
  if (!child.stdout) throw new Error('no stdout');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return (JSON.parse(line) as { url: string }).url;
};

const end = async (child: ChildProcess, signal: NodeJS.Signals, log: () => string): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const deadline = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
  const [code] = (await ended) as [number | null];
  clearTimeout(deadline);
  if (signal === 'SIGTERM' && code !== 0) throw new Error(`the daemon did not stop cleanly (code ${code}):\n${log()}`);
};

type Process = { readonly pid: number; readonly command: string };

/** By their command line or what they inherited. */
const processesOf = (path: string): readonly Process[] =>
  processesWhere((pid) => commandOf(pid).includes(path) || textOf(pid, 'environ').includes(path));

/** By their command line: runners and judges name their folder there, a daemon does not. */
export const processesNaming = (text: string): readonly Process[] => processesWhere((pid) => commandOf(pid).includes(text));

const processesWhere = (isOne: (pid: string) => boolean): readonly Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isOne(name))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }));

const commandOf = (pid: string): string => textOf(pid, 'cmdline').replaceAll('\0', ' ');

/** A process that is gone, or not ours to read, has none. */
const textOf = (pid: string, file: 'cmdline' | 'environ'): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
};

/** Follows the journal until `count` candidates are done, and gives their done events in order. */
export const untilDone = async (
  client: KilnClient,
  ids: ReadonlySet<string>,
  limitMs = HANG_MS,
): Promise<ReadonlyMap<string, string>> => {
  const done = new Map<string, string>();
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), limitMs);
  for await (const event of client.events({ after: 0, signal: abort.signal })) {
    if (event.type !== 'candidate.done' || !event.candidateId || !ids.has(event.candidateId)) continue;
    done.set(event.candidateId, String(event.data['verdict']));
    if (done.size === ids.size) break;
  }
  clearTimeout(deadline);
  if (done.size < ids.size) throw new Error(`${done.size} of ${ids.size} candidates were done within ${limitMs} ms`);
  return done;
};

/** Every candidate.done event of the journal, by candidate: more than one each would be a verdict recorded twice. */
export const doneEvents = async (client: KilnClient, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  const abort = new AbortController();
  let over = setTimeout(() => abort.abort(), HANG_MS);
  for await (const event of client.events({ after: 0, signal: abort.signal })) {
    if (event.type === 'candidate.done' && event.candidateId && ids.has(event.candidateId)) {
      counts.set(event.candidateId, (counts.get(event.candidateId) ?? 0) + 1);
    }
    if (counts.size < ids.size) continue;
    clearTimeout(over);
    over = setTimeout(() => abort.abort(), JOURNAL_QUIET_MS);
  }
  clearTimeout(over);
  return counts;
};
