/** The OpenAPI document is made from the contracts; shared schemas become references. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CampaignView } from '../domain/api/campaigns.ts';
import { SubmitCandidate } from '../domain/api/candidates.ts';
import { ErrorBody } from '../domain/api/errors.ts';
import { DeviceView, HostView } from '../domain/api/inspection.ts';
import { Generation } from '../domain/campaign.ts';
import { Outcome } from '../domain/outcome.ts';
import { Problem } from '../domain/problem.ts';
import { AttemptRecord, CandidateRecord, JournalEvent, RankingEntry, Score } from '../domain/records.ts';

const NAMED = {
  SubmitCandidate,
  ErrorBody,
  CandidateRecord,
  AttemptRecord,
  Outcome,
  Score,
  RankingEntry,
  JournalEvent,
  Problem,
  HostView,
  DeviceView,
  CampaignView,
  Generation,
};

/** Register before the routes: they are collected as they are added. */
export const installOpenApi = async (app: FastifyInstance): Promise<void> => {
  const schemaRegistry = z.registry<{ id?: string }>();
  for (const [id, schema] of Object.entries(NAMED)) schemaRegistry.add(schema, { id });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kiln', version: '1', description: 'Judges GPU kernels at scale. Errors: see docs/errors.md.' },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Where the daemon has a token' } },
      },
      security: [{ bearer: [] }, {}],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
};
