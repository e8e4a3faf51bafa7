import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Task } from '../../../src/scheduler/events.ts';
import { snapshot } from '../../../src/scheduler/scheduler.ts';
import {
  ARTIFACT,
  BROKEN,
  candidateId,
  COMPILE_ERROR,
  PASSED,
  SimulatedHost,
  task,
} from '../../support/scheduler/simulated-fleet.ts';
import { SimulatedShell } from '../../support/scheduler/simulated-shell.ts';

const RUNS = 500;
const STEPS_MAX = 120;
const BURST = 5;
const FRAMES_AT_ONCE = 6;
const COMPILES_AT_ONCE = 3;
const DRAIN_ROUNDS_MAX = 3_000;

/** How often each step comes: much work gets done between two faults. */
const WEIGHTS = {
  submit: 12,
  deliver: 30,
  repeat: 3,
  compile: 25,
  'bad-compile': 1,
  'infra-compile': 2,
  judge: 20,
  record: 4,
  wrong: 6,
  otherwise: 3,
  canary: 6,
  'bad-canary': 6,
  'lost-canary': 1,
  'infra-judge': 4,
  'lose-artifact': 2,
  lose: 2,
  attach: 4,
  restart: 1,
  toggle: 4,
  book: 3,
  cancel: 4,
  wait: 4,
  tick: 8,
  relabel: 1,
  drain: 2,
  undrain: 2,
  pause: 3,
  unpause: 1,
  reprioritise: 3,
  'restart-daemon': 1,
} as const;
type StepName = keyof typeof WEIGHTS;

interface Step {
  readonly name: StepName;
  readonly host: number;
  readonly n: number;
}

const anyHost = fc.record({
  devices: fc.integer({ min: 1, max: 3 }),
  class: fc.constantFrom('H100', 'H100', 'A100'),
  model: fc.constantFrom('one', 'two'),
  labels: fc.constantFrom([], ['eu'], ['eu', 'fast']),
  languages: fc.constantFrom(['cuda' as const], ['cuda' as const, 'triton' as const]),
});
const weighted = (Object.keys(WEIGHTS) as StepName[]).map((name) => ({ weight: WEIGHTS[name], arbitrary: fc.constant(name) }));
const anyStep = fc.record({ name: fc.oneof(...weighted), host: fc.nat(4), n: fc.nat(60) });

const submit = (shell: SimulatedShell, { host, n }: Step): void => {
  for (let at = n; at < n + BURST; at += 1) shell.add(varied(at, host));
};

const varied = (n: number, host: number): Task =>
  task(n, {
    device: n % 5 === 0 ? 'A100' : 'H100',
    labels: n % 7 === 0 ? ['eu'] : [],
    language: n % 11 === 0 ? 'triton' : 'cuda',
    priority: [1, 100, 100, 200][host] ?? 100,
    submitter: `s${host}`,
  });

const toggle = (shell: SimulatedShell, host: SimulatedHost, n: number): void => {
  const device = host.devices[n % host.devices.length];
  if (!device) return;
  device.available = !device.available;
  if (host.attached) shell.send({ type: 'host-changed', host: host.facts() });
};

/** For one of those who submit, for one who does not, or for nobody any more. */
const book = (shell: SimulatedShell, host: SimulatedHost, n: number): void => {
  const device = host.devices[n % host.devices.length];
  if (!device) return;
  device.bookedFor = [null, 's0', 's1', 'nobody'][n % 4] ?? null;
  if (host.attached) shell.send({ type: 'host-changed', host: host.facts() });
};

const repeat = (times: number, act: () => void): void => {
  for (let done = 0; done < times; done += 1) act();
};

const restart = (shell: SimulatedShell, host: SimulatedHost): void => {
  shell.detach(host);
  host.restart();
  shell.attach(host);
};

const onHost: Readonly<Record<StepName, (shell: SimulatedShell, host: SimulatedHost, step: Step) => void>> = {
  submit: (shell, _host, step) => submit(shell, step),
  deliver: (shell, host) => shell.deliverSome(host, FRAMES_AT_ONCE),
  repeat: (shell, host) => shell.deliver(host, 2),
  compile: (_shell, host) => repeat(COMPILES_AT_ONCE, () => host.endCompile({ status: 'compiled', artifact: ARTIFACT })),
  'bad-compile': (_shell, host) => host.endCompile({ status: 'failed', outcome: COMPILE_ERROR }),
  'infra-compile': (_shell, host) => host.endCompile({ status: 'infra', failure: BROKEN }),
  judge: (_shell, host, { n }) => host.endJudge(n, 'passed'),
  record: (_shell, host, { n }) => host.endJudge(n, 'record'),
  wrong: (_shell, host, { n }) => host.endJudge(n, 'wrong'),
  otherwise: (_shell, host, { n }) => host.endJudge(n, 'otherwise'),
  canary: (_shell, host) => host.endCanary('passed'),
  'bad-canary': (_shell, host) => host.endCanary('failed'),
  'lost-canary': (_shell, host) => host.endCanary('inconclusive'),
  'infra-judge': (_shell, host, { n }) => host.endJudge(n, 'infra'),
  'lose-artifact': (_shell, host, { n }) => host.endJudge(n, 'missing'),
  lose: (shell, host) => shell.detach(host),
  attach: (shell, host) => shell.attach(host),
  restart: (shell, host) => restart(shell, host),
  toggle: (shell, host, { n }) => toggle(shell, host, n),
  book: (shell, host, { n }) => book(shell, host, n),
  cancel: (shell, _host, { n }) => void shell.send({ type: 'task-cancelled', id: candidateId(n) }),
  wait: (shell, _host, { n }) => void (shell.nowMs += n * 100),
  tick: (shell) => shell.tick(),
  'restart-daemon': (shell, _host, { n }) => shell.restartDaemon(n % 2 === 0 ? PASSED : null),
  drain: (shell, host) => void shell.send({ type: 'host-draining', hostId: host.id, draining: true }),
  undrain: (shell, host) => void shell.send({ type: 'host-draining', hostId: host.id, draining: false }),
  pause: (shell, _host, { n }) => void shell.send({ type: 'task-paused', id: candidateId(n) }),
  unpause: (shell, _host, { n }) => void shell.send({ type: 'task-unpaused', id: candidateId(n) }),
  reprioritise: (shell, host, { n }) =>
    void shell.send({ type: 'task-reprioritised', id: candidateId(n), priority: host === shell.hosts[0] ? 1 : 300 }),
  relabel: (shell, host) =>
    void (host.attached && shell.send({ type: 'host-changed', host: { ...host.facts(), labels: ['eu', 'fast'] } })),
};

const perform = (shell: SimulatedShell, step: Step): void => {
  const host = shell.hosts[step.host % shell.hosts.length];
  if (host) onHost[step.name](shell, host, step);
};

/** All hosts stay, all devices work, nothing fails any more. */
const drain = (shell: SimulatedShell): void => {
  for (const host of shell.hosts) {
    for (const device of host.devices) Object.assign(device, { available: true, bookedFor: null });
    shell.attach(host);
    shell.send({ type: 'host-draining', hostId: host.id, draining: false });
  }
  for (let round = 0; round < DRAIN_ROUNDS_MAX && snapshot(shell.core).stages.queued >= 0; round += 1) {
    if (shell.verdicts.size === shell.status.size && shell.hosts.every((host) => host.frames.length === 0)) return;
    for (const host of shell.hosts) {
      host.endCompile({ status: 'compiled', artifact: ARTIFACT });
      for (let at = 0; at < host.devices.length; at += 1) host.endJudge(at, 'passed');
      host.endCanary('passed');
      while (host.frames.length > 0) shell.deliver(host);
    }
    shell.nowMs += 50;
    if (round % 20 === 19) shell.tick();
  }
};

/** One host that every task can run on, so that each must end. */
const fleetOf = (shapes: readonly ConstructorParameters<typeof SimulatedHost>[1][]): readonly SimulatedHost[] => [
  ...shapes.map((shape, n) => new SimulatedHost(n, shape)),
  new SimulatedHost(shapes.length, { devices: 1, class: 'H100', model: 'one', labels: ['eu'], languages: ['cuda', 'triton'] }),
  new SimulatedHost(shapes.length + 1, {
    devices: 1,
    class: 'A100',
    model: 'one',
    labels: ['eu'],
    languages: ['cuda', 'triton'],
  }),
];

describe('scheduler, over any sequence of events', () => {
  test('nothing is lost, no candidate is with two judges, verdicts are final and all work ends once hosts stay', () => {
    fc.assert(
      fc.property(
        fc.array(anyHost, { minLength: 1, maxLength: 3 }),
        fc.array(anyStep, { maxLength: STEPS_MAX, size: 'max' }),
        (shapes, steps) => {
          const shell = new SimulatedShell(fleetOf(shapes));
          for (const host of shell.hosts) shell.attach(host);
          for (const step of steps) perform(shell, step);
          drain(shell);
          expect([...shell.status].filter(([, status]) => status !== 'done')).toEqual([]);
          expect(shell.core.tasks.size).toBe(0);
          expect(snapshot(shell.core).stages).toEqual({ queued: 0, compiling: 0, ready: 0, judging: 0, confirming: 0 });
          expect(shell.hosts.flatMap((host) => [...host.spool.keys()])).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
