/** Secrets that people and programs come with: random text that is told once, kept as its digest, and compared without telling how much was right. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

/** 43 characters that may stand in an address. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/** SHA-256, hex. A secret is as random as the digest is long: it needs no salt and no slow hash. */
export const hashOf = (secret: string): string => digestOf(secret).toString('hex');

/** Digests have one length, so neither the content nor the length shows in the time this takes. */
export const isSame = (one: string | Uint8Array, other: string | Uint8Array): boolean =>
  timingSafeEqual(digestOf(one), digestOf(other));

const digestOf = (content: string | Uint8Array): Buffer => createHash('sha256').update(content).digest();
