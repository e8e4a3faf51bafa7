/** Puts together what a generator is told. Parts that all agents share are the same objects, so that a thousand of them at once cost little. */
import type { DeviceClass } from '../../domain/device.ts';
import type {
  DeviceSheet,
  Exhibit,
  GenerationContext,
  MemoryRow,
  PastAttempt,
} from '../../domain/campaign/generation-context.ts';
import type { CandidateId } from '../../domain/ids.ts';
import type { Language } from '../../domain/plan/plan.ts';
import type { Judging } from '../../domain/ports/kiln.ts';
import type { LibraryTime } from '../../domain/library.ts';
import { libraryOn } from '../../domain/text/library-text.ts';
import type { Choice } from '../search/entry.ts';
import { deviceSheetOf } from './device-sheet.ts';
import { createExhibits } from './exhibits.ts';
import { headroomOf } from './headroom.ts';
import { createFreshCache } from './fresh-cache.ts';
import { playbookOf } from './playbook.ts';
import { type SharedParts, sharedPartsOf } from './shared-parts.ts';

export interface ContextRequest {
  readonly problem: string;
  readonly device: DeviceClass;
  readonly languages: readonly Language[];
  readonly choice: Choice;
  readonly attempts: readonly PastAttempt[];
  /** Of the agent's conversation, oldest first. */
  readonly turns: readonly CandidateId[];
  readonly memory: readonly MemoryRow[];
  readonly earlier?: Readonly<GenerationContext['earlier']>;
  readonly tried?: Readonly<GenerationContext['tried']>;
  readonly elsewhere: Readonly<GenerationContext['elsewhere']>;
  /** Ideas that were proposed for the parents before, and the one that is to be carried out. */
  readonly proposed?: readonly string[];
  readonly proposal?: GenerationContext['proposal'];
  /** What its writer said about a candidate; empty where nobody knows. */
  readonly ideaOf?: (id: CandidateId) => string;
}

export interface ContextBuilder {
  /** Throws NOT_FOUND for a problem or a parent that is not there. */
  build(request: ContextRequest): Promise<GenerationContext>;
  /** What is known of these is out of date. */
  forget(ids: readonly CandidateId[]): void;
}

export interface ContextDeps {
  readonly judging: Pick<Judging, 'problem' | 'library' | 'candidate' | 'source' | 'fleet' | 'ranking' | 'profile'>;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

/** Records fall seldom, and reading a ranking is dear: an incumbent this old does no harm. */
const INCUMBENT_FRESH_MS = 5_000;
const SHEET_FRESH_MS = 10_000;
/** Problems x device classes x languages that campaigns use at once. */
const TARGETS_MAX = 1024;
/** Places looked through for the record holder: others may rank above it, unconfirmed. */
const RANKED_MAX = 16;

export const createContextBuilder = ({ judging, now = () => performance.now() }: ContextDeps): ContextBuilder => {
  const bounded = { entriesMax: TARGETS_MAX, now };
  const parts = createFreshCache<SharedParts>({ ...bounded, freshMs: Infinity });
  const sheets = createFreshCache<DeviceSheet>({ ...bounded, freshMs: SHEET_FRESH_MS });
  const incumbents = createFreshCache<CandidateId | null>({ ...bounded, freshMs: INCUMBENT_FRESH_MS });
  const libraries = createFreshCache<LibraryTime | null>({ ...bounded, freshMs: SHEET_FRESH_MS });
  const exhibits = createExhibits({ judging, now });

  const sheetOf = async (device: DeviceClass): Promise<DeviceSheet> =>
    sheets.get(device, async () => deviceSheetOf(await judging.fleet(), device));

  /** Models are never compared: the holder is the one on the model that the sheet describes, where that is among them. */
  const holderOf = async ({ problem, device }: ContextRequest, model: string): Promise<CandidateId | null> =>
    incumbents.get(`${problem} ${device} ${model}`, async () => {
      const { models } = await judging.ranking(problem, { device, limit: RANKED_MAX, mayBeUnknown: true });
      const list = models.find(({ deviceModel }) => deviceModel === model) ?? models[0];
      return list?.entries.find(({ record }) => record)?.candidateId ?? null;
    });

  const libraryOf = async (problem: string, model: string): Promise<LibraryTime | null> =>
    libraries.get(`${problem} ${model}`, async () => Promise.resolve(libraryOn(judging.library(problem).models, model)));

  return {
    forget: (ids) => ids.forEach((id) => exhibits.forget(id)),
    build: async (request) => {
      const { problem, device, languages, choice } = request;
      const key = [problem, device, ...languages].join(' ');
      const [shared, sheet] = await Promise.all([
        parts.get(key, async () => Promise.resolve(sharedPartsOf(request, judging))),
        sheetOf(device),
      ]);
      const headroom = headroomOf(shared.problem, sheet);
      const show = async (id: CandidateId) => exhibits.get(id, shared.problem, headroom);
      const holder = await holderOf(request, sheet.model);
      const [incumbent, ...parents] = await Promise.all([holder === null ? null : show(holder), ...choice.parents.map(show)]);
      const turns = await Promise.all(request.turns.map(show));
      const named = (exhibit: Exhibit): Exhibit => withIdea(exhibit, request.ideaOf?.(exhibit.candidateId) ?? '');
      return {
        ...shared,
        move: choice.move,
        device: sheet,
        playbook: playbookOf(sheet.architecture, languages),
        incumbent: incumbent && named(incumbent.exhibit),
        parents: parents.map(({ exhibit }) => named(exhibit)),
        failure: choice.move === 'repair' ? (parents[0]?.failure ?? null) : null,
        attempts: [...request.attempts],
        turns: turns.map(({ exhibit, failure }) => ({
          ...named(exhibit),
          verdict: failure?.verdict ?? (exhibit.speedup === null ? null : 'passed'),
          failure: failure?.message ?? null,
        })),
        memory: [...request.memory],
        tried: [...(request.tried ?? [])],
        earlier: [...(request.earlier ?? [])],
        elsewhere: [...request.elsewhere],
        headroom,
        library: await libraryOf(problem, sheet.model),
        proposed: [...(request.proposed ?? [])],
        proposal: request.proposal ?? null,
        seed: choice.seed,
      };
    },
  };
};

const withIdea = (exhibit: Exhibit, idea: string): Exhibit => (idea === '' ? exhibit : { ...exhibit, idea });
