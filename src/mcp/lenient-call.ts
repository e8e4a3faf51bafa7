/** Calls of tools whose `arguments` are null, or JSON text, where the protocol wants an object: made one before the protocol's own checks. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { objectOf } from './lenient-input.ts';

const Call = z.looseObject({
  method: z.literal('tools/call'),
  params: z.looseObject({ arguments: z.union([z.null(), z.string()]) }),
});

/** Anything else as it is. */
export const plainCall = (message: unknown): unknown => {
  const call = Call.safeParse(message);
  if (!call.success) return message;
  const { params } = call.data;
  const given = params.arguments === null || params.arguments === '' ? {} : objectOf(params.arguments);
  return given === null ? message : { ...call.data, params: { ...params, arguments: given } };
};

/** For standard input, which holds one message a line. */
export const plainCalls = (input: Readable): Readable =>
  Readable.from(
    (async function* lines() {
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield `${plainLine(line)}\n`;
    })(),
    { objectMode: false },
  );

const plainLine = (line: string): string => {
  if (!line.includes('tools/call')) return line;
  try {
    return JSON.stringify(plainCall(JSON.parse(line)));
  } catch (error) {
    if (error instanceof SyntaxError) return line;
    throw error;
  }
};
