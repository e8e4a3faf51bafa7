/** `kiln deploy NAME`: from an entry in the fleet file, or with --ssh from nothing, to a host that has judged a candidate, step by step; where one fails, what to do. */
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import type { AddHost } from '../../domain/api/fleet-control.ts';
import { KilnError } from '../../domain/errors.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { bringToWork, type Step } from '../bring-to-work.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { rentedHost, type RentedOptions, withRentedOptions } from '../hosts/rented-host.ts';
import { leavesText } from './fleet-changes.ts';

const LINE_CHARS_MAX = 400;

export const addDeploy = (program: Command): void => {
  const command = program
    .command('deploy')
    .description('bring a host to work, in one command: checks, runner, environment, a first candidate')
    .argument('<NAME>', 'of the fleet file; with --ssh a new one, which is added to the fleet of the daemon');
  withRentedOptions(command).action(async (name: string, options: RentedOptions) => {
    const { client, json } = await contextOf(program);
    if (options.ssh === undefined) refuseOfNewHosts(command, options);
    const steps: Step[] = [];
    for await (const step of deploy(client, name, options)) {
      steps.push(step);
      if (!json) print(stepText(step));
    }
    if (json) printJson({ host: name, steps });
    if (steps.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
  });
};

/** Of a host that is in the fleet file they would change nothing. */
const refuseOfNewHosts = ({ options: known }: Command, given: RentedOptions): void => {
  const flags = known.filter((option) => option.attributeName() in given).map(({ long }) => long);
  if (flags.length === 0) return;
  const are = flags.length === 1 ? 'is' : 'are';
  throw new KilnError('INVALID_REQUEST', `${flags.join(' and ')} ${are} of a new host: say where it is with --ssh`);
};

const stepText = ({ step, ok, found, remedy }: Step): string =>
  [
    `${ok ? 'ok    ' : 'FAILED'} ${step}: ${plainLine(found, LINE_CHARS_MAX)}`,
    ...(remedy === null ? [] : [`       -> ${plainLine(remedy, LINE_CHARS_MAX)}`]),
  ].join('\n');

/** Ends with the first step that failed. A new host is in the fleet only once its checks found nothing that keeps it from work. */
async function* deploy(client: KilnClient, name: string, options: RentedOptions): AsyncGenerator<Step> {
  const { diagnoseNamed } = await import('../../doctor.ts');
  const added = options.ssh === undefined ? null : rentedHost(name, options);
  const place = { root: PROJECT_ROOT, env: process.env, name, ...(added && { entry: added.host }) };
  for (const { check, ok, found, remedy } of await diagnoseNamed(place)) {
    yield { step: check, ok, found, remedy };
    // What is missing beside may be left so: whether it judges is what counts, and is tried.
    if (!ok && STOPPING.has(check)) return;
  }
  if (added) {
    const step = await addToFleet(client, added);
    yield step;
    if (!step.ok) return;
  }
  yield* bringToWork(client, name);
}

const addToFleet = async (client: KilnClient, host: AddHost): Promise<Step> => {
  try {
    const added = await client.addHost(host);
    return { step: 'fleet', ok: true, found: `${added.host} was added${leavesText(added)}`, remedy: null };
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    return { step: 'fleet', ok: false, found: error.message, remedy: 'kiln fleet shows the hosts there are' };
  }
};

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
