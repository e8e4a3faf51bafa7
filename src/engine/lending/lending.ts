/**
 * Devices that people hold for a while: lent by the scheduler first, which sends nothing there any more and takes back what waits, then by the runner, once what it
 * judges has ended.
 *
 * Asked (the device takes no work) -> lent -> given back; refused, given up or lost with its host from either. Invariant: a device is lent once at most, and takes
 * work again whenever its loan ends.
 */
import { randomUUID } from 'node:crypto';
import { KilnError } from '../../domain/errors.ts';
import type { DeviceWish } from '../../domain/hosts/work.ts';
import type { Device } from '../../domain/device.ts';
import type { DeviceId, HostId } from '../../domain/ids.ts';
import type { FromRunner } from '../../domain/protocol.ts';
import { factsOf } from '../hosts/host-facts.ts';
import type { HostState, Loan } from '../host-state.ts';
import type { HostsSlice } from '../state.ts';
import { hostNamed } from '../host-state.ts';

/** The longest judgement, and a profile before it. */
export const LEND_MS_MAX = 180_000;

export interface Lent {
  readonly devices: readonly DeviceId[];
  /** Idempotent. */
  readonly giveBack: () => void;
}

export interface LendOptions {
  /** For those who look why it takes no work. */
  readonly reason: string;
  readonly signal: AbortSignal;
}

/** Throws what asking for these devices would throw at once. */
export const checkWish = ({ hosts }: Pick<HostsSlice, 'hosts'>, hostId: HostId, wish: DeviceWish): void => {
  chosen(hostNamed(hosts, hostId), wish);
};

/** Resolves when nothing is judged on them. Throws NOT_FOUND, HOST_NOT_CONNECTED, INVALID_REQUEST, DEVICE_NOT_LENT. */
export const lendDevices = async (
  state: HostsSlice,
  hostId: HostId,
  { wish, reason, signal }: LendOptions & { readonly wish: DeviceWish },
): Promise<Lent> => {
  const host = hostNamed(state.hosts, hostId);
  const loans = chosen(host, wish).map(({ id }) => ask(host, id, reason));
  state.apply({ type: 'host-changed', host: factsOf(state, host) });
  let isOver = false;
  const giveBack = (): void => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener('abort', giveUp);
    clearTimeout(late);
    for (const loan of loans) end(host, loan, 'it was given back');
    state.apply({ type: 'host-changed', host: factsOf(state, host) });
  };
  const giveUp = (): void => refuseAll(loans, 'it was given up');
  const late = setTimeout(() => refuseAll(loans, `what is judged there did not end within ${LEND_MS_MAX / 1000} s`), LEND_MS_MAX);
  signal.addEventListener('abort', giveUp);
  try {
    if (signal.aborted) giveUp();
    await Promise.all(loans.map(async ({ begun }) => begun.promise));
    clearTimeout(late);
    return { devices: loans.map(({ deviceId }) => deviceId), giveBack };
  } catch (error) {
    giveBack();
    throw error;
  }
};

export const onLent = (host: HostState, { lendId, failure }: Extract<FromRunner, { type: 'lent' }>): void => {
  const loan = [...host.lent.values()].find((one) => one.lendId === lendId);
  // One that was given up is given back by then.
  if (!loan) return;
  if (failure) loan.begun.reject(notLent(loan.deviceId, failure.message));
  else loan.begun.resolve();
};

/** With the connection, the runner takes everything back. */
export const onLendingHostGone = (host: HostState): void => {
  for (const { begun, deviceId } of host.lent.values()) begun.reject(notLent(deviceId, 'its host was lost'));
  host.lent.clear();
};

const ask = (host: HostState, deviceId: DeviceId, reason: string): Loan => {
  const loan: Loan = { lendId: randomUUID(), deviceId, reason, begun: Promise.withResolvers<void>() };
  // Told where it is awaited; one of several that were refused must not end the process.
  loan.begun.promise.catch(() => undefined);
  host.lent.set(deviceId, loan);
  if (!host.session.lend(loan.lendId, deviceId)) loan.begun.reject(notLent(deviceId, 'its host is not connected'));
  return loan;
};

const end = (host: HostState, { lendId, deviceId, begun }: Loan, why: string): void => {
  begun.reject(notLent(deviceId, why));
  if (host.lent.get(deviceId)?.lendId !== lendId) return;
  host.lent.delete(deviceId);
  host.session.giveBack(lendId);
};

const refuseAll = (loans: readonly Loan[], why: string): void => {
  for (const { begun, deviceId } of loans) begun.reject(notLent(deviceId, why));
};

const notLent = (deviceId: DeviceId, why: string): KilnError =>
  new KilnError('DEVICE_NOT_LENT', `${deviceId} could not be held: ${why}`);

const chosen = (host: HostState, wish: DeviceWish): readonly Device[] => {
  const { hostId } = host.session;
  if (host.connection.state !== 'connected') throw new KilnError('HOST_NOT_CONNECTED', `host ${hostId} is not connected`);
  const gpus = host.devices.filter(({ kind }) => kind === 'gpu');
  if (gpus.length === 0) throw new KilnError('INVALID_REQUEST', `host ${hostId} has no GPU: leave --gpu out`);
  if (wish === 'any') return [free(host, gpus)];
  const wanted = wish === 'all' ? gpus : wish.map((one) => named(host, gpus, one));
  for (const { id } of wanted) {
    const held = host.lent.get(id);
    if (held) throw new KilnError('DEVICE_NOT_LENT', `${id} of ${hostId} is ${held.reason}; try again later`);
  }
  return [...new Set(wanted)];
};

/** One that works comes first: it is known to be right. */
const free = (host: HostState, gpus: readonly Device[]): Device => {
  const unlent = gpus.filter(({ id, unavailable }) => !host.lent.has(id) && unavailable === null);
  const device = unlent.find(({ id }) => !host.canaries.quarantines.has(id)) ?? unlent[0];
  if (device) return device;
  const why = gpus.map(({ id, unavailable }) => `${id}: ${host.lent.get(id)?.reason ?? unavailable}`).join('; ');
  throw new KilnError('DEVICE_NOT_LENT', `no GPU of ${host.session.hostId} is free to be held: ${why}`);
};

const named = (host: HostState, gpus: readonly Device[], wish: number | string): Device => {
  const device = typeof wish === 'number' ? gpus[wish] : gpus.find(({ id }) => id === wish);
  if (device) return device;
  const known = gpus.map(({ id }, index) => `${index}: ${id}`).join(', ');
  throw new KilnError('INVALID_REQUEST', `host ${host.session.hostId} has no GPU ${wish}; it has ${known}`);
};
