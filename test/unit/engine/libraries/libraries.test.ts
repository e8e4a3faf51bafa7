import { describe, expect, test } from 'vitest';
import { ContentHash } from '../../../../src/domain/ids.ts';
import { passed, WRONG } from '../../../support/judgements.ts';
import { LibraryRig, problemWithLibrary } from '../../../support/library-rig.ts';
import { MODEL } from '../../../support/scripted-host-session.ts';
import { task } from '../../../support/scheduler/simulated-fleet.ts';
import { TORCH } from '../../../support/torch-environment.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const FAILED = { verdict: 'infra_failed', message: 'no host would' } as const;
const OTHER_KEY = ContentHash.parse('cd'.repeat(32));
const [ONE, TWO] = [problemWithLibrary('one'), problemWithLibrary('two')];
const rigOf = (): LibraryRig => new LibraryRig().has(ONE, TWO);

describe('library programs', () => {
  test('are given to an idle device one after the other, behind whatever anybody submits', async () => {
    const rig = rigOf();
    rig.host('box');
    expect(await rig.looks(1)).toEqual([]);
    expect(await rig.looks(1)).toEqual(['one']);
    expect(rig.submitted[0]?.submission).toMatchObject({
      submitter: 'library',
      priority: 2_000_001,
      labels: [`model:${MODEL}`, 'driver:580.1'],
      content: { trial: 1, language: 'python', library: { environment: 'torch 2.11.0, CUDA 13.0, driver 580.1' } },
    });
    expect(rig.queued).toEqual([{ candidateId: rig.submitted[0]?.id, priority: 2_000_001 }]);
    expect(await rig.looks(4)).toEqual(['one']);
    await rig.judged(0, passed(1));
    expect(await rig.looks(1)).toEqual(['one', 'two']);
    await rig.judged(1, WRONG);
    expect(await rig.looks(4)).toEqual(['one', 'two']);
  });

  test.each<readonly [string, (rig: LibraryRig, host: ReturnType<LibraryRig['host']>) => void]>([
    ['the device has something to judge', (rig, host) => rig.judging(task(1), host)],
    ['something is compiled for the device', (rig) => rig.task(task(1))],
    ['something of its class waits for another host', (rig) => rig.task(task(1, { labels: ['elsewhere'] }))],
    ['the store has something of its class that is not leased yet', (rig) => void (rig.unleased = 1)],
  ])('wait while %s', async (_, busy) => {
    const rig = rigOf();
    busy(rig, rig.host('box'));
    expect(await rig.looks(4)).toEqual([]);
  });

  test('are not kept waiting by candidates of another class', async () => {
    const rig = rigOf();
    rig.host('box');
    rig.task(task(1, { device: 'A100' }));
    expect(await rig.looks()).toEqual(['one']);
  });

  test.each<readonly [string, (host: ReturnType<LibraryRig['host']>) => void]>([
    ['is away', (host) => Object.assign(host, { connection: { state: 'unreachable', reason: 'gone', nextRetryAtMs: null } })],
    [
      'is held',
      ({ holds }) => void holds.set(null, { kind: 'hold', reason: 'hot', by: 'ann', since: '2026-01-01T00:00:00.000Z' } as never),
    ],
    [
      'is booked',
      ({ bookings }) =>
        void bookings.set(null, {
          submitter: 'ada',
          until: '2027-01-01T00:00:00.000Z',
          reason: 'a course',
          by: 'ann',
          since: '2026-01-01T00:00:00.000Z',
        }),
    ],
    [
      'has a GPU in quarantine',
      ({ canaries, devices }) => void canaries.quarantines.set(devices[0]?.id ?? ('' as never), {} as never),
    ],
  ])('go to no host that %s', async (_, change) => {
    const rig = rigOf();
    change(rig.host('box'));
    expect(await rig.looks(4)).toEqual([]);
  });

  test('are timed once for all hosts that are alike, and once for each other model, environment and driver', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    rig.host('b');
    rig.host('other-driver', { driver: '581.1' });
    rig.host('other-torch', {
      environments: [{ ...TORCH, key: OTHER_KEY, torch: '2.12.0' }],
    });
    rig.host('other-model', { model: 'NVIDIA A100-SXM4-80GB' });
    rig.host('without', { environments: [{ ...TORCH, recorder: 'none' }], driver: '582.1' });
    rig.host('another', { environments: [{ ...TORCH, name: 'nightly' }], driver: '583.1' });
    for (let n = 0; n < 4; n += 1) {
      await rig.looks();
      if (rig.submitted[n]?.submission.content.device === 'H100') await rig.judged(n, passed(1));
    }
    await rig.looks(4);
    const asked = rig.submitted.map(({ submission: { content, labels } }) =>
      [content.library?.environment, ...labels].join('; '),
    );
    expect(asked.toSorted()).toEqual([
      'torch 2.11.0, CUDA 13.0, driver 580.1; model:NVIDIA A100-SXM4-80GB; driver:580.1',
      `torch 2.11.0, CUDA 13.0, driver 580.1; model:${MODEL}; driver:580.1`,
      `torch 2.11.0, CUDA 13.0, driver 581.1; model:${MODEL}; driver:581.1`,
      `torch 2.12.0, CUDA 13.0, driver 580.1; model:${MODEL}; driver:580.1`,
    ]);
  });

  test('need a host that records the programs of their problem too', async () => {
    const reference = { file: 'library.py', symbol: 'run', style: 'function', environment: 'old' };
    const rig = new LibraryRig().has(problemWithLibrary('recorded', { reference, baseline: undefined }));
    rig.host('box');
    expect(await rig.looks(4)).toEqual([]);
    rig.host('both', { environments: [TORCH, { ...TORCH, name: 'old' }] });
    expect(await rig.looks()).toEqual(['recorded']);
  });

  test('are asked for again where the store did not take them', async () => {
    const rig = rigOf();
    rig.host('box');
    rig.isStoreAway = true;
    expect(await rig.looks(4)).toEqual([]);
    rig.isStoreAway = false;
    expect(await rig.looks(1)).toEqual(['one']);
  });

  test('are not asked for where a person said so', async () => {
    const rig = new LibraryRig(false).has(ONE);
    rig.host('box');
    expect(await rig.looks(4)).toEqual([]);
    expect(rig.view('one').models).toMatchObject([{ reason: 'not measured: judging.libraryTimes is false' }]);
  });

  test('that wait are cancelled once their problem, program or environment is another, and not because their host is away', async () => {
    const rig = new LibraryRig().has(ONE);
    const host = rig.host('box');
    await rig.looks();
    Object.assign(host, { connection: { state: 'unreachable', reason: 'gone', nextRetryAtMs: null } });
    await rig.looks();
    expect(rig.cancelled).toEqual([]);
    rig.has(problemWithLibrary('one', {}, '# another'));
    await rig.looks();
    expect(rig.cancelled).toContain(rig.submitted[0]?.id);
  });

  test('that wait for a driver that was replaced are cancelled', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('box');
    await rig.looks();
    rig.host('box', { driver: '581.1' });
    await rig.looks(1);
    expect(rig.cancelled).toEqual([rig.submitted[0]?.id]);
  });

  test('that were cancelled because their driver was replaced are asked for again once it is back', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('box');
    await rig.looks();
    rig.host('box', { driver: '581.1' });
    await rig.looks(3);
    await rig.judged(1, passed(1));
    rig.host('box');
    await rig.looks(3);
    expect(rig.submitted.map(({ id }) => id)).toEqual([rig.submitted[0]?.id, rig.submitted[1]?.id, rig.submitted[0]?.id]);
    await rig.judged(0, passed(2));
    expect(rig.view('one').models).toMatchObject([{ candidateId: rig.submitted[0]?.id, reason: null }]);
  });

  test('that wait are read anew together, in one query a look', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    rig.host('other-model', { model: 'NVIDIA A100-SXM4-80GB' });
    await rig.looks(3);
    const ids = rig.submitted.map(({ id }) => id);
    expect(ids).toHaveLength(2);
    rig.read.length = 0;
    await rig.looks(1);
    expect(rig.read).toEqual([{ ids }]);
  });

  test('that a person cancelled are not asked for again, and keep none of their class waiting', async () => {
    const rig = rigOf();
    rig.host('box');
    await rig.looks();
    await rig.cancel(rig.submitted[0]?.id ?? ('' as never));
    expect(await rig.looks(4)).toEqual(['one', 'two']);
    await rig.judged(1, passed(1));
    rig.nowMs += DAY_MS;
    expect(await rig.looks(4)).toEqual(['one', 'two']);
  });

  test('that met nothing but failures of hosts are asked for again, later each time and at most five times, behind those that are new', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('box');
    const waitedMs: number[] = [];
    for (let asked = await rig.looks(); asked.length <= 5; ) {
      await rig.judged(asked.length - 1, FAILED);
      const count = asked.length;
      const failedMs = rig.nowMs;
      for (; asked.length === count && rig.nowMs < failedMs + DAY_MS; ) {
        rig.nowMs += MINUTE_MS;
        asked = await rig.looks();
      }
      if (asked.length === count) break;
      waitedMs.push(rig.nowMs - failedMs);
      expect(rig.view('one').models[0]?.reason).toContain('not measured yet');
    }
    expect(waitedMs.length).toBe(4);
    for (const [index, ms] of waitedMs.entries()) expect(ms).toBeGreaterThan(1.5 * (waitedMs[index - 1] ?? 0));
    expect(new Set(rig.submitted.map(({ id }) => id)).size).toBe(1);
    expect(rig.view('one').models[0]?.reason).toMatch(/^it is judged infra_failed: .*\)$/u);
  });

  test('tell that they are timed again where hosts failed', async () => {
    const rig = rigOf();
    rig.host('box');
    await rig.looks();
    await rig.judged(0, FAILED);
    expect(rig.view('one').models[0]?.reason).toContain('; it is timed again later');
    rig.nowMs += DAY_MS;
    expect((await rig.looks()).at(-1)).toBe('two');
    await rig.judged(1, passed(1));
    expect(await rig.looks()).toEqual(['one', 'two', 'one']);
  });

  test('of two models whose names begin alike go to the hosts of each', async () => {
    const rig = new LibraryRig().has(ONE);
    const name = 'NVIDIA H100 '.repeat(6);
    rig.host('a', { model: `${name}a` });
    rig.host('b', { model: `${name}b` });
    await rig.looks();
    await rig.judged(0, passed(1));
    await rig.looks();
    const labels = rig.submitted.map(({ submission }) => submission.labels[0] ?? '');
    expect(new Set(labels).size).toBe(2);
    for (const label of labels) expect(label.length).toBeLessThanOrEqual(64);
  });
});

describe('what a library takes', () => {
  test('is told for each model: its times, or why there are none', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    rig.host('without', { environments: [], model: 'NVIDIA L4' });
    const reasons = () => rig.view('one').models.map(({ reason }) => reason);
    const missing = 'no host with this model records programs of environment "torch" (kiln doctor says why)';
    expect(reasons()).toEqual(['not measured yet: it is once a device is idle', missing]);
    await rig.looks();
    const id = rig.submitted[0]?.id ?? '';
    expect(reasons()[0]).toBe(`not measured yet: it waits until a device is idle (${id})`);
    await rig.judged(0, WRONG);
    expect(reasons()[0]).toMatch(/^it is judged modified_input: .*\(c-[0-9a-f]{32}\)$/u);
    await rig.judged(0, passed(2), true);
    expect(reasons()[0]).toContain('timed by its answers');
    await rig.judged(0, passed(2));
    expect(rig.view('one')).toEqual({
      problem: 'one',
      program: 'library.py',
      models: [
        {
          device: 'H100',
          deviceModel: MODEL,
          candidateId: id,
          environment: 'torch 2.11.0, CUDA 13.0, driver 580.1',
          cases: [{ case: '16M', medianNs: 100_000 }],
          reason: null,
        },
        { device: 'L4', deviceModel: 'NVIDIA L4', candidateId: null, environment: null, cases: [], reason: missing },
      ],
    });
  });

  test('stays that of the environment before until it is measured in the new one', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    await rig.looks();
    await rig.judged(0, passed(2));
    rig.host('a', { driver: '581.1' });
    await rig.looks();
    expect(rig.submitted).toHaveLength(2);
    expect(rig.view('one').models).toMatchObject([{ candidateId: rig.submitted[0]?.id, reason: null }]);
    await rig.judged(1, passed(4));
    expect(rig.view('one').models).toMatchObject([
      { candidateId: rig.submitted[1]?.id, environment: 'torch 2.11.0, CUDA 13.0, driver 581.1', cases: [{ medianNs: 50_000 }] },
    ]);
  });

  test('is that of the driver which the host has now, also where another was measured later', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    await rig.looks();
    await rig.judged(0, passed(2));
    rig.host('a', { driver: '581.1' });
    await rig.looks();
    await rig.judged(1, passed(4));
    rig.host('a');
    await rig.looks();
    expect(rig.submitted).toHaveLength(2);
    expect(rig.view('one').models).toMatchObject([
      { candidateId: rig.submitted[0]?.id, environment: 'torch 2.11.0, CUDA 13.0, driver 580.1', cases: [{ medianNs: 100_000 }] },
    ]);
  });

  test('is the last of those that its hosts have now, where they differ', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    await rig.looks();
    await rig.judged(0, passed(2));
    rig.host('b', { driver: '581.1' });
    await rig.looks();
    await rig.judged(1, passed(4));
    expect(rig.view('one').models).toMatchObject([{ candidateId: rig.submitted[1]?.id }]);
  });

  test('is not hidden by a later run that was cancelled', async () => {
    const rig = new LibraryRig().has(ONE);
    rig.host('a');
    await rig.looks();
    await rig.judged(0, passed(2));
    rig.host('a', { driver: '581.1' });
    await rig.looks();
    await rig.judged(1, { verdict: 'cancelled' });
    expect(rig.view('one').models).toMatchObject([{ candidateId: rig.submitted[0]?.id, reason: null }]);
  });

  test('is nothing of a problem that names no program', () => {
    const rig = new LibraryRig().has(problemWithLibrary('bare', { library: undefined }));
    rig.host('a');
    expect(rig.view('bare')).toEqual({ problem: 'bare', program: null, models: [] });
  });
});
