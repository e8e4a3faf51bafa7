/**
 * Hosts and devices that take one submitter's candidates alone until a time. Written before it holds, so that a restart changes nothing. What runs is finished,
 * what others have waiting there goes elsewhere. The end is looked for about once a second, by the wall clock: it is told to people as a time of day.
 *
 * Booked -> over (its time came, somebody ended it, or the same submitter's time was set anew). Invariant: no device is booked for two submitters.
 */
import type { BookHost, Booking, BookingRecord, HostBookings, UnbookHost } from '../../domain/hosts/booking.ts';
import { bookedText, isOver } from '../../domain/hosts/booking.ts';
import { KilnError } from '../../domain/errors.ts';
import type { HostId } from '../../domain/ids.ts';
import type { HostState } from '../host-state.ts';
import type { HoldsSlice } from '../state.ts';
import { factsOf } from './host-facts.ts';
import { operatedEvent, operatedHost, type Operator } from './operated.ts';

type BookingsSlice = Pick<HoldsSlice, 'hosts' | 'store' | 'now' | 'apply' | 'notify' | 'eventLoopDelayMs' | 'writeBehind'>;

/** For the service. */
export const createBookings = (state: BookingsSlice) => ({
  bookHost: async (host: HostId, wish: BookHost, by: string) => bookHost(state, host, { ...wish, by }),
  unbookHost: async (host: HostId, wish: UnbookHost, by: string) => unbookHost(state, host, { ...wish, by }),
});

/** Throws NOT_FOUND, ALREADY_BOOKED. */
const bookHost = async (
  state: BookingsSlice,
  hostId: HostId,
  { submitter, forSeconds, reason, device, by }: BookHost & Operator,
): Promise<HostBookings> => {
  const host = operatedHost(state, hostId, { device, said: ({ bookings }) => bookings });
  refuseOthers(state, host, { submitter, device });
  const nowMs = state.now();
  const since = new Date(nowMs).toISOString();
  const until = new Date(nowMs + 1000 * forSeconds).toISOString();
  const booking: Booking = { submitter, until, reason, by, since };
  const event = operatedEvent('host.booked', hostId, { ...booking, deviceId: device });
  await state.store.setBooking({ hostId, deviceId: device, booking }, event);
  host.bookings.set(device, booking);
  return changed(state, host);
};

/** Throws NOT_FOUND. */
const unbookHost = async (
  state: BookingsSlice,
  hostId: HostId,
  { reason, by, device }: UnbookHost & Operator,
): Promise<HostBookings> => {
  const host = operatedHost(state, hostId, { device, said: ({ bookings }) => bookings });
  const whole = host.bookings.get(null);
  if (device !== null && whole && !host.bookings.has(device))
    throw new KilnError('NOT_FOUND', `${hostId}/${device} has no booking of its own: the whole host is ${bookedText(whole)}`);
  for (const deviceId of device === null ? [...host.bookings.keys()] : [device]) {
    const booking = host.bookings.get(deviceId);
    if (!booking) continue;
    const event = operatedEvent('host.unbooked', hostId, { submitter: booking.submitter, reason, by, deviceId });
    await state.store.setBooking({ hostId, deviceId, booking: null }, event);
    host.bookings.delete(deviceId);
  }
  return changed(state, host);
};

/** Before these hosts are connected. */
export const recoverBookings = (
  { hosts, now }: Pick<BookingsSlice, 'hosts' | 'now'>,
  records: readonly BookingRecord[],
): void => {
  for (const { hostId, deviceId, booking } of records) {
    if (!isOver(booking, now())) hosts.get(hostId)?.bookings.set(deviceId, booking);
  }
};

/** Those whose time is over end; their rows go with the next that is written. */
export const endBookings = (state: BookingsSlice): void => {
  for (const host of state.hosts.values()) {
    const over = [...host.bookings].filter(([, booking]) => isOver(booking, state.now()));
    if (over.length === 0) continue;
    for (const [deviceId, { submitter }] of over) {
      host.bookings.delete(deviceId);
      const data = { submitter, reason: 'its time is over', by: 'kiln', deviceId };
      state.writeBehind.add({ type: 'event', event: operatedEvent('host.unbooked', host.session.hostId, data) });
    }
    changed(state, host);
  }
};

const changed = (state: BookingsSlice, host: HostState): HostBookings => {
  state.apply({ type: 'host-changed', host: factsOf(state, host) });
  state.notify();
  return {
    host: host.session.hostId,
    booking: host.bookings.get(null) ?? null,
    devices: [...host.bookings].flatMap(([device, booking]) => (device === null ? [] : [{ device, booking }])),
  };
};

/** A device is one submitter's at a time; whoever wants it otherwise ends what there is first. */
const refuseOthers = (
  { now }: Pick<BookingsSlice, 'now'>,
  { session, bookings }: HostState,
  { submitter, device }: Pick<BookHost, 'submitter' | 'device'>,
): void => {
  for (const [of, booking] of bookings) {
    const isElsewhere = device !== null && of !== null && of !== device;
    if (isElsewhere || booking.submitter === submitter || isOver(booking, now())) continue;
    const subject = of === null ? session.hostId : `${session.hostId}/${of}`;
    throw new KilnError('ALREADY_BOOKED', `${subject} is ${bookedText(booking)}; kiln host unbook ${subject} ends that first`);
  }
};
