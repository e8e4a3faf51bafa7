/** Hosts and devices that take no work since somebody said so. */
import type { HoldRecord } from '../domain/hosts/hold.ts';
import type { NewJournalEvent } from '../domain/journal.ts';
import { append, writing } from './journal.ts';
import { toJson } from './json.ts';
import type { Sql, SqlSession } from './sql.ts';

type Key = Pick<HoldRecord, 'hostId' | 'deviceId'>;

/** `hold` null: it is held no more. In one transaction with its journal entry. */
export const writeHold = async (
  sql: Sql,
  { hostId, deviceId, hold }: Key & { readonly hold: HoldRecord['hold'] | null },
  { event, at }: { readonly event: NewJournalEvent; readonly at: string },
): Promise<void> =>
  writing(sql, async (session) => {
    const key = [hostId, deviceId ?? ''];
    if (hold) await session.query(KEEP, [...key, toJson(hold)]);
    else await session.query('delete from kiln.holds where host_id = $1 and device_id = $2', key);
    await append(session, [event], at);
  });

const KEEP = `
insert into kiln.holds (host_id, device_id, hold) values ($1, $2, $3::jsonb)
on conflict (host_id, device_id) do update set hold = excluded.hold`;

export const readHolds = async (sql: SqlSession): Promise<readonly HoldRecord[]> =>
  sql.query<HoldRecord>(
    `select host_id as "hostId", nullif(device_id, '') as "deviceId", hold from kiln.holds order by host_id, device_id`,
  );
