/** Says why CUDA does not work on this machine, and what to do. */
import { join } from 'node:path';
import { counted } from '../../../wording.ts';
import { type Device, deviceParts } from '../../device.ts';
import type { Trial } from './device-trial.ts';
import { whyTrialEnded, withoutSource } from './explain-end.ts';
import { hasNvidiaDriver, nvidiaGpus, type ProbeMachine } from './probe-machine.ts';

/** Returns the cause and the advice, as sentences without the final full stop. */
export function whyNoCuda(device: Device, trial: Trial, machine: ProbeMachine): string {
  const { offered, float32, printed } = trial;
  if (offered !== undefined && !offered.includes('cuda'))
    return `onnxruntime-node has no CUDA on ${machine.platform} for ${machine.arch}, only on Linux for x64`;
  const { index } = deviceParts(device);
  const gpus = nvidiaGpus(machine);
  if (gpus.length > 0 && index >= gpus.length) return withoutGpu(gpus, machine);
  const lacks = [
    ...(hasNvidiaDriver(machine) ? [] : [withoutDriver]),
    ...(machine.exists(providerOf(machine)) ? [] : [withoutProvider(machine)]),
  ];
  if (lacks.length > 0) return lacks.join('. ');
  const error = float32?.works === false ? float32.error : '';
  const messages = `${error}\n${printed}`;
  const [, library] = /(lib[\w.+-]+\.so[.\d]*): cannot open shared object file/.exec(messages) ?? [];
  if (library !== undefined) return withoutLibrary(library);
  if (/invalid device ordinal|cudaErrorInvalidDevice|no CUDA-capable device/i.test(messages))
    return withoutGpu(gpus, machine);
  return whyTrialEnded(trial, "NVIDIA's driver") ?? withoutSource(error);
}

const withoutDriver =
  "NVIDIA's driver was not found (/proc/driver/nvidia/version). Install the driver of the GPU; in a container, use: docker run " +
  '--gpus all';

/** The file that contains ONNX Runtime's CUDA code. */
function providerOf({ runtimeFolder, platform, arch }: ProbeMachine): string {
  return join(runtimeFolder(), 'bin', 'napi-v6', platform, arch, 'libonnxruntime_providers_cuda.so');
}

/** The command of onnxruntime-node's install script for its CUDA libraries. */
export function installCommand({ runtimeFolder }: ProbeMachine): string {
  return `node ${join(runtimeFolder(), 'script', 'install.js')} --onnxruntime-node-install=cuda12`;
}

function withoutProvider(machine: ProbeMachine): string {
  return (
    "ONNX Runtime's CUDA libraries are not installed (libonnxruntime_providers_cuda.so). Install them, which needs network access: " +
    installCommand(machine)
  );
}

function withoutLibrary(library: string): string {
  const part = /cudnn/.test(library) ? 'cuDNN' : /libcuda\.so/.test(library) ? "NVIDIA's driver" : 'CUDA';
  const [, version] = /\.so\.(\d+)/.exec(library) ?? [];
  const release =
    part === 'CUDA' && /cudart|cublas/.test(library) && version !== undefined ? ` ${version}` : '';
  return (
    `the library ${library} of ${part}${release} was not found. Install ${part}${release}, and add the folder of its libraries to ` +
    'LD_LIBRARY_PATH'
  );
}

function withoutGpu(gpus: readonly string[], { environment }: ProbeMachine): string {
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  const advice =
    visible === undefined
      ? 'Use the number of a GPU, such as `device: cuda:0`'
      : `CUDA_VISIBLE_DEVICES=${visible} hides the others, or changes their numbers: unset it, or use a number that it allows`;
  const names = gpus.map((name, index) => `cuda:${index} (${name})`).join(', ');
  const found =
    gpus.length === 0
      ? 'CUDA found no such GPU'
      : `this machine has ${counted(gpus.length, 'NVIDIA GPU')}: ${names}`;
  return `${found}. ${advice}`;
}
