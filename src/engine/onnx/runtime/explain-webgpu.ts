/** Says why WebGPU does not work on this machine, and what to do. */
import type { Trial } from './device-trial.ts';
import { whyTrialEnded, withoutSource } from './explain-end.ts';
import { hasNvidiaDriver, type ProbeMachine } from './probe-machine.ts';
import type { Adapter } from './vulkan-adapters.ts';

/** Returns the cause and the advice, as sentences without the final full stop. */
export function whyNoWebgpu(trial: Trial, machine: ProbeMachine): string {
  const { offered, float32 } = trial;
  if (offered !== undefined && !offered.includes('webgpu'))
    return `onnxruntime-node has no WebGPU on ${machine.platform} for ${machine.arch}, only on Linux for x64, Windows, and macOS for arm64`;
  const isLinux = machine.platform === 'linux';
  if (isLinux && isWithoutLoader(trial)) return withoutLoader;
  const adapters = (trial.adapters ?? []).map(describeAdapter);
  const driver = adapters.length > 0 ? `the driver of ${adapters.join(' or ')}` : 'the driver of the GPU';
  const ended = whyTrialEnded(trial, driver);
  if (ended !== undefined) return ended;
  const error = float32?.works === false ? float32.error : '';
  if (!/Failed to get a WebGPU adapter|No supported adapters/i.test(error)) return withoutSource(error);
  if (!isLinux)
    return `no suitable GPU was found. Install the driver of the GPU${system[machine.platform] ?? ''}`;
  return adapters.length > 0
    ? `WebGPU does not accept ${adapters.join(' or ')}${requirement(trial.printed)}. ${driverAdvice(machine)}`
    : `the Vulkan loader found no GPU. ${driverAdvice(machine)}`;
}

/** `NVIDIA GeForce RTX 4090`, or `llvmpipe (LLVM 15.0.6), a software adapter`. */
export function describeAdapter({ name, kind }: Adapter): string {
  return kind === 'software' ? `${name}, a software adapter` : name;
}

const system: Readonly<Record<string, string>> = {
  win32: ' (WebGPU uses Direct3D 12)',
  darwin: ' (WebGPU uses Metal)',
};

function isWithoutLoader({ loaderError, printed }: Trial): boolean {
  return loaderError !== undefined || /Couldn't load Vulkan/.test(printed);
}

const withoutLoader =
  'the Vulkan loader (libvulkan.so.1) was not found. Install it: apt install libvulkan1 (Debian, Ubuntu), dnf install vulkan-loader ' +
  '(Fedora) or pacman -S vulkan-icd-loader (Arch), and the Vulkan driver of the GPU, such as mesa-vulkan-drivers';

/** What Dawn, the library behind WebGPU, says that an adapter lacks. */
function requirement(printed: string): string {
  const required = [...printed.matchAll(/^Warning: (Vulkan .+? required)\.?$/gm)].map(([, what]) => what);
  return required.length === 0 ? '' : ` (${[...new Set(required)].join(', ')})`;
}

/** The folders in which the Vulkan loader looks for driver files. */
const driverFolders = [
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
] as const;

function driverAdvice(machine: ProbeMachine): string {
  const chosen = chosenDrivers(machine);
  if (chosen !== undefined) return chosen;
  const files = driverFolders.flatMap((folder) =>
    machine.list(folder).flatMap((name) => (name.endsWith('.json') ? [`${folder}/${name}`] : [])),
  );
  const found = files.length === 0 ? 'There are no driver files in ' : 'Driver files: ';
  const listed = `${found}${(files.length === 0 ? driverFolders : files).join(', ')}`;
  return `${cureOf(machine, files)}. ${listed}`;
}

/** Returns advice if environment variables choose the driver files. */
function chosenDrivers({ environment, exists }: ProbeMachine): string | undefined {
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) {
    const value = environment[name];
    if (value === undefined || value === '') continue;
    const missing = value.split(':').filter((path) => path !== '' && !exists(path));
    return missing.length === 0
      ? `${name}=${value} limits the search to these driver files; unset it`
      : `${name} names a file that does not exist: ${missing.join(', ')}`;
  }
  return undefined;
}

/** What to install or to permit. */
function cureOf(machine: ProbeMachine, driverFiles: readonly string[]): string {
  if (hasNvidiaDriver(machine) && !driverFiles.some((file) => /nvidia/.test(file)))
    return (
      "NVIDIA's driver is present, but not its Vulkan part (nvidia_icd.json). In a container, use: docker run --gpus all -e " +
      'NVIDIA_DRIVER_CAPABILITIES=all; otherwise, install the part of the driver for graphics, such as libnvidia-gl'
    );
  const nodes = machine.list('/dev/dri').filter((name) => name.startsWith('renderD'));
  const closed = nodes.map((name) => `/dev/dri/${name}`).filter((path) => !machine.isAccessible(path));
  if (closed.length > 0)
    return `This user may not use ${closed.join(', ')}: sudo usermod -aG render,video "$USER", then log in again`;
  if (nodes.length === 0)
    return (
      'This system shows no GPU (/dev/dri). In a container, use: docker run --device /dev/dri (AMD, Intel) or --gpus all -e ' +
      'NVIDIA_DRIVER_CAPABILITIES=all (NVIDIA)'
    );
  return 'Install the Vulkan driver of the GPU: apt install mesa-vulkan-drivers (AMD, Intel), or the driver of NVIDIA';
}
