/** The endpoints of campaigns and generators, once: the server's routes and the client's methods both read these contracts. */
import { z } from 'zod';
import {
  CampaignList,
  CampaignParams,
  CampaignView,
  CreateCampaign,
  GenerationList,
  GenerationsQuery,
  GeneratorList,
  ReportQuery,
} from './campaigns.ts';
import { FAILURES } from './errors.ts';

/** A change of a campaign's state: no body, the campaign as it is then. */
const change = <const Url extends string, const Id extends string>(url: Url, operationId: Id, summary: string) =>
  ({
    method: 'POST',
    url,
    schema: { operationId, tags: ['campaigns'], summary, params: CampaignParams, response: { 200: CampaignView, ...FAILURES } },
  }) as const;

export const campaignsContract = {
  create: {
    method: 'POST',
    url: '/v1/campaigns',
    schema: {
      operationId: 'createCampaign',
      tags: ['campaigns'],
      summary: 'Start agents that write candidates for some problems, within a budget',
      body: CreateCampaign,
      response: { 200: CampaignView, ...FAILURES },
    },
  },
  list: {
    method: 'GET',
    url: '/v1/campaigns',
    schema: {
      operationId: 'listCampaigns',
      tags: ['campaigns'],
      summary: 'All campaigns, newest first',
      response: { 200: CampaignList, ...FAILURES },
    },
  },
  get: {
    method: 'GET',
    url: '/v1/campaigns/:id',
    schema: {
      operationId: 'getCampaign',
      tags: ['campaigns'],
      summary: 'What a campaign does, what it has spent, its best candidates with their lineage',
      params: CampaignParams,
      response: { 200: CampaignView, ...FAILURES },
    },
  },
  pause: change('/v1/campaigns/:id/pause', 'pauseCampaign', 'Ask for nothing more until it is resumed; idempotent'),
  resume: change('/v1/campaigns/:id/resume', 'resumeCampaign', 'Go on after a pause; idempotent'),
  stop: change('/v1/campaigns/:id/stop', 'stopCampaign', 'End it for good; what is submitted is still judged; idempotent'),
  generations: {
    method: 'GET',
    url: '/v1/campaigns/:id/generations',
    schema: {
      operationId: 'listGenerations',
      tags: ['campaigns'],
      summary: 'What the agents asked for and what became of it, by number, in pages',
      params: CampaignParams,
      querystring: GenerationsQuery,
      response: { 200: GenerationList, ...FAILURES },
    },
  },
  report: {
    method: 'GET',
    url: '/v1/campaigns/:id/report',
    schema: {
      operationId: 'getCampaignReport',
      tags: ['campaigns'],
      summary: 'Report as Markdown, or its plot of speed-up over time as SVG',
      params: CampaignParams,
      querystring: ReportQuery,
      response: {
        200: { content: { 'text/markdown': { schema: z.string() }, 'image/svg+xml': { schema: z.string() } } },
        ...FAILURES,
      },
    },
  },
} as const;

export const generatorsContract = {
  list: {
    method: 'GET',
    url: '/v1/generators',
    schema: {
      operationId: 'listGenerators',
      tags: ['campaigns'],
      summary: 'What campaigns can use here to write candidates, and what is missing for the rest',
      response: { 200: GeneratorList, ...FAILURES },
    },
  },
} as const;
