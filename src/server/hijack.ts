/** For an answer that is written as it happens: its headers so far and these are set, and nothing else writes to it. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

export const hijack = (reply: FastifyReply, more: Readonly<Record<string, string>>): ServerResponse => {
  reply.hijack();
  const headers = { ...reply.getHeaders(), ...more };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) reply.raw.setHeader(name, value);
  return reply.raw;
};
