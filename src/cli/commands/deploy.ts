/** `kiln deploy NAME`: from an entry in the fleet file to a host that has judged a candidate, step by step; where one fails, what to do. */
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import type { KilnClient } from '../../client/create-client.ts';
import type { HostView } from '../../domain/api/fleet.ts';
import { WAIT_SECONDS_MAX } from '../../domain/api/candidates.ts';
import { KilnError } from '../../domain/errors.ts';
import { hostLabel } from '../../domain/hosts/host-label.ts';
import { HostId } from '../../domain/ids.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { contextOf, print, printJson, PROJECT_ROOT } from '../context.ts';
import { EXIT } from '../exit-codes.ts';

const PROBLEM = 'vector_add';
/** A first connection brings the runner, and Triton compiles from a cold disk. */
const CONNECT_MS_MAX = 120_000;
const LOOK_MS = 250;
const TRIALS = 10_000;
const LINE_CHARS_MAX = 400;

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do. */
  readonly remedy: string | null;
}

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

const done = (step: string, found: string): Step => ({ step, ok: true, found, remedy: null });
const failed = (step: string, found: string, remedy: string): Step => ({ step, ok: false, found, remedy });

/** Ends with the first step that failed. */
async function* deploy(client: KilnClient, name: string): AsyncGenerator<Step> {
  const { diagnoseNamed } = await import('../../doctor.ts');
  for (const { check, ok, found, remedy } of await diagnoseNamed({ root: PROJECT_ROOT, env: process.env, name })) {
    yield { step: check, ok, found, remedy };
    // What is missing beside may be left so: whether it judges is what counts, and is tried.
    if (!ok && STOPPING.has(check)) return;
  }
  const host = await untilConnected(client, name);
  if (typeof host === 'string') {
    yield failed(
      'runner',
      host,
      'start the daemon, or have it read its fleet file again (kiln fleet reload); kiln fleet says more',
    );
    return;
  }
  yield done(
    'runner',
    `connected to ${host.address}, ${host.roundTripMs === null ? 'no round trip yet' : `${host.roundTripMs.toFixed(1)} ms away`}`,
  );
  const { hosts } = await client.refreshHosts(name);
  const refreshed = hosts[0];
  if (refreshed?.status === 'failed' || refreshed?.status === 'unreachable') {
    yield failed('environment', refreshed.reason ?? refreshed.status, 'kiln doctor says what is missing');
    return;
  }
  yield environmentOf(host);
  yield await firstCandidate(client, host);
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

const untilConnected = async (client: KilnClient, name: string): Promise<HostView | string> => {
  const deadlineMs = performance.now() + CONNECT_MS_MAX;
  for (;;) {
    const host = (await client.fleet()).hosts.find((one) => one.name === name);
    if (!host) return `the daemon at ${client.url} does not know ${name}`;
    if (host.state === 'connected') return host;
    if (host.state === 'refused' || performance.now() > deadlineMs) return host.reason ?? `it is ${host.state}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, LOOK_MS);
    await promise;
  }
};

const environmentOf = ({ inventory, devices }: HostView): Step => {
  const languages = inventory?.languages.join(', ') ?? '';
  const models = devices.map(({ model, unavailable }) => `${model}${unavailable === null ? '' : ` (${unavailable})`}`).join(', ');
  if (languages === '')
    return failed('environment', 'it compiles no language', inventory?.warnings[0] ?? 'kiln doctor says what is missing');
  return done('environment', `compiles ${languages}; ${models || 'no device: it compiles for others'}`);
};

/** A shipped seed, judged there and nowhere else. */
const firstCandidate = async (client: KilnClient, { name, devices }: HostView): Promise<Step> => {
  const step = 'first candidate';
  const device =
    devices.find(({ kind, unavailable }) => kind === 'gpu' && unavailable === null) ??
    devices.find(({ unavailable }) => unavailable === null);
  if (!device)
    return devices.length === 0
      ? done(step, 'none: it compiles for other hosts')
      : failed(step, 'no device takes work', 'kiln fleet says why each does not');
  const [language, ending] = device.kind === 'gpu' ? (['cuda', '.cu'] as const) : (['c', '.c'] as const);
  const { files } = await client.problem(PROBLEM);
  const source = Object.entries(files).find(([file]) => file.startsWith('seeds/') && file.endsWith(ending))?.[1];
  if (source === undefined) return failed(step, `${PROBLEM} has no seed for ${device.class}`, 'restore kernels/vector_add');
  const labels = [hostLabel(HostId.parse(name))];
  // Another trial each time: it is this host that is to judge it, now.
  const { candidates } = await client.submit([
    { problem: PROBLEM, language, device: device.class, source, labels, trial: randomInt(1, TRIALS), priority: 1 },
  ]);
  const id = candidates[0]?.id;
  if (id === undefined) throw new KilnError('INTERNAL', 'a candidate was submitted and has no id');
  for (;;) {
    const { state } = await client.candidate(id, { waitSeconds: WAIT_SECONDS_MAX });
    if (state.status !== 'done') continue;
    const { verdict } = state.outcome;
    return verdict === 'passed'
      ? done(step, `${id} passed on ${device.model}`)
      : failed(step, `${id}: ${verdict}`, `kiln show ${id} says why`);
  }
};
