/** Hosts and devices that are booked for a submitter until a time. */
import type { BookingRecord } from '../domain/hosts/booking.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

type Key = Pick<BookingRecord, 'hostId' | 'deviceId'>;

/** `booking` null: it is booked no more. In one transaction with its journal entry. What is over at `at` is removed with it. */
export const writeBooking = async (
  sql: Sql,
  { hostId, deviceId, booking }: Key & { readonly booking: BookingRecord['booking'] | null },
  { event, at }: { readonly event: NewJournalEvent; readonly at: string },
): Promise<void> =>
  writing(sql, async (session) => {
    const key = [hostId, deviceId ?? ''];
    await session.query('delete from kiln.bookings where until <= $1::timestamptz or (host_id = $2 and device_id = $3)', [
      at,
      ...key,
    ]);
    if (booking) await session.query(KEEP, [...key, booking.until, toJson(booking)]);
    await append(session, [event], at);
  });

const KEEP = 'insert into kiln.bookings (host_id, device_id, until, booking) values ($1, $2, $3::timestamptz, $4::jsonb)';

/** Those that are over may be among them. */
export const readBookings = async (sql: SqlSession): Promise<readonly BookingRecord[]> =>
  sql.query<BookingRecord>(
    `select host_id as "hostId", nullif(device_id, '') as "deviceId", booking from kiln.bookings order by host_id, device_id`,
  );
