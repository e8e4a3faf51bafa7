/** Brings the runner to a host over any command channel: the daemon's half of `src/gpu/runner/bootstrap.py`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { NamedEnvironment } from '../../domain/environment.ts';
import { KilnError } from '../../domain/errors.ts';
import { RUNNER_SOURCE, type RunnerArchive } from '../runner-archive.ts';
import type { Execute, RemoteCommand } from './remote-command.ts';

/** Everything until the host has answered, archive included. */
const BOOT_MS_MAX = 60_000;
/** That, and what it was asked: longer than START_TIMEOUT_S of the runner's, so that a runner that does not come up says why. */
const ANSWER_MS_MAX = 120_000;
/** Each is looked at by its own Python, one after the other: PROBE_TIMEOUT_S of the runner's. */
export const ENVIRONMENT_MS_MAX = 45_000;
const NOISE_BYTES_MAX = 256 * 1024;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const MARK = 'kiln-boot ';

/**
 * attach: become the byte stream to the runner, started if needed. start: start it and print where it listens.
 * inventory, probe: print what the host has, as JSON. stop: end every runner of the folder. hostwork: start the process that answers people's work
 * and print where it listens; hostwork-attach: become a byte stream to it.
 */
export type BootMode = 'attach' | 'start' | 'inventory' | 'probe' | 'stop' | 'hostwork' | 'hostwork-attach';

export interface BootOptions {
  readonly execute: Execute;
  readonly archive: RunnerArchive;
  /** Folder on the host; `~` is expanded there. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Those of the fleet file, for `inventory`. */
  readonly environments?: readonly NamedEnvironment[] | undefined;
}

/** One line without quotes or shell characters, so that every login shell and every wrapper passes it on unchanged. */
const bootstrap = (): string => {
  const packed = deflateSync(readFileSync(join(RUNNER_SOURCE, 'bootstrap.py')), { level: 9 }).toString('base64');
  return `import base64,zlib;exec(zlib.decompress(base64.b64decode("${packed}")))`;
};
const BOOTSTRAP = bootstrap();

/**
 * Runs `mode` on the host and returns once the channel belongs to it. Rejects with HOST_TOOL_MISSING (no or too old python3),
 * HOST_UNREACHABLE (anything else that went wrong on the way).
 */
export const boot = async (
  mode: BootMode,
  { execute, archive, folder, signal, environments = [] }: BootOptions,
): Promise<RemoteCommand> => {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(BOOT_MS_MAX)]);
  // Without quotes or shell characters, as all of it.
  const named = environments.length === 0 ? [] : [Buffer.from(JSON.stringify(environments)).toString('base64')];
  const command = await execute(['python3', '-I', '-c', BOOTSTRAP, mode, archive.hash, folder, ...named], bounded);
  try {
    const answer = await readAnswer(command, bounded);
    if (answer === 'need') await upload(command, archive, bounded);
    return command;
  } catch (error) {
    command.kill();
    throw error;
  }
};

/** Runs `mode` to its end and returns its answer, the line of JSON that it printed, or all where there is none. Rejects as `boot` does, and with HOST_UNREACHABLE when it fails. */
export const bootAndRead = async (mode: BootMode, options: BootOptions): Promise<string> => {
  const limitMs = ANSWER_MS_MAX + ENVIRONMENT_MS_MAX * (options.environments?.length ?? 0);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limitMs)]);
  const command = await boot(mode, options);
  signal.addEventListener('abort', command.kill, { once: true });
  let output = '';
  try {
    command.stdout.setEncoding('utf8');
    for await (const text of command.stdout) {
      output += String(text);
      if (output.length > OUTPUT_BYTES_MAX)
        throw unreachable(`the runner printed more than ${OUTPUT_BYTES_MAX} bytes for "${mode}"`);
    }
    const code = await command.exited;
    if (code !== 0) throw failure(code, command.stderrTail(), `the runner's "${mode}" command`);
    return answerIn(output);
  } finally {
    signal.removeEventListener('abort', command.kill);
    command.kill();
  }
};

/** A shell may say goodbye behind it, with or without a line end of its own. */
const answerIn = (output: string): string => {
  const line = output.split('\n').find((text) => text.startsWith('{')) ?? '';
  for (let end = line.lastIndexOf('}'); end > 0; end = line.lastIndexOf('}', end - 1)) {
    const answer = line.slice(0, end + 1);
    if (isJson(answer)) return answer;
  }
  return output;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

const upload = async (command: RemoteCommand, archive: RunnerArchive, signal: AbortSignal): Promise<void> => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(archive.bytes.length));
  command.stdin.write(length);
  command.stdin.write(archive.bytes);
  await readAnswer(command, signal);
};

/** The next marked line. What a login shell printed before it is skipped; what follows it stays in the stream. */
const readAnswer = async (command: RemoteCommand, signal: AbortSignal): Promise<string> => {
  let skipped = 0;
  for (let line = await readLine(command, signal); ; line = await readLine(command, signal)) {
    const answer = markedIn(line);
    if (answer?.startsWith('error ')) throw refusal(answer.slice('error '.length));
    if (answer !== null) return answer;
    skipped += line.length + 1;
    if (skipped > NOISE_BYTES_MAX)
      throw unreachable('the host printed too much before the runner answered; quiet its login scripts');
  }
};

/** What follows the mark: a login shell may print a greeting or a terminal's title before it, without a line end. */
const markedIn = (line: string): string | null => {
  const at = line.lastIndexOf(MARK);
  return at < 0 ? null : line.slice(at + MARK.length);
};

const refusal = (text: string): KilnError => {
  if (text.startsWith('python3 is ')) return pythonMissing(text);
  if (text.startsWith('runnerDir ')) {
    return new KilnError('HOST_UNREACHABLE', `the host cannot take the runner: ${text}`, { details: { check: 'runnerDir' } });
  }
  const remedy = REFUSALS.find(([cause]) => cause.test(text))?.[1];
  return unreachable(`the host cannot take the runner: ${text}${remedy === undefined ? '' : `; ${remedy}`}`, remedy);
};

const REFUSALS: readonly (readonly [cause: RegExp, remedy: string])[] = [
  [
    /Permission denied|Read-only file system|Not a directory|No such file/i,
    'set runnerDir of the host to a folder that its user may write',
  ],
  [/No space left|quota/i, 'free space there, or set runnerDir of the host to another disk'],
];

const INSTALL = 'install Python 3.9 or newer as python3 on the host (apt-get install python3)';
const pythonMissing = (what: string): KilnError =>
  new KilnError('HOST_TOOL_MISSING', `${what}: ${INSTALL}`, { details: { remedy: INSTALL } });

/** Byte by byte from the stream's buffer: nothing after the line may be taken out of it. */
const readLine = async ({ stdout, ...command }: RemoteCommand, signal: AbortSignal): Promise<string> => {
  const bytes: number[] = [];
  while (bytes.length <= NOISE_BYTES_MAX) {
    const byte: unknown = stdout.read(1);
    if (!Buffer.isBuffer(byte)) {
      if (!(await readable(stdout, signal))) throw failure(await command.exited, command.stderrTail(), 'python3');
      continue;
    }
    if (byte[0] === 10) return Buffer.from(bytes).toString('utf8').replace(/\r$/, '');
    bytes.push(byte[0] ?? 0);
  }
  throw unreachable('the host printed too much before the runner answered; quiet its login scripts');
};

/** False at the end of the stream. */
const readable = async (stdout: RemoteCommand['stdout'], signal: AbortSignal): Promise<boolean> => {
  if (signal.aborted) throw aborted(signal);
  if (stdout.readableLength > 0) return true;
  if (stdout.readableEnded || stdout.destroyed) return false;
  return new Promise((resolve, reject) => {
    const onceThen = (act: () => void) => (): void => {
      stdout.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onReadable = onceThen(() => resolve(true));
    const onEnd = onceThen(() => resolve(false));
    const onAbort = onceThen(() => reject(aborted(signal)));
    stdout.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    signal.addEventListener('abort', onAbort);
  });
};

const aborted = (signal: AbortSignal): KilnError =>
  unreachable(
    signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
      ? `no answer within ${BOOT_MS_MAX} ms`
      : 'connecting was given up',
  );

const NOT_FOUND_CODE = 127;
/** Python 2 knows no -I, and no Python before 3.5 the annotations. */
const OLD_PYTHON = /Unknown option: -I|SyntaxError: invalid syntax/;

const failure = (code: number | null, stderr: string, what: string): KilnError => {
  const why = stderr === '' ? '' : `: ${stderr}`;
  if (code === NOT_FOUND_CODE) return pythonMissing(`python3 was not found on the host${why}`);
  if (OLD_PYTHON.test(stderr)) return pythonMissing(`python3 is too old a Python${why}`);
  return unreachable(`${what} ended with ${code === null ? 'a lost connection or a signal' : `code ${code}`}${why}`);
};

const unreachable = (message: string, remedy?: string): KilnError =>
  new KilnError('HOST_UNREACHABLE', message, remedy === undefined ? {} : { details: { remedy } });
