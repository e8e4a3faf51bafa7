/** How fast each bench case can be at best on a device. Pure. */
import type { DeviceSheet, Headroom } from '../../domain/campaign/generation-context.ts';
import type { Problem } from '../../domain/problem.ts';
import { workOf } from '../../problems/floors.ts';
import { targetOf } from '../../problems/targets.ts';

/** None where the device's rates are unknown. Of a rate that was measured two digits, so that the text of a prompt stays the same. */
export const headroomOf = (problem: Problem, sheet: DeviceSheet): Headroom[] => {
  const target = targetOf(sheet.class);
  const bytesPerSecond =
    sheet.peakBytesPerSecond ?? (sheet.copyBytesPerSecond && Number(sheet.copyBytesPerSecond.toPrecision(2)));
  if (bytesPerSecond === null) return [];
  const flopsPerSecond = sheet.peakFlopsPerSecond?.[problem.floor.unit];
  return problem.bench[target].map(({ name, shape }) => {
    const { readBytes, writeBytes, flops } = workOf(problem, shape);
    const memoryNs = ((readBytes + writeBytes) / bytesPerSecond) * 1e9;
    const computeNs = flopsPerSecond === undefined ? 0 : (flops / flopsPerSecond) * 1e9;
    return { case: name, floorNs: Math.max(memoryNs, computeNs), bound: memoryNs >= computeNs ? 'memory' : 'compute' };
  });
};
