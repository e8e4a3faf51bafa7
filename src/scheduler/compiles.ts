import { noteCompile } from './canaries.ts';
import { smooth } from './estimates.ts';
import type { SchedulerEvent } from './events.ts';
import { failOnHost } from './failures.ts';
import { finish, finishUnconfirmed, makeReady } from './moves.ts';
import { moveTo } from './move-to.ts';
import type { CoreState } from './state.ts';

/** No compile job is left to withdraw. */
const ANSWERED = { kind: 'backoff' } as const;

type Compiled = Extract<SchedulerEvent, { type: 'compiled' }>;

/** A compile ended. One that nobody waits for (cancelled, moved to another host, repeated) changes nothing. */
export const onCompiled = (core: CoreState, { id, hostId, result }: Compiled): void => {
  const entry = core.tasks.get(id);
  if (entry?.place.kind !== 'compiling' || entry.place.pool.host.id !== hostId) return;
  const { pool, sinceMs } = entry.place;
  switch (result.status) {
    case 'compiled':
      pool.compiled += 1;
      noteCompile(core, pool, false);
      pool.compileMs = smooth(pool.compileMs, core.nowMs - sinceMs, pool.compiled);
      return makeReady(core, entry, { pool, artifact: result.artifact });
    case 'failed':
      noteCompile(core, pool, true);
      moveTo(core, entry, ANSWERED);
      // Its screening was of the same source, and that did compile.
      return entry.confirm ? finishUnconfirmed(core, entry) : finish(core, entry, result.outcome);
    case 'infra':
      moveTo(core, entry, ANSWERED);
      return failOnHost(core, entry, { hostId, reason: `${result.failure.code}: ${result.failure.message}` });
  }
};
