/** Commands started on this machine, each in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { KilnError } from '../../domain/errors.ts';
import { killGroup } from '../../platform/process-group.ts';
import { type Execute, keepTail } from './remote-command.ts';

export type ProcessEnvironment = Readonly<Record<string, string>>;

/** Execute for this machine: runs `prefix` followed by the given argv. */
export const spawnWith =
  (prefix: readonly string[], env: ProcessEnvironment): Execute =>
  async (argv) => {
    const [program = '', ...rest] = [...prefix, ...argv];
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env, detached: true });
    await started(child, program);
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const kill = (): void => endGroup(child);
    // A program that has ended is reported by its exit, not by a broken pipe; nor may a signal that cannot be sent end the daemon.
    for (const emitter of [child, child.stdin, child.stdout, child.stderr]) emitter.on('error', () => undefined);
    return { stdin: child.stdin, stdout: child.stdout, stderrTail: keepTail(child.stderr), exited, kill };
  };

const started = async (child: ChildProcess, program: string): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(
        new KilnError('HOST_TOOL_MISSING', `cannot run ${program}: ${cause.message}; is it installed and on PATH?`, {
          cause,
          details: { tool: program },
        }),
      );
    });
  });
};

/** The group, since a wrapper such as `sh -c` may have children; the runner itself left it when it was started. */
const endGroup = ({ pid, exitCode, signalCode }: ChildProcess): void => {
  if (pid !== undefined && exitCode === null && signalCode === null) killGroup(pid);
};
