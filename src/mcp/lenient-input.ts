/**
 * Arguments as clients send them that a model filled in: objects as JSON text, numbers and booleans as text, and null or "" for what is
 * absent. What the schema says of a field decides, so that a source that looks like a number stays text. The schema that clients see is unchanged.
 */
import { z } from 'zod';

type Fields = Readonly<Record<string, unknown>>;

/** What a tool's JSON schema says of its fields. */
const FieldsSchema = z.object({
  properties: z.record(z.string(), z.object({ type: z.string().optional() })).default({}),
  required: z.array(z.string()).default([]),
});
type FieldsSchema = z.infer<typeof FieldsSchema>;

/** What tools are registered with: the library asks of a schema nothing but this property. */
export interface LenientSchema<Schema extends z.ZodType> {
  readonly '~standard': Schema['~standard'];
}

/** The same schema, whose validation begins with reading leniently. */
export const lenient = <Schema extends z.ZodType>(schema: Schema): LenientSchema<Schema> => {
  const fields = FieldsSchema.parse(z.toJSONSchema(schema, { io: 'input' }));
  const standard = schema['~standard'];
  return { '~standard': { ...standard, validate: (value: unknown) => standard.validate(plainInput(value, fields)) } };
};

const plainInput = (given: unknown, schema: FieldsSchema): unknown => {
  const value = objectOf(given);
  if (value === null) return given;
  const fields = Object.entries(value).filter(([name, field]) => !isAbsent(field, schema, name));
  return Object.fromEntries(fields.map(([name, field]) => [name, plainField(field, schema.properties[name]?.type ?? 'any')]));
};

const isAbsent = (field: unknown, { required }: FieldsSchema, name: string): boolean =>
  field === null || field === undefined || (field === '' && !required.includes(name));

const plainField = (field: unknown, type: string): unknown => {
  switch (type) {
    case 'object':
      return plainParams(field);
    case 'integer':
    case 'number':
      return numberOf(field);
    case 'boolean':
      return field === 'true' || field === 'false' ? field === 'true' : field;
    default:
      return field;
  }
};

/** Values of params are numbers or C identifiers: digits are never text. */
const plainParams = (field: unknown): unknown => {
  const value = objectOf(field);
  if (value === null) return field;
  const params = Object.entries(value).filter(([, param]) => param !== null);
  return Object.fromEntries(params.map(([name, param]) => [name, numberOf(param)]));
};

const numberOf = (field: unknown): unknown =>
  typeof field === 'string' && /^\s*-?\d{1,15}(?:\.0+)?\s*$/.test(field) ? Number(field) : field;

/** An object, also as JSON text; null for anything else. */
export const objectOf = (value: unknown): Fields | null => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  if (typeof value !== 'string' || !value.trimStart().startsWith('{')) return null;
  try {
    return objectOf(JSON.parse(value));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};
