import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { QuarantineCause } from '../../../../src/domain/canary.ts';
import { DeviceId, HostId } from '../../../../src/domain/ids.ts';
import type { HostSession } from '../../../../src/domain/ports/host-session.ts';
import type { Doubt } from '../../../../src/domain/ports/store.ts';
import {
  onKeptQuarantined,
  onQuarantined,
  onQuarantineKept,
  onTrusted,
  resumeDevices,
} from '../../../../src/engine/canaries/quarantine.ts';
import type { Bundles } from '../../../../src/engine/compiling/bundles.ts';
import { createHost } from '../../../../src/engine/hosts/create-host.ts';
import type { CanariesSlice } from '../../../../src/engine/state.ts';
import type { SchedulerEvent } from '../../../../src/scheduler/events.ts';

const hostId = HostId.parse('box');
const deviceId = DeviceId.parse('GPU-1');
const HANGS = { reason: 'NVML does not answer', doubtsVerdicts: false };
const MEMORY = { reason: '1 uncorrectable ECC error', doubtsVerdicts: true };

/** What rests on quarantines of one device: `doubts` are the verdicts that were taken back. */
const start = () => {
  const host = createHost({ hostId, labels: [] } as Partial<HostSession> as HostSession, {} as Bundles);
  const doubts: Doubt[] = [];
  const applied: SchedulerEvent[] = [];
  const state = {
    hosts: new Map([[hostId, host]]),
    now: () => Date.parse('2026-01-01T00:00:00.000Z'),
    log: pino({ level: 'silent' }),
    metrics: { setQuarantined: () => undefined },
    writeBehind: { add: ({ after }: { readonly after?: () => void }) => after?.() },
    apply: (event: SchedulerEvent) => applied.push(event),
    jobsEnded: async () => undefined,
    isRunning: () => true,
    store: {
      reopenDoubted: async (doubt: Doubt) => {
        doubts.push(doubt);
        return Promise.resolve({ candidates: [], records: [] });
      },
    },
  } as unknown as CanariesSlice;
  const kept = (cause: QuarantineCause): void => onQuarantineKept(state, { type: 'quarantine-held', hostId, deviceId, cause });
  const out = (cause: QuarantineCause, isNew = true): void =>
    onQuarantined(state, { type: 'quarantine', hostId, deviceId, failures: 1, retryMs: 15_000, cause, isNew });
  return { state, host, canaries: host.canaries, doubts, applied, kept, out };
};

/** Taking back begins after the turn that asks for it. */
const reasons = async (doubts: readonly Doubt[], count: number): Promise<readonly string[]> => {
  await expect.poll(() => doubts.length).toBe(count);
  return doubts.map(({ reason }) => reason);
};

test('a device that would be quarantined for what spoils no verdict keeps its verdicts, whatever becomes of it', async () => {
  const { state, host, canaries, doubts, kept } = start();
  canaries.faults.set(deviceId, HANGS);
  kept('fault');
  onKeptQuarantined(state, host, deviceId);
  canaries.last.set(deviceId, { askedAtMs: 5, reason: '' });
  onTrusted(state, { type: 'trust', hostId, deviceId, returned: false, isOnProbation: false });
  expect(canaries.trustedAtMs.get(deviceId)).toBe(5);
  expect(canaries.kept.size).toBe(0);
  expect(doubts).toEqual([]);
});

test('what spoils verdicts counts also where something else kept it from quarantine before', async () => {
  const { state, host, canaries, doubts, kept } = start();
  canaries.faults.set(deviceId, HANGS);
  kept('fault');
  canaries.faults.set(deviceId, MEMORY);
  kept('fault');
  canaries.faults.set(deviceId, HANGS);
  kept('fault');
  onKeptQuarantined(state, host, deviceId);
  expect(await reasons(doubts, 1)).toEqual([expect.stringContaining(MEMORY.reason)]);
});

test('a known-good candidate that fails while its device is out for a fault has nothing used that its compiler made', () => {
  const { canaries, out } = start();
  canaries.faults.set(deviceId, HANGS);
  out('fault');
  expect(canaries.marks.code).toBe('');
  canaries.last.set(deviceId, { askedAtMs: 5, reason: 'scale/baseline.cu: wrong_answer' });
  out('canary', false);
  const { code } = canaries.marks;
  expect(code).not.toBe('');
  // The next that fails tells nothing new.
  canaries.marks.code = 'as it was';
  out('canary', false);
  expect(canaries.marks.code).toBe('as it was');
});

test('an operator takes a device as it is that would be quarantined: its fault is no reason any more, and what it said meanwhile is judged again', async () => {
  const { state, host, canaries, doubts, applied, kept } = start();
  canaries.faults.set(deviceId, MEMORY);
  kept('fault');
  expect(resumeDevices(state, host)).toEqual([deviceId]);
  expect(canaries.kept.size + canaries.faults.size).toBe(0);
  expect(canaries.accepted.get(deviceId)).toBe(MEMORY.reason);
  expect(applied).toEqual([{ type: 'host-resumed', hostId }]);
  expect(await reasons(doubts, 1)).toEqual([expect.stringContaining(MEMORY.reason)]);
});
