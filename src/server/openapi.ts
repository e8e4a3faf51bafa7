/** The OpenAPI document is made from the contracts; shared schemas become references. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CampaignView } from '../domain/api/campaigns.ts';
import { SubmitCandidate } from '../domain/api/candidates.ts';
import { ErrorBody } from '../domain/api/errors.ts';
import { DeviceView, HostView } from '../domain/api/fleet.ts';
import { Generation } from '../domain/campaign/campaign.ts';
import { Outcome } from '../domain/outcome.ts';
import { Problem } from '../domain/problem.ts';
import { Constant, ProgramSide } from '../domain/program-call.ts';
import { FinishedAttempt } from '../domain/attempt.ts';
import { Candidate } from '../domain/candidate.ts';
import { JournalEvent } from '../domain/journal.ts';
import { RankingEntry, Score } from '../domain/ranking/ranking.ts';

const NAMED = {
  SubmitCandidate,
  ErrorBody,
  Candidate,
  FinishedAttempt,
  Outcome,
  Score,
  RankingEntry,
  JournalEvent,
  Problem,
  Constant,
  ProgramSide,
  HostView,
  DeviceView,
  CampaignView,
  Generation,
};

const DESCRIPTION =
  'Judges GPU kernels at scale. Errors: see docs/errors.md. Where the daemon has a token, programs send it as a bearer token and ' +
  'browsers [sign in](/sign-in), and out again there. Each operation needs a role: docs/access.md.';

/** All that the page needs comes from here. It is served over http too, so nothing is upgraded to https. */
const DOCS_POLICY =
  "default-src 'self'; base-uri 'self'; font-src 'self' data:; img-src 'self' data:; object-src 'none'; script-src 'self'; " +
  "script-src-attr 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

/** Register before the routes: they are collected as they are added. */
export const installOpenApi = async (app: FastifyInstance): Promise<void> => {
  const schemaRegistry = z.registry<{ id?: string }>();
  for (const [id, schema] of Object.entries(NAMED)) schemaRegistry.add(schema, { id });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kiln', version: '1', description: DESCRIPTION },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Where the daemon has a token' } },
      },
      security: [{ bearer: [] }, {}],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_POLICY, theme: { title: 'Kiln API' } });
};
