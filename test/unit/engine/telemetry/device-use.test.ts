import { describe, expect, test } from 'vitest';
import { createDeviceUse } from '../../../../src/engine/telemetry/device-use.ts';

const totals = (measuringMs: number, idleWithoutWorkMs: number) => ({
  measuringMs,
  checkingMs: 0,
  loadingMs: 0,
  idleWithWorkMs: 0,
  idleWithoutWorkMs,
  faultMs: 0,
  profilingMs: 0,
  judged: 0,
});
const useAfter = (...frames: readonly (readonly [atMs: number, measuringMs: number, idleMs: number])[]) => {
  const use = createDeviceUse();
  for (const [atMs, measuringMs, idleMs] of frames) use.onHealth(totals(measuringMs, idleMs), atMs);
  return use.view().use;
};

describe('where the time of a device went', () => {
  test('is told as shares of the time between the frames', () => {
    expect(useAfter([0, 0, 0], [1000, 250, 500])).toMatchObject({ measuring: 0.25, idleWithoutWork: 0.5 });
  });

  test('is never more than all of it, though the first frame came late', () => {
    expect(useAfter([600, 0, 0], [1000, 250, 750])).toMatchObject({ measuring: 0.25, idleWithoutWork: 0.75 });
  });

  test('is nothing after one frame, or after a judgement that is not counted yet', () => {
    expect(useAfter([0, 100, 100])).toMatchObject({ measuring: 0, idleWithoutWork: 0 });
    expect(useAfter([0, 100, 100], [1000, 100, 100])).toMatchObject({ measuring: 0, idleWithoutWork: 0 });
  });
});
