/** How long until the verdict, from measured times, and how that was reckoned. Pure. */
import type { Why } from '../../domain/api/why.ts';
import { milliseconds, seconds } from '../../domain/text/units.ts';
import type { PoolView } from '../../scheduler/task-view.ts';
import type { WhyView } from './view.ts';

type Eta = NonNullable<Why['eta']>;

/** `ahead`: what those devices have to do before it. Null where none of them takes work. */
export const etaAfter = (pools: readonly PoolView[], ahead: number, { extraMs = 0, extra = '' } = {}): Eta | null => {
  const open = pools.filter(({ available }) => available > 0);
  const devices = open.reduce((sum, { available }) => sum + available, 0);
  if (devices === 0) return null;
  const perMs = open.reduce((sum, { available, serviceMs }) => sum + available / serviceMs, 0);
  const eachMs = devices / perMs;
  const isMeasured = open.some((pool) => pool.isMeasured);
  const ms = extraMs + ahead / perMs + eachMs;
  const each = `${milliseconds(eachMs)} each${isMeasured ? '' : ' (assumed: nothing was judged there yet)'}`;
  const words = `${ahead} before it on ${devices} ${devices === 1 ? 'device' : 'devices'} at ${each}, then its own ${milliseconds(eachMs)}`;
  return { seconds: ms / 1000, how: extra === '' ? words : `${extra}, ${words}` };
};

/** While it is compiled: the rest of that, then the devices of its host. */
export const etaOfCompiling = ({ compile, pools }: WhyView): Eta | null => {
  const own = pools.filter(({ hostId }) => hostId === compile?.forHost);
  const [pool] = own;
  if (!compile || !pool) return null;
  const roundsBefore = Math.floor(compile.before / Math.max(1, compile.slots));
  const extraMs = compile.isTransfer ? 0 : Math.max(0, (roundsBefore + 1) * pool.compileMs - compile.sinceMs);
  const atDevices = own
    .flatMap(({ devices }) => devices)
    .reduce((sum, { queued, isRunning }) => sum + queued + Number(isRunning), 0);
  const before = atDevices + own.reduce((sum, { ready }) => sum + ready, 0);
  return etaAfter(own, before, { extraMs, extra: `${milliseconds(extraMs)} of compiling` });
};

export const etaOfBackOff = (pools: readonly PoolView[], waitMs: number): Eta | null =>
  etaAfter(pools, 0, { extraMs: waitMs, extra: `${seconds(waitMs / 1000)} of back-off` });
