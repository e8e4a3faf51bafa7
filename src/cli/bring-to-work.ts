/** Brings a host that can be reached to work: connected, its inventory taken, a first candidate judged on it. */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KilnClient } from '../client/create-client.ts';
import type { HostView } from '../domain/api/fleet.ts';
import { KilnError } from '../domain/errors.ts';
import { hostLabel } from '../domain/hosts/host-label.ts';
import { HostId } from '../domain/ids.ts';
import { whenDone } from './watch-candidates.ts';

const PROBLEM = 'vector_add';
/** A first connection brings the runner, and Triton compiles from a cold disk. */
const CONNECT_MS_MAX = 120_000;
const LOOK_MS = 250;
const TRIALS = 10_000;

export interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do. */
  readonly remedy: string | null;
}

const done = (step: string, found: string): Step => ({ step, ok: true, found, remedy: null });
const failed = (step: string, found: string, remedy: string): Step => ({ step, ok: false, found, remedy });

type Client = Pick<KilnClient, 'url' | 'fleet' | 'refreshHosts' | 'problem' | 'submit' | 'candidate'>;

/** Ends with the first step that failed. */
export async function* bringToWork(client: Client, name: string): AsyncGenerator<Step> {
  const connected = await untilConnected(client, name);
  if (typeof connected === 'string') {
    yield failed(
      'runner',
      connected,
      'start the daemon, or have it read its fleet file again (kiln fleet reload); kiln fleet says more',
    );
    return;
  }
  yield done(
    'runner',
    `connected to ${connected.address}, ${connected.roundTripMs === null ? 'no round trip yet' : `${connected.roundTripMs.toFixed(1)} ms away`}`,
  );
  const { hosts } = await client.refreshHosts(name);
  const refreshed = hosts[0];
  if (refreshed?.status === 'failed' || refreshed?.status === 'unreachable') {
    yield failed('environment', refreshed.reason ?? refreshed.status, 'kiln doctor says what is missing');
    return;
  }
  // As the refresh left it, not as it was found.
  const host = await untilConnected(client, name);
  if (typeof host === 'string') {
    yield failed('environment', host, 'kiln fleet says more');
    return;
  }
  yield environmentOf(host);
  yield await firstCandidate(client, host);
}

const untilConnected = async (client: Client, name: string): Promise<HostView | string> => {
  const deadlineMs = performance.now() + CONNECT_MS_MAX;
  for (;;) {
    const host = (await client.fleet()).hosts.find((one) => one.name === name);
    if (!host) return `the daemon at ${client.url} does not know ${name}`;
    if (host.state === 'connected') return host;
    if (host.state === 'refused' || performance.now() > deadlineMs) return host.reason ?? `it is ${host.state}`;
    await pause(LOOK_MS);
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
const firstCandidate = async (client: Client, { name, devices }: HostView): Promise<Step> => {
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
  const [judged] = await whenDone(client, [id]);
  const verdict = judged?.state.status === 'done' ? judged.state.outcome.verdict : 'not judged';
  return verdict === 'passed'
    ? done(step, `${id} passed on ${device.model}`)
    : failed(step, `${id}: ${verdict}`, `kiln show ${id} says why`);
};
