import { hash } from 'node:crypto';
import { z } from 'zod';

/** Content hash of everything that can change a verdict: the same content always has the same id. */
export const CandidateId = z
  .string()
  .regex(/^c-[0-9a-f]{32}$/, 'a candidate id is "c-" and 32 hex digits, or the first 4 or more of them')
  .brand<'CandidateId'>();
export type CandidateId = z.infer<typeof CandidateId>;

/** `<candidate id>.<n>`: the n-th time (from 1) a candidate was handed to a judge. Every write-back is guarded by it. */
export const AttemptId = z
  .string()
  .regex(/^c-[0-9a-f]{32}\.[1-9]\d*$/, 'an attempt id is a candidate id, "." and a number from 1')
  .brand<'AttemptId'>();
export type AttemptId = z.infer<typeof AttemptId>;

export const SweepId = z
  .string()
  .regex(/^s-[0-9a-f]{16}$/, 'a sweep id is "s-" and 16 hex digits, or the first 4 or more of them')
  .brand<'SweepId'>();
export type SweepId = z.infer<typeof SweepId>;

export const CampaignId = z
  .string()
  .regex(/^k-[0-9a-f]{16}$/, 'a campaign id is "k-" and 16 hex digits, or the first 4 or more of them')
  .brand<'CampaignId'>();
export type CampaignId = z.infer<typeof CampaignId>;

/** `<campaign id>.<n>`: the n-th time (from 1) a campaign asked a generator for a candidate. */
export const GenerationId = z
  .string()
  .regex(/^k-[0-9a-f]{16}\.[1-9]\d*$/, 'a generation id is a campaign id, "." and a number from 1')
  .brand<'GenerationId'>();
export type GenerationId = z.infer<typeof GenerationId>;

/** Name of a host as written in `fleet.yaml`. */
export const HostId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'a host name is letters, digits, ".", "_", "-", at most 63')
  .brand<'HostId'>();
export type HostId = z.infer<typeof HostId>;

/** A GPU's UUID as the driver tells it ("GPU-…"), or `cpu-<host's machine id>-<n>` for the development device. */
export const DeviceId = z.string().min(1).max(80).brand<'DeviceId'>();
export type DeviceId = z.infer<typeof DeviceId>;

/** sha256 of an artifact's bytes or of a problem's resolved definition, 64 hex digits. */
export const ContentHash = z.string().regex(/^[0-9a-f]{64}$/, 'a content hash is 64 hex digits');
export type ContentHash = z.infer<typeof ContentHash>;

export const attemptIdOf = (candidateId: CandidateId, attempt: number): AttemptId => AttemptId.parse(`${candidateId}.${attempt}`);

export const generationIdOf = (campaignId: CampaignId, number: number): GenerationId =>
  GenerationId.parse(`${campaignId}.${number}`);

export const candidateIdOf = (attemptId: AttemptId): CandidateId =>
  CandidateId.parse(attemptId.slice(0, attemptId.lastIndexOf('.')));

/** Hash of a JSON value with sorted keys, so that key order never makes two ids of one content. */
export const hashOf = (value: unknown): ContentHash => hash('sha256', canonicalJson(value));

export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

/** Of a JSON value: nothing in it has a `toJSON`. */
const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
};

/** Of its candidate's attempts: 1, 2, … */
export const attemptNumber = (attemptId: AttemptId): number => Number(attemptId.slice(attemptId.lastIndexOf('.') + 1));
