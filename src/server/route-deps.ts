import type { FastifyRequest } from 'fastify';
import type { AuditLog } from './callers/audit-log.ts';
import type { Worked } from './callers/own-work.ts';
import type { EventFeed } from './event-feed.ts';
import type { StreamLimits } from './event-stream.ts';
import type { Campaigns } from '../domain/ports/campaigns.ts';
import type { HostWork } from '../domain/ports/host-work.ts';
import type { Kiln } from '../domain/ports/kiln.ts';
import type { Sweeps } from '../domain/ports/sweeps.ts';
import type { ServerConfig } from './server-config.ts';

/** What every route plugin gets. */
export interface RouteDeps {
  readonly kiln: Kiln;
  readonly campaigns: Campaigns;
  readonly work: HostWork;
  readonly sweeps: Sweeps;
  /** What a candidate must look like, Markdown. */
  readonly contract: string;
  readonly feed: EventFeed;
  readonly limits: ServerConfig['limits'];
  readonly streams: StreamLimits;
  /** Aborts when the server starts to close: streams and long polls end. */
  readonly closing: AbortSignal;
  readonly httpMetrics: () => Promise<string>;
  /** Kiln, sweeps and campaigns as whoever makes the request may use them. */
  readonly own: (request: FastifyRequest) => Worked;
  /** For what is done by other ways than the routes of the contract. */
  readonly audit: Pick<AuditLog, 'during'>;
}
