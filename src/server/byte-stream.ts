/** Answers of many bytes: each piece is handed on as it is, and given back once it has left. */
import type { FastifyReply } from 'fastify';
import { giveBackRead } from '../platform/gathered-pieces.ts';
import { roomIn } from '../platform/room-in.ts';
import { hijack } from './hijack.ts';

export const sendBytes = async (reply: FastifyReply, type: string, answer: AsyncIterable<Uint8Array>): Promise<void> => {
  const raw = hijack(reply, { 'content-type': type });
  try {
    for await (const bytes of answer) {
      if (raw.destroyed) return;
      if (!raw.write(bytes, () => giveBackRead(bytes))) await roomIn(raw);
    }
    raw.end();
  } catch (error) {
    // Too late for an error answer: the reader sees that it broke off.
    reply.log.warn({ err: error }, 'an answer broke off');
    raw.destroy();
  }
};
