/** A host, or one device of it, that takes one submitter's candidates alone until a time. It ends by itself, or earlier where somebody says so. */
import { z } from 'zod';
import { Submitter } from '../access/token.ts';
import { DeviceId, HostId } from '../ids.ts';

/** What is to be somebody's for longer is a host of its own, with a label. */
export const BOOKING_SECONDS_MAX = 31 * 86_400;

const Reason = z.string().min(1).max(500);
const By = z.string().min(1).max(200);

export const Booking = z.strictObject({
  submitter: Submitter,
  until: z.iso.datetime(),
  reason: Reason,
  by: By,
  since: z.iso.datetime(),
});
export type Booking = z.infer<typeof Booking>;

/** POST /v1/hosts/:host/book. Without a device: all of the host's. For the same submitter again: the time that is said now holds. */
export const BookHost = z.strictObject({
  submitter: Submitter,
  forSeconds: z.int().min(1).max(BOOKING_SECONDS_MAX),
  reason: Reason,
  device: DeviceId.nullable().default(null),
});
export type BookHost = z.infer<typeof BookHost>;

/** POST /v1/hosts/:host/unbook: before its time. Without a device: all bookings of the host and of its devices. */
export const UnbookHost = BookHost.pick({ reason: true, device: true });
export type UnbookHost = z.infer<typeof UnbookHost>;

/** What is booked of the host now. */
export const HostBookings = z.strictObject({
  host: HostId,
  booking: Booking.nullable(),
  devices: z.array(z.strictObject({ device: DeviceId, booking: Booking })),
});
export type HostBookings = z.infer<typeof HostBookings>;

/** One as it is kept. `deviceId` null: of the whole host. */
export interface BookingRecord {
  readonly hostId: HostId;
  readonly deviceId: DeviceId | null;
  readonly booking: Booking;
}

export const isOver = ({ until }: Booking, nowMs: number): boolean => Date.parse(until) <= nowMs;

/** For whoever waits. */
export const bookedText = ({ submitter, until }: Booking): string => `booked for ${submitter} until ${until}`;

/** For whoever runs the fleet. */
export const bookingText = (booking: Booking): string => `${bookedText(booking)} by ${booking.by}: ${booking.reason}`;
