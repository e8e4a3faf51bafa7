/** A connection that one call has for itself, for many bytes: its reads go into the same memory. HTTP is parsed at once, and what is handed on of an answer is a copy. */
import type { Agent as HttpAgent } from 'node:http';
import type { TcpNetConnectOpts } from 'node:net';
import { connectInPlace } from '../platform/reads-in-place.ts';

// As in http.ts.
const { Agent } = process.getBuiltinModule('node:http');

const nothingKept = (): true => true;

export const ownConnection = (): HttpAgent =>
  Object.assign(new Agent(), { createConnection: (to: TcpNetConnectOpts) => connectInPlace(to, nothingKept) });
