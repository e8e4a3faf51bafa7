/** `kiln deploy NAME`: from an entry in the fleet file to a host that has judged a candidate, step by step; where one fails, what to do. */
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { bringToWork, type Step } from '../bring-to-work.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

const LINE_CHARS_MAX = 400;

export const addDeploy = (program: Command): void => {
  program
    .command('deploy')
    .description('bring a host of the fleet file to work, in one command: checks, runner, environment, a first candidate')
    .argument('<NAME>')
    .action(async (name: string) => {
      const { client, json } = contextOf(program);
      const steps: Step[] = [];
      for await (const step of deploy(client, name)) {
        steps.push(step);
        if (!json) print(stepText(step));
      }
      if (json) printJson({ host: name, steps });
      if (steps.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
    });
};

const stepText = ({ step, ok, found, remedy }: Step): string =>
  [
    `${ok ? 'ok    ' : 'FAILED'} ${step}: ${plainLine(found, LINE_CHARS_MAX)}`,
    ...(remedy === null ? [] : [`       -> ${plainLine(remedy, LINE_CHARS_MAX)}`]),
  ].join('\n');

/** Ends with the first step that failed. */
async function* deploy(client: KilnClient, name: string): AsyncGenerator<Step> {
  const { diagnoseNamed } = await import('../../doctor.ts');
  for (const { check, ok, found, remedy } of await diagnoseNamed({ root: PROJECT_ROOT, env: process.env, name })) {
    yield { step: check, ok, found, remedy };
    // What is missing beside may be left so: whether it judges is what counts, and is tried.
    if (!ok && STOPPING.has(check)) return;
  }
  yield* bringToWork(client, name);
}

/** Without these nothing can follow. */
const STOPPING: ReadonlySet<string> = new Set([
  'fleet',
  'configuration',
  'reachable',
  'host key',
  'login',
  'python3',
  'runnerDir',
  'runner',
]);
