/** Defaults of a fleet file, laid under its hosts. What is no host or no defaults is left for the checks that follow. */
type Fields = Readonly<Record<string, unknown>>;

/** Of these a host takes all or none: one way to log in, one proof of the host. */
const TOGETHER = [
  ['key', 'agent'],
  ['hostKey', 'knownHosts'],
] as const;

export const withDefaults = (raw: unknown): unknown => {
  if (!isFields(raw) || !isFields(raw['defaults']) || !Array.isArray(raw['hosts'])) return raw;
  const { ssh, ...others } = raw['defaults'];
  const hosts = raw['hosts'].map((host: unknown) => (isFields(host) ? { ...others, ...host, ...sshOf(host['ssh'], ssh) } : host));
  return { ...raw, hosts };
};

const sshOf = (own: unknown, defaults: unknown): Fields => {
  if (!isFields(own) || !isFields(defaults)) return own === undefined ? {} : { ssh: own };
  const given = TOGETHER.flatMap((group) => (group.some((name) => Object.hasOwn(own, name)) ? group : []));
  const taken = Object.entries(defaults).filter(([name]) => !given.some((one) => one === name));
  return { ssh: { ...Object.fromEntries(taken), ...own } };
};

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
