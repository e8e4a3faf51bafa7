/** What a campaign begins with: the problem's seeds, the ranking's best, sources of its own. They are judged before anybody is asked. */
import { NO_USAGE } from '../../../domain/campaign/campaign.ts';
import type { Draft, Generation } from '../../../domain/campaign/campaign.ts';
import { generationIdOf } from '../../../domain/ids.ts';
import type { Program } from '../../../domain/program.ts';
import { programOfSource } from '../../../domain/program-style.ts';
import { languageOfFile } from '../../../domain/plan/language-of-file.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import type { AskingRun } from '../state/campaign-run.ts';
import type { Target } from '../state/targets.ts';

/** Shown where a generator's name is: nobody wrote it for this campaign. */
const GENERATOR = 'start';
const IDEA_CHARS_MAX = 200;

/** One row each, islands in turn, as answers that wait to be submitted. */
export const startingPoints = async (run: AskingRun, judging: Judging, at: string): Promise<readonly Generation[]> => {
  const generations: Generation[] = [];
  for (const target of run.targets) {
    const drafts = [...seedsOf(run, target, judging), ...ownSources(run, target), ...(await rankedOf(run, target, judging))];
    drafts.forEach((draft, index) => generations.push(generationOf(run, { target, draft, index, at })));
  }
  return generations;
};

const generationOf = (
  run: AskingRun,
  { target, draft, index, at }: { readonly target: Target; readonly draft: Draft; readonly index: number; readonly at: string },
): Generation => {
  const number = run.next;
  run.next += 1;
  return {
    id: generationIdOf(run.campaign.id, number),
    campaignId: run.campaign.id,
    number,
    agent: 0,
    generator: GENERATOR,
    problem: target.problem,
    device: target.device,
    move: 'seed',
    island: index % run.campaign.spec.islands,
    parents: [],
    idea: draft.idea,
    usage: NO_USAGE,
    state: { status: 'answered', draft },
    askedAt: at,
    updatedAt: at,
  };
};

const seedsOf = ({ campaign }: AskingRun, target: Target, judging: Judging): readonly Draft[] => {
  const seeds = filesIn('seeds/', target, judging);
  switch (campaign.spec.start.seeds) {
    case 'none':
      return [];
    case 'first':
      return seeds.slice(0, 1);
    case 'evolve': {
      const starts = filesIn('evolve/', target, judging);
      return starts.length > 0 ? starts : seeds;
    }
    case 'auto':
    case 'all':
      return seeds;
  }
};

/** By name. */
const filesIn = (folder: string, target: Target, judging: Judging): readonly Draft[] =>
  Object.entries(judging.problem(target.problem).files)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([file, source]) => {
      const language = languageOfFile(file);
      if (!file.startsWith(folder) || language === undefined || !target.languages.includes(language)) return [];
      return [draftOf({ language, source, params: {} }, file)];
    });

const ownSources = ({ campaign }: AskingRun, target: Target): readonly Draft[] =>
  campaign.spec.start.sources
    .filter(({ problem, language }) => problem === target.problem && target.languages.includes(language))
    .map((source, index) => draftOf(source, `source ${index + 1} of the campaign`));

const rankedOf = async ({ campaign }: AskingRun, target: Target, judging: Judging): Promise<readonly Draft[]> => {
  const count = campaign.spec.start.ranked;
  if (count === 0) return [];
  const { models } = await judging.ranking(target.problem, { device: target.device, limit: count, mayBeUnknown: true });
  const entries = models
    .flatMap(({ entries: places }) => places)
    .filter(({ language }) => target.languages.includes(language))
    .toSorted((a, b) => b.score.rankKey - a.score.rankKey)
    .slice(0, count);
  const drafts: Draft[] = [];
  for (const { candidateId, language, params, place } of entries) {
    const { source, program } = await judging.source(candidateId);
    if (language === 'python' && !isOneFile(source, program)) continue;
    drafts.push(draftOf({ language, source, params }, `place ${place} of the ranking`));
  }
  return drafts;
};

/** A program of several files, or with a name that nobody knows, cannot be handed in again as an agent's. */
const isOneFile = (source: string, program: Program | undefined): boolean =>
  program?.files.length === 0 && programOfSource(source)?.entry.symbol === program.entry.symbol;

const draftOf = ({ language, source, params }: Pick<Draft, 'language' | 'source' | 'params'>, idea: string): Draft => ({
  language,
  source,
  params,
  idea: idea.slice(0, IDEA_CHARS_MAX),
  note: '',
});
