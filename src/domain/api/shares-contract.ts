/** Endpoints of share links, once: the server's routes, the client and the dashboard all read these records. */
import { z } from 'zod';
import { Share, ShareId } from '../share.ts';
import { FAILURES } from './errors.ts';
import { CreateShare, ShareCreated, ShareList } from './shares.ts';

const ShareParams = z.strictObject({ share: ShareId });

export const sharesContract = {
  create: {
    method: 'POST',
    url: '/v1/shares',
    schema: {
      operationId: 'createShare',
      tags: ['shares'],
      summary: 'A link that opens one page (a problem, candidate, sweep or campaign) without a token, to read, until it expires',
      body: CreateShare,
      response: { 200: ShareCreated, ...FAILURES },
    },
  },
  list: {
    method: 'GET',
    url: '/v1/shares',
    schema: {
      operationId: 'listShares',
      tags: ['shares'],
      summary: 'Share links, newest first, without their secrets',
      response: { 200: ShareList, ...FAILURES },
    },
  },
  revoke: {
    method: 'DELETE',
    url: '/v1/shares/:share',
    schema: {
      operationId: 'revokeShare',
      tags: ['shares'],
      summary: 'Ends a share link at once',
      params: ShareParams,
      response: { 200: Share, ...FAILURES },
    },
  },
  own: {
    method: 'GET',
    url: '/v1/share',
    schema: {
      operationId: 'getOwnShare',
      tags: ['shares'],
      summary: 'The link by which this request came (/shared/…/v1/share)',
      response: { 200: Share, ...FAILURES },
    },
  },
} as const;
