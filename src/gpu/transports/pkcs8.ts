/** Private keys in PKCS#8 (`BEGIN PRIVATE KEY`, what openssl and cloud consoles give), in a form that ssh2 reads. */
import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';

const MAGIC = Buffer.from('openssh-key-v1\0');
const BLOCK = 8;
const LINE_CHARS = 70;

/** RSA, EC and Ed25519; null for anything else. */
export const toSshKey = (pem: Buffer): Buffer | null => {
  const key = parsed(pem);
  if (key?.asymmetricKeyType === 'rsa') return Buffer.from(key.export({ type: 'pkcs1', format: 'pem' }));
  if (key?.asymmetricKeyType === 'ec') return Buffer.from(key.export({ type: 'sec1', format: 'pem' }));
  return key?.asymmetricKeyType === 'ed25519' ? opensshOf(key) : null;
};

/** The parser's error may quote the file. */
const parsed = (pem: Buffer): KeyObject | null => {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
};

/** OpenSSH's own format, without a passphrase (PROTOCOL.key of its source): the only one for Ed25519. */
const opensshOf = (key: KeyObject): Buffer => {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const [publicKey, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const type = Buffer.from('ssh-ed25519');
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(type),
    field(publicKey),
    field(Buffer.concat([seed, publicKey])),
    field(Buffer.alloc(0)),
  ]);
  const padding = Buffer.from(Array.from({ length: (BLOCK - (secret.length % BLOCK)) % BLOCK }, (_, index) => index + 1));
  const none = field(Buffer.from('none'));
  const count = Buffer.from([0, 0, 0, 1]);
  const publicPart = field(Buffer.concat([field(type), field(publicKey)]));
  const body = Buffer.concat([
    MAGIC,
    none,
    none,
    field(Buffer.alloc(0)),
    count,
    publicPart,
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? [];
  return Buffer.from(['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'));
};

const field = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
