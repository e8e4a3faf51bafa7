/** Runs commands of `kiln` one after another in this process, as a process of its own would: what they load is loaded once. Speaks with run-cli.ts. */
import { leaveOutLocales } from '../../../src/cli/leave-out-locales.ts';
import type { CliCall, CliRun } from './run-cli.ts';

leaveOutLocales();
const { run } = await import('../../../src/cli/run.ts');

const kept = { stdout: '', stderr: '' };
const keeping =
  (name: keyof typeof kept): typeof process.stdout.write =>
  (chunk, encodingOrDone?: unknown, done?: unknown) => {
    kept[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const written = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (typeof written === 'function') process.nextTick(written);
    return true;
  };
process.stdout.write = keeping('stdout');
process.stderr.write = keeping('stderr');

/** Settles when the command ends by itself, or asks for its end. */
const ended = async ({ args, env, cwd }: CliCall): Promise<number> => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv.splice(2, Infinity, ...args);
  process.exitCode = 0;
  const exit = Promise.withResolvers<number>();
  process.exit = (code = process.exitCode) => {
    exit.resolve(Number(code));
    throw new Error('nothing behind the end of a process runs');
  };
  return Promise.race([exit.promise, run(args).then(() => Number(process.exitCode))]);
};

process.on('message', (call: CliCall) => {
  Object.assign(kept, { stdout: '', stderr: '' });
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  void ended(call).then((code) => process.send?.({ code, ...kept } satisfies CliRun));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send?.('ready');
