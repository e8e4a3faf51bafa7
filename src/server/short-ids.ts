/** Ids in paths and filters may be shortened to a beginning that no other id has. */
import type { FastifyInstance } from 'fastify';
import { KilnError } from '../domain/errors.ts';
import { SELECTED_IDS_MAX } from '../domain/api/steering.ts';
import type { Kiln } from '../domain/ports/kiln.ts';

const SHORT = /^(?:c-[0-9a-f]{4,31}|[sk]-[0-9a-f]{4,15})$/;
const KINDS: Readonly<Record<string, string>> = { c: 'candidate', s: 'sweep', k: 'campaign' };
/** Told of those that fit. */
const SHOWN_MAX = 8;

/** Register before the routes. What is no beginning of an id is left to their own checks. */
export const installShortIds = (app: FastifyInstance, kiln: Pick<Kiln, 'idsWithPrefix'>): void => {
  app.addHook('preValidation', async ({ params, query, body }) => {
    await lengthen(params, 'id', kiln);
    await lengthen(query, 'sweep', kiln);
    await lengthenSelection(body, kiln);
  });
};

/** Of a body that selects candidates (domain/api/steering.ts). */
const lengthenSelection = async (body: unknown, kiln: Pick<Kiln, 'idsWithPrefix'>): Promise<void> => {
  if (!isFields(body) || !isFields(body['select'])) return;
  const { select } = body;
  for (const name of ['sweep', 'campaign']) await lengthen(select, name, kiln);
  const { ids } = select;
  if (!Array.isArray(ids) || ids.length > SELECTED_IDS_MAX) return;
  select['ids'] = await Promise.all(
    ids.map(async (id: unknown) => (typeof id === 'string' && SHORT.test(id) ? onlyOne(id, kiln) : id)),
  );
};

const lengthen = async (fields: unknown, name: string, kiln: Pick<Kiln, 'idsWithPrefix'>): Promise<void> => {
  if (!isFields(fields)) return;
  const given = fields[name];
  if (typeof given === 'string') fields[name] = await wholeId(given, kiln);
};

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A whole id is left as it is. Throws NOT_FOUND and AMBIGUOUS_ID. */
export const wholeId = async (given: string, kiln: Pick<Kiln, 'idsWithPrefix'>): Promise<string> =>
  SHORT.test(given) ? onlyOne(given, kiln) : given;

const onlyOne = async (prefix: string, kiln: Pick<Kiln, 'idsWithPrefix'>): Promise<string> => {
  const ids = await kiln.idsWithPrefix(prefix, SHOWN_MAX + 1);
  const [first, second] = ids;
  if (first === undefined) throw new KilnError('NOT_FOUND', `no ${KINDS[prefix.slice(0, 1)]}'s id begins with ${prefix}`);
  if (second === undefined) return first;
  const shown = ids.slice(0, SHOWN_MAX);
  const more = ids.length > shown.length ? ', and more' : '';
  throw new KilnError('AMBIGUOUS_ID', `${prefix} is the beginning of several ids: ${shown.join(', ')}${more}. Give more of it`, {
    details: { ids: shown },
  });
};
