/** Requests that nobody means well with, made from the OpenAPI document: each field of each operation gets values that some layer below may choke on. */
import { z } from 'zod';

export interface HostileRequest {
  readonly operation: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string | null;
}

/** Percent-encoded. */
const TEXTS = [
  '%00',
  'a%00b',
  '%ff',
  '%ed%a0%80',
  '%F0%9F%98%80',
  '2147483648',
  '9007199254740991',
  '-2147483649',
  '1e308',
  '1.5',
  'NaN',
  '__proto__',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '9'.repeat(19),
  'x'.repeat(5000),
];
const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
/** JSON. */
const VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '"a\\u0000b"',
  '"\\ud800"',
  '1e400',
  '-1',
  '1.5',
  '4294967296',
  '9007199254740993',
  '["a","b"]',
  '["\\u0000"]',
  '{"a\\u0000":1}',
  '{"constructor":[1]}',
  '"1..9007199254740991 step 1"',
  nested(5000),
  '['.repeat(20_000) + ']'.repeat(20_000),
];
const LEVELS_MAX = 3;

interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number | undefined;
  readonly format?: string | undefined;
  readonly pattern?: string | undefined;
}
const SchemaShape: z.ZodType<Schema> = z.looseObject({});
const Parameter = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().default(false),
  schema: SchemaShape,
});
const Operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(Parameter).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: SchemaShape })) }).optional(),
});
type Operation = z.output<typeof Operation>;
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), SchemaShape).default({}) }),
});

/** `known`: values of path parameters that lead to something which is there, by a beginning of the path and the parameter's name. */
export const hostileRequests = (
  document: unknown,
  known: (path: string, parameter: string) => string | undefined,
): readonly HostileRequest[] => {
  const { paths, components } = Document.parse(document);
  const whole = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : (components.schemas[name] ?? {});
  };
  const kindsOf = (schema: Schema): readonly Schema[] => {
    const { anyOf, oneOf } = whole(schema);
    return (anyOf ?? oneOf ?? [schema]).map(whole);
  };
  const sample = (given: Schema): unknown => {
    const schema = kindsOf(given)[0] ?? {};
    if (schema.default !== undefined) return schema.default;
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return schema.enum[0];
    switch (String(typeof schema.type === 'string' ? schema.type : schema.type?.[0])) {
      case 'object':
        return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]));
      case 'array':
        return [sample(schema.items ?? {})];
      case 'integer':
      case 'number':
        return Math.max(1, schema.minimum ?? 1);
      case 'boolean':
        return false;
      default:
        return schema.format === 'date-time' ? '2024-01-01T00:00:00Z' : 'vector_add';
    }
  };
  /** JSON with one value of it replaced. */
  const spoilt = function* (schema: Schema, put: (json: string) => string, levels: number): Generator<string> {
    for (const value of VALUES) yield put(value);
    if (levels === 0) return;
    for (const kind of kindsOf(schema)) {
      const around = sample(kind);
      for (const [name, field] of Object.entries(kind.properties ?? {})) {
        const beside = typeof around === 'object' && around !== null ? Object.entries(around) : [];
        const rest = beside
          .filter(([other]) => other !== name)
          .map(([other, one]) => `${JSON.stringify(other)}:${JSON.stringify(one)}`);
        yield* spoilt(field, (json) => put(`{${[...rest, `${JSON.stringify(name)}:${json}`].join(',')}}`), levels - 1);
      }
      if (kind.items !== undefined) yield* spoilt(kind.items, (json) => put(`[${json}]`), levels - 1);
      if (typeof kind.additionalProperties === 'object')
        yield* spoilt(kind.additionalProperties, (json) => put(`{"A":${json}}`), levels - 1);
    }
  };
  const requestsOf = function* (path: string, method: string, operation: Operation): Generator<HostileRequest> {
    const { operationId, parameters, requestBody } = operation;
    const valueOf = ({ name, schema }: z.output<typeof Parameter>): string =>
      known(path, name) ?? encodeURIComponent(String(sample(schema)));
    const pathWith = (name: string, value: string): string =>
      parameters
        .filter((one) => one.in === 'path')
        .reduce((text, one) => text.replace(`{${one.name}}`, one.name === name ? value : valueOf(one)), path);
    const query = parameters.filter((one) => one.in === 'query');
    const queryWith = (name: string, text: string): string =>
      [...query.filter((one) => one.required && one.name !== name).map((one) => `${one.name}=${valueOf(one)}`), text].join('&');
    const bodySchema = requestBody?.content['application/json']?.schema ?? null;
    const body = bodySchema === null ? null : JSON.stringify(sample(bodySchema));
    const asked = { operation: operationId, method: method.toUpperCase(), body };
    const good = pathWith('', '');
    for (const { name } of parameters.filter((one) => one.in === 'path'))
      for (const text of TEXTS) yield { ...asked, path: `${pathWith(name, text)}?${queryWith('', '')}` };
    for (const { name } of query)
      for (const text of [
        ...TEXTS.map((value) => `${name}=${value}`),
        `${name}=`,
        `${name}=1&${name}=2`,
        `${name}[]=1`,
        `${name}[a][b]=1`,
      ])
        yield { ...asked, path: `${good}?${queryWith(name, text)}` };
    yield { ...asked, path: `${good}?${queryWith('', 'a%00b=%00')}` };
    if (bodySchema === null) return;
    for (const json of spoilt(bodySchema, (text) => text, LEVELS_MAX))
      yield { ...asked, path: `${good}?${queryWith('', '')}`, body: json };
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => [...requestsOf(path, method, operation)]),
  );
};

/** Arguments of tools. */
export const HOSTILE_ARGUMENTS: readonly unknown[] = [
  null,
  '',
  '\0',
  'a\0b',
  '\ud800',
  '__proto__',
  'c-ffff',
  's-\0',
  `s-${'0'.repeat(16)}`,
  -1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53 - 1,
  true,
  [],
  ['\0'],
  {},
  { A: '\0' },
  { 'a\0': 1 },
  { A: ['\0'] },
  { constructor: [1] },
  { INDEX: '1..9007199254740991 step 1' },
  '{',
  '[',
  JSON.parse('['.repeat(500) + ']'.repeat(500)),
  'x'.repeat(100_000),
];
