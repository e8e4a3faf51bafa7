/** Of hosts and devices as they are now: set anew for each reading of the metrics, so that what is gone is not told any more. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { FleetView } from '../../domain/api/fleet.ts';
import { DEVICE_STATES } from '../../domain/hosts/device-state.ts';
import type { Metrics } from './metrics.ts';

type Host = FleetView['hosts'][number];
type Device = Host['devices'][number];
const HZ_PER_MHZ = 1e6;

export const createFleetMetrics = (registers: Registry[]): Pick<Metrics, 'setFleet' | 'onHostInfra'> => {
  const gauge = (name: string, help: string, labelNames: readonly string[] = ['host', 'device']): Gauge =>
    new Gauge({ name, help, labelNames, registers });
  const up = gauge('kiln_host_up', '1 while the host is connected', ['host']);
  const working = gauge('kiln_host_takes_work', '1 while the host is connected and nothing keeps it from work as a whole', [
    'host',
  ]);
  const expires = gauge('kiln_host_expires_timestamp_seconds', 'When a host that was added for a time leaves', ['host']);
  const states = gauge('kiln_device_state', '1 for the state that the device is in, 0 for the others', [
    'host',
    'device',
    'state',
  ]);
  const persons = gauge('kiln_device_needs_person', '1 where the state of the device does not come to an end by itself');
  const available = gauge('kiln_device_takes_work', '1 while the device takes work');
  const temperature = gauge('kiln_device_temperature_celsius', 'As its last judgement, or NVML, told');
  const power = gauge('kiln_device_power_watts', 'As its last judgement, or NVML, told');
  const smClock = gauge('kiln_device_sm_clock_hertz', 'As its last judgement, or NVML, told');
  const memoryClock = gauge('kiln_device_memory_clock_hertz', 'As its last judgement, or NVML, told');
  const throttled = gauge('kiln_device_throttled', '1 for each reason that holds its clocks down', ['host', 'device', 'reason']);
  const ecc = gauge('kiln_device_ecc_errors', 'Errors of its memory, since the driver was loaded (volatile) and in its life', [
    'host',
    'device',
    'kind',
    'counter',
  ]);
  const nvml = gauge('kiln_host_nvml_up', '1 while NVML answers; of hosts with GPUs alone', ['host']);
  const infra = new Counter({
    name: 'kiln_host_infra_failures_total',
    help: 'What failed on the host and was no candidate’s doing',
    labelNames: ['host', 'stage'],
    registers,
  });
  const own = [up, working, expires, states, persons, available, temperature, power, smClock, memoryClock, throttled, ecc, nvml];

  const setDevice = (host: string, device: Device): void => {
    const labels = { host, device: device.id };
    const { condition, telemetry, reading } = device;
    for (const state of DEVICE_STATES) states.set({ ...labels, state }, state === (condition?.state ?? 'healthy') ? 1 : 0);
    persons.set(labels, condition?.needsPerson ? 1 : 0);
    available.set(labels, device.unavailable === null ? 1 : 0);
    const latest = reading ?? telemetry;
    if (!latest) return;
    if (latest.temperatureC !== null) temperature.set(labels, latest.temperatureC);
    if (latest.powerW !== null) power.set(labels, latest.powerW);
    if (latest.smClockMhz !== null) smClock.set(labels, latest.smClockMhz * HZ_PER_MHZ);
    if (latest.memoryClockMhz !== null) memoryClock.set(labels, latest.memoryClockMhz * HZ_PER_MHZ);
    for (const reason of latest.throttleReasons) throttled.set({ ...labels, reason }, 1);
    if (!reading?.ecc) return;
    const { volatileCorrected, volatileUncorrected, aggregateCorrected, aggregateUncorrected } = reading.ecc;
    ecc.set({ ...labels, kind: 'corrected', counter: 'volatile' }, volatileCorrected);
    ecc.set({ ...labels, kind: 'uncorrected', counter: 'volatile' }, volatileUncorrected);
    ecc.set({ ...labels, kind: 'corrected', counter: 'aggregate' }, aggregateCorrected);
    ecc.set({ ...labels, kind: 'uncorrected', counter: 'aggregate' }, aggregateUncorrected);
  };

  const setHost = ({ name, state, reason, origin, devices, nvml: word }: Host): void => {
    up.set({ host: name }, state === 'connected' ? 1 : 0);
    working.set({ host: name }, state === 'connected' && reason === null ? 1 : 0);
    if (origin?.expiresAt) expires.set({ host: name }, Date.parse(origin.expiresAt) / 1000);
    if (word !== null) nvml.set({ host: name }, word === 'answers' ? 1 : 0);
    // So that a rate is there before the first failure.
    for (const stage of ['compiling', 'judging']) infra.inc({ host: name, stage }, 0);
    for (const device of devices) setDevice(name, device);
  };

  return {
    setFleet: ({ hosts }) => {
      for (const each of own) each.reset();
      for (const host of hosts) setHost(host);
    },
    onHostInfra: (host, stage) => infra.inc({ host, stage }),
  };
};
