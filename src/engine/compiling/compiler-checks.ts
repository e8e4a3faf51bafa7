/** Which canaries a compile host is given, and when. */
import { targetOf } from '../../problems/targets.ts';
import * as trusting from '../../scheduler/trust.ts';
import { deviceClassOf } from '../../domain/device.ts';
import { isProven } from '../canaries/canaries.ts';
import { chooseCanaries, nameOf } from '../canaries/choose.ts';
import { isTrusted } from '../host-state.ts';
import type { HostState } from '../host-state.ts';
import type { CompilersSlice } from '../state.ts';
import { compilesFor, makeSameCode, TRANSFERABLE } from './compile-hosts.ts';
import { startCompilerRun } from './compiler-runs.ts';
import type { Check } from './host-compiler.ts';
import { clockOf } from './trust-clock.ts';

/** Called about once a second. What cannot be checked now (no device takes work) stays due. */
export const askDueCompilers = (state: CompilersSlice): void => {
  for (const host of state.compileHosts) {
    if (!trusting.isDue(host.compiler.trust, clockOf(state))) continue;
    const checks = checksOf(state, host);
    if (checks.length === 0) continue;
    trusting.ask(host.compiler.trust, clockOf(state));
    host.compiler.suspect = null;
    startCompilerRun(state, host, checks);
  }
};

/** Canaries in each language for one device of each architecture that it compiles for. */
const checksOf = (state: CompilersSlice, host: HostState): readonly Check[] =>
  TRANSFERABLE.flatMap((language) => {
    const served = compilesFor(state, host).filter((judging) => makeSameCode(host, judging, language));
    const places = served.flatMap((judging) => trustedDevices(judging).map((device) => ({ judging, device })));
    return [...Map.groupBy(places, ({ device }) => device.architecture).values()].flatMap((list) =>
      checksAt(state, host, { language, places: list }),
    );
  });

const trustedDevices = (host: HostState): HostState['devices'] =>
  host.devices.filter((device) => device.kind === 'gpu' && isTrusted(host, device));

interface Places {
  readonly language: (typeof TRANSFERABLE)[number];
  readonly places: readonly Omit<Check, 'canary'>[];
}

/** On the device that refused its code last, where it takes work. */
const checksAt = (state: CompilersSlice, host: HostState, { language, places }: Places): readonly Check[] => {
  const { suspect, failed } = host.compiler;
  const place = places.find(({ device }) => device.id === suspect?.deviceId) ?? places[0];
  if (!place) return [];
  const { device } = place;
  const { must } = chooseCanaries({
    device,
    languages: [language],
    problems: state.problems,
    suspect,
    isProven: (canary) => isProven(state, device, canary),
  });
  const again = failed?.language === language && !must.some((one) => nameOf(one) === nameOf(failed)) ? [failed] : [];
  return [...must, ...again]
    .filter(({ loaded }) => loaded.targets.includes(targetOf(deviceClassOf(device))))
    .map((canary) => ({ ...place, canary }));
};
