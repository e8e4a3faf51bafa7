/** Writes operations into the audit list: before they are carried out, so that none can be done and not be there; refusals too. */
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import type { NewAuditEntry } from '../../domain/access/audit.ts';
import type { Principal } from '../../domain/access/principal.ts';
import { FilesQuery } from '../../domain/hosts/work.ts';
import type { AuditedOperation } from '../../domain/api/roles.ts';
import { KilnError } from '../../domain/errors.ts';
import type { AuditStore } from '../../domain/ports/access.ts';
import { plainLine } from '../../platform/printable-text.ts';
import { saysOf } from '../admin.ts';
import { accessOf, principalOf } from './principals.ts';
import { createTransferEntries } from './transfer-entries.ts';

const TEXT_CHARS_MAX = 200;
const ITEMS_MAX = 20;
const DEPTH_MAX = 4;
const TARGET_CHARS_MAX = 300;
const OK = 200;
const FAILED = 500;
const FAILS_FROM = 400;
/** Never kept: what they hold may open something. */
const SECRET = /^(?:env|environment|password|secret|token|key|data|source)$/iu;

interface Deps {
  readonly store: AuditStore;
  readonly now: () => number;
  readonly log: FastifyBaseLogger;
}

export interface AuditLog {
  /** Of one whose role does not allow it. */
  refused(request: FastifyRequest, principal: Principal, status: number): Promise<void>;
  /** Carries out what no route of its own leads to, as what a tool does, and writes it down as routes are. */
  during<T>(request: FastifyRequest, operation: Operation, work: () => Promise<T>): Promise<T>;
}

export interface Operation {
  readonly action: AuditedOperation;
  /** Its id or name. */
  readonly target?: string;
  /** What was asked for. */
  readonly asked?: object;
}

export const installAudit = (app: FastifyInstance, { store, now, log }: Deps): AuditLog => {
  const written = new WeakMap<FastifyRequest, Written>();
  const transfers = createTransferEntries(now);
  const entryOf = (request: FastifyRequest, { principal, status, operation = operationOf(request) }: Told): NewAuditEntry => ({
    at: new Date(now()).toISOString(),
    who: principal.name,
    role: principal.role,
    tokenId: principal.tokenId,
    says: saysOf(request),
    address: request.socket.remoteAddress ?? '',
    action: operation.action,
    target: plainLine(operation.target ?? '', TARGET_CHARS_MAX),
    detail: shortenedFields(operation.asked ?? {}, 0),
    status,
  });
  /** The operation itself is there; without its status it says that nobody knows how it ended. */
  const ended = async (sequence: number, status: number): Promise<void> =>
    store
      .endAudit(sequence, status)
      .catch((error: unknown) =>
        log.warn({ err: error, sequence }, 'how an operation ended could not be written to the audit list'),
      );
  app.addHook('preHandler', async (request) => {
    if (!accessOf(request).audited) return;
    const write = async (): Promise<number> =>
      store.addAudit(entryOf(request, { principal: principalOf(request), status: null }));
    const key = transferKey(request);
    written.set(request, key === null ? { sequence: await write(), isFirst: true } : await transfers.of(key, write));
  });
  app.addHook('onResponse', async (request, { statusCode }) => {
    const entry = written.get(request);
    // How a transfer ended is how its first request did, unless a later one failed.
    if (entry && (entry.isFirst || statusCode >= FAILS_FROM)) await ended(entry.sequence, statusCode);
  });
  return {
    refused: async (request, principal, status) => {
      if (accessOf(request).audited) await store.addAudit(entryOf(request, { principal, status }));
    },
    during: async (request, operation, work) => {
      const sequence = await store.addAudit(entryOf(request, { principal: principalOf(request), status: null, operation }));
      try {
        const answer = await work();
        await ended(sequence, OK);
        return answer;
      } catch (error) {
        await ended(sequence, error instanceof KilnError ? error.status : FAILED);
        throw error;
      }
    },
  };
};

interface Written {
  readonly sequence: number;
  /** Of those that share the entry. */
  readonly isFirst: boolean;
}

/** What the requests of one transfer have in common; null where a request is an operation of its own, as on all routes that know no transfers. */
const transferKey = (request: FastifyRequest): string | null => {
  const isOfFiles = request.routeOptions.schema?.querystring === FilesQuery;
  if (!isOfFiles || FilesQuery.parse(request.query).transfer === undefined) return null;
  const { name, tokenId } = principalOf(request);
  return JSON.stringify([name, tokenId, operationOf(request)]);
};

interface Told {
  readonly principal: Principal;
  readonly status: number | null;
  /** Left out: the route's. */
  readonly operation?: Omit<Operation, 'action'> & { readonly action: string };
}

/** Of a route. */
const operationOf = (request: FastifyRequest): NonNullable<Told['operation']> => ({
  action: accessOf(request).action,
  target: Object.values(fieldsOf(request.params)).join('/'),
  asked: { ...fieldsOf(request.query), ...fieldsOf(request.body) },
});

/** What streams has no fields. */
const fieldsOf = (value: unknown): object =>
  typeof value === 'object' && value !== null && !(Symbol.asyncIterator in value) ? value : {};

const shortened = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return plainLine(value, TEXT_CHARS_MAX);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEPTH_MAX) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_MAX).map((one) => shortened(one, depth + 1));
    return value.length > ITEMS_MAX ? [...shown, `and ${value.length - ITEMS_MAX} more`] : shown;
  }
  return shortenedFields(value, depth);
};

const shortenedFields = (fields: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields)
      .slice(0, ITEMS_MAX)
      .map(([name, one]) => [name, SECRET.test(name) ? '(left out)' : shortened(one, depth + 1)]),
  );
