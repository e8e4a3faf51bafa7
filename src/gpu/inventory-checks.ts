/** A runner's inventory against what the fleet file wants of the host. */
import type { Environment } from '../domain/environment.ts';
import type { HostConfig } from '../domain/fleet.ts';
import { canRecord } from '../domain/hosts/environment-label.ts';
import type { Inventory } from '../domain/protocol.ts';
import { exposures, HOST_MEMORY_REMEDY, isExposed, mayCompile, missingGpus, selectInventory } from './device-selection.ts';
import { bad, good, type HostCheck } from './host-check.ts';

/** Environment -> problems whose own reference or baseline is a program of it. */
export type NeededEnvironments = ReadonlyMap<string, readonly string[]>;

/** All but `inspectUnrecorded`. */
export const inspectInventory = (
  inventory: Inventory,
  host: HostConfig,
  needed: NeededEnvironments = new Map(),
): readonly HostCheck[] => {
  const selected = selectInventory(inventory, host);
  const missing = missingGpus(inventory.devices, host);
  const hasGpu = selected.devices.some((device) => device.kind === 'gpu');
  return [
    ...(host.gpus.kind === 'none' ? [] : [driver(inventory), gpus(selected, missing, host)]),
    ...(hasGpu ? [cudaCompiler(inventory)] : []),
    ...(host.gpus.kind === 'none' && !host.cpu ? [compileOnly(inventory)] : []),
    ...(host.cpu ? [gcc(inventory)] : []),
    ...walls(inventory, host),
    ...environments(inventory, host),
    ...(hasGpu ? notJudged(inventory, needed) : []),
    ...selected.devices
      .filter(({ unavailable }) => unavailable !== null)
      .map((device) =>
        bad(
          'device',
          `${device.model} ${device.id}: ${device.unavailable}`,
          isExposed(device) && !host.allowHostMemoryAccess ? HOST_MEMORY_REMEDY : 'end what uses it, or list the others in gpus',
        ),
      ),
    ...[...inventory.warnings, ...(host.allowHostMemoryAccess ? exposures(inventory.devices, host) : [])].map((warning) =>
      good('note', warning),
    ),
  ];
};

/** Environments of the host that record no program: no defect where another host records them. `recorded`: by any host; null: that is not known. */
export const inspectUnrecorded = (
  { environments: found = [] }: Inventory,
  host: HostConfig,
  recorded: ReadonlySet<string> | null,
): readonly HostCheck[] =>
  found
    .filter((each) => !canRecord(each))
    .map((each) => {
      const here = environment(each, host);
      if (!here.ok || recorded === null || recorded.has(each.name)) return here;
      // Who judges device code alone lacks nothing.
      const nowhere = `no host of the fleet that answered records programs of ${each.name}`;
      return { ...here, found: `${here.found}; ${nowhere}`, remedy: UNRECORDED_REMEDY };
    });

const UNRECORDED_REMEDY =
  'for Python programs, whose verdict is contract until then, add a host with an NVIDIA GPU, PyTorch and a sandbox to the fleet file; device code with a launch plan needs none';

const walls = (inventory: Inventory, host: HostConfig): readonly HostCheck[] => {
  const { confinement } = inventory;
  if (!confinement) return [];
  const found = {
    namespaces: 'by namespaces',
    landlock: 'by Landlock; a source can tell whether a path of the host exists',
    none: 'none',
  };
  if (mayCompile(inventory, host)) return [good('confinement', found[confinement.level])];
  return [
    bad(
      'confinement',
      `the host confines no compiler: ${confinement.why}`,
      'let its container make namespaces (Docker: --cap-add SYS_ADMIN), use a kernel with Landlock (5.13 or newer), or set compileUnconfined: true in the fleet file if nobody but you submits',
    ),
  ];
};

/** A host without any goes on judging device code; a missing one is told only where somebody named it. */
const environments = ({ environments: found = [], warnings }: Inventory, host: HostConfig): readonly HostCheck[] => [
  ...found.filter(canRecord).map((each) => environment(each, host)),
  ...(host.environments ?? [])
    .filter(({ name }) => !found.some((each) => each.name === name))
    .map(({ name, python }) =>
      bad(
        'environment',
        `${warnings.find((words) => words.startsWith(`environment ${name} `)) ?? `environment ${name} was not found`} (${python})`,
        `on the host, ${python} -c "import torch" must work for every user; install PyTorch there, or correct environments in the fleet file`,
      ),
    ),
];

const notJudged = ({ environments: found = [] }: Inventory, needed: NeededEnvironments): readonly HostCheck[] =>
  [...needed]
    .filter(([name]) => !found.some((each) => each.name === name && canRecord(each)))
    .map(([name, problems]) =>
      bad(
        'problems',
        `environment_missing: it cannot judge ${problems.join(', ')}, whose reference is a program of environment ${name}, since it records none of it`,
        'install PyTorch there, or name its Python in the fleet file (environments); their candidates go to hosts that have it',
      ),
    );

const environment = (
  { name, python, torch, triton, cuda, sandbox, recorder, warnings }: Environment,
  { environments: wanted = [] }: HostConfig,
): HostCheck => {
  const versions = [`Python ${python}`, torch && `PyTorch ${torch}`, triton && `Triton ${triton}`, cuda && `CUDA ${cuda}`];
  const found = `${name}: ${versions.filter(Boolean).join(', ')}; sandbox ${sandbox.level}, bounds by ${sandbox.boundedBy}; recorder ${recorder}`;
  const shown = warnings.length === 0 ? found : `${found} (${warnings.join('; ')})`;
  // One that nobody asked for may be there for other things.
  if (sandbox.level !== 'none' || !wanted.some((each) => each.name === name)) return good('environment', shown);
  return bad(
    'environment',
    shown,
    'no program runs there: let the runner be root, or use Linux 6.12 or newer with Landlock; the rest of the host works as before',
  );
};

/** A machine that is meant to have no GPU (it offers its CPU) lacks nothing without a driver. */
const driver = ({ driver: version, devices }: Inventory): HostCheck => {
  if (version !== null) return good('driver', version);
  if (devices.some((device) => device.kind === 'gpu')) return good('driver', 'simulated');
  return good('driver', 'none');
};

const gpus = ({ devices }: Inventory, missing: readonly string[], { cpu }: HostConfig): HostCheck => {
  const found = devices.filter((device) => device.kind === 'gpu').map((device) => device.model);
  if (missing.length > 0) return bad('GPU', missing.join('; '), 'correct gpus in the fleet file; on the host: nvidia-smi -L');
  if (found.length > 0) return good('GPU', `${found.length} x ${[...new Set(found)].join(', ')}`);
  if (cpu) return good('GPU', 'none; work for the cpu device only');
  return bad(
    'GPU',
    'none',
    'install the NVIDIA driver (then nvidia-smi must list the GPUs), or set gpus: none if the host is to compile only',
  );
};

const cudaCompiler = ({ nvrtc, nvcc }: Inventory): HostCheck => {
  if (nvrtc !== null) return good('CUDA compiler', `NVRTC ${nvrtc}`);
  if (nvcc !== null) return good('CUDA compiler', `nvcc ${nvcc}; with NVRTC (libnvrtc) it would be many times faster`);
  return bad(
    'CUDA compiler',
    'neither NVRTC nor nvcc',
    'install a CUDA toolkit, or: pip install nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt nvidia-cuda-cccl',
  );
};

/** A host that offers no device on purpose is for compiling what others judge. */
const compileOnly = ({ compilers = {} }: Inventory): HostCheck => {
  const { cuda, triton } = compilers;
  const found = [cuda, triton].filter((compiler) => compiler !== undefined);
  if (found.length > 0) return good('compile only', `for hosts with GPUs and the same compiler: ${found.join('; ')}`);
  return bad(
    'work',
    'nothing to do: no device and no CUDA or Triton compiler',
    'set cpu: true in the fleet file, or install what the hosts with GPUs compile with (pip install nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt nvidia-cuda-cccl)',
  );
};

const gcc = ({ gcc: version }: Inventory): HostCheck =>
  version === null ? bad('gcc', 'not found', 'apt-get install gcc, or set cpu: false') : good('gcc', version);
