/** What is wrong with a campaign, before it begins. */
import type { CampaignSpec } from '../../../domain/campaign/campaign.ts';
import { knownClass } from '../../../domain/device.ts';
import type { FleetView } from '../../../domain/api/fleet.ts';
import { KilnError } from '../../../domain/errors.ts';
import { canRecord } from '../../../domain/hosts/environment-label.ts';
import type { Language } from '../../../domain/plan/plan.ts';
import { NO_PROGRAM, programOfSource, WRITTEN_IN } from '../../../domain/program-style.ts';
import type { GeneratorSet } from '../../generator.ts';
import type { Judging } from '../../../domain/ports/kiln.ts';
import { planTargets } from '../state/targets.ts';

/** With the devices' names as Kiln writes them, and the default generator where none was named. Throws KilnError naming the field. */
export const checkSpec = async (
  spec: CampaignSpec,
  { judging, generators }: { readonly judging: Pick<Judging, 'problem' | 'fleet'>; readonly generators: GeneratorSet },
): Promise<CampaignSpec> => {
  const { hosts } = await judging.fleet();
  const fleet = [...new Set(hosts.flatMap(({ devices }) => devices.map((device) => device.class)))];
  const devices = [...new Set(spec.devices.map((asked) => classOf(asked, fleet)))];
  const chosen = spec.generators.length === 0 ? [{ name: generators.default.name, share: 1 }] : spec.generators;
  const problems = [...new Set(spec.problems)];
  const checked = { ...spec, problems, devices, generators: chosen, start: startOf(spec, chosen, generators) };
  const languages = planTargets(checked, judging).flatMap((target) => target.languages);
  if (languages.includes('python')) checkRecorder(hosts);
  checkStarts(checked, languages);
  for (const name of askedOf(checked, generators)) checkGenerator(generators, name);
  checkMoney(checked, generators);
  checkBatches(checked, generators);
  return checked;
};

/** Who only varies gets what there is much to vary in. */
const startOf = (
  { start }: CampaignSpec,
  chosen: CampaignSpec['generators'],
  { byName }: GeneratorSet,
): CampaignSpec['start'] => {
  if (start.seeds !== 'auto') return start;
  const isVarying = chosen.every(({ name }) => byName.get(name)?.kind === 'evolve');
  return { ...start, seeds: isVarying ? 'evolve' : 'all' };
};

const classOf = (asked: string, fleet: readonly string[]): string => {
  const shown = fleet.find((name) => name.toLowerCase() === asked.toLowerCase()) ?? knownClass(asked);
  if (shown !== null) return shown;
  const has = fleet.join(', ') || 'nothing yet';
  const message = `devices: "${asked}" is no device class; the fleet has ${has}. Use a class such as H100, A100 or cpu`;
  throw new KilnError('UNKNOWN_DEVICE', message, { details: { field: 'devices', fleet } });
};

/** Otherwise every answer would be paid for, and none judged. Hosts that nobody has heard of yet may have one. */
const checkRecorder = (hosts: FleetView['hosts']): void => {
  const known = hosts.flatMap(({ inventory }) => (inventory ? [inventory.environments ?? []] : []));
  const canJudge = known.some((environments) => environments.some((one) => one.name === WRITTEN_IN && canRecord(one)));
  if (known.length === 0 || canJudge) return;
  const message = `languages: no host of the fleet can record programs (environment "${WRITTEN_IN}"): kiln doctor says what is missing there; or leave python out`;
  throw new KilnError('UNSUPPORTED_LANGUAGE', message, { details: { field: 'languages' } });
};

const checkStarts = ({ start, problems }: CampaignSpec, languages: readonly Language[]): void => {
  const usable = [...new Set(languages)].join(' or ');
  for (const { problem, language, source } of start.sources) {
    if (!problems.includes(problem)) {
      throw wrongStart(
        `"${problem}" is none of the campaign's problems (${problems.join(', ')}); add it or leave the source out`,
      );
    }
    if (!languages.includes(language)) {
      throw wrongStart(
        `${language} is no language of this campaign, which takes ${usable}; add a device or leave the source out`,
      );
    }
    if (language === 'python' && programOfSource(source) === null) throw wrongStart(NO_PROGRAM);
  }
};

const wrongStart = (message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `start.sources: ${message}`, { details: { field: 'start.sources' } });

const checkGenerator = ({ all, byName }: GeneratorSet, name: string): void => {
  const generator = byName.get(name);
  const known = all.map((entry) => entry.name).join(', ');
  if (generator?.unavailable === null) return;
  const why = generator ? `cannot be used: ${generator.unavailable}` : 'is not known';
  throw new KilnError('UNKNOWN_GENERATOR', `generators: "${name}" ${why}. There are ${known} (agents.generators in kiln.yaml)`, {
    details: { field: 'generators', known: all.map((entry) => entry.name) },
  });
};

/** Who writes, and who is asked for diagnoses by them. */
const askedOf = ({ generators }: CampaignSpec, { byName }: GeneratorSet): readonly string[] => [
  ...new Set(generators.flatMap(({ name }) => [name, byName.get(name)?.diagnosing?.by ?? name])),
];

const checkBatches = ({ batches, generators }: CampaignSpec, { byName }: GeneratorSet): void => {
  if (!batches || generators.some(({ name }) => byName.get(name)?.batches)) return;
  const names = generators.map(({ name }) => name).join(', ');
  const message = `batches: ${names} cannot answer in batches, only generators of kind claude can; name one or leave batches out`;
  throw new KilnError('INVALID_REQUEST', message, { details: { field: 'batches' } });
};

/** A generator that is paid must have a limit in money, and free ones another limit: in money alone they would never end. */
const checkMoney = (spec: CampaignSpec, set: GeneratorSet): void => {
  const { generators, budget } = spec;
  const { byName } = set;
  const paid = askedOf(spec, set).find((name) => byName.get(name)?.isPaid);
  if (paid !== undefined && budget.usd === undefined) {
    const message = `budget.usd: generator "${paid}" costs money for every answer; say how much the campaign may spend`;
    throw new KilnError('INVALID_REQUEST', message, { details: { field: 'budget.usd' } });
  }
  const others = [budget.candidates, budget.gpuMinutes, budget.minutes];
  const free = generators.find(({ name }) => byName.get(name)?.isPaid === false);
  if (!free || others.some((limit) => limit !== undefined)) return;
  const message = `budget: generator "${free.name}" costs no money, so that a limit in usd never ends it; give candidates, gpuMinutes or minutes too`;
  throw new KilnError('INVALID_REQUEST', message, { details: { field: 'budget' } });
};
