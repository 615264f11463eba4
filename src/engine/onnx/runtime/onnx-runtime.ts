/** The only file that calls ONNX Runtime: it loads models, and converts tensors. */
import * as ort from 'onnxruntime-node';
import { dtypeNames } from '../../../tensor/dtype.ts';
import { bytesOf, type Tensor, tensorOver, zeros } from '../../../tensor/tensor.ts';
import { type Device, type DeviceKind, deviceParts } from '../../device.ts';
import { type Lock, noLock } from './device-lock.ts';

export type OrtTensor = ort.Tensor;
/** Tensors by name: inputs or outputs of a model. */
export type OrtTensors = Readonly<Record<string, OrtTensor>>;
/** The outputs that a model should compute, each with the tensor that it should write, or null for a new one. */
export type OrtFetches = Readonly<Record<string, OrtTensor | null>>;

/** A loaded model. */
export interface OrtModel {
  readonly run: (feeds: OrtTensors, fetches: OrtFetches) => Promise<OrtTensors>;
  /** The types of the inputs, whose shapes consist of numbers. */
  readonly inputMetadata: readonly ort.InferenceSession.ValueMetadata[];
  readonly outputNames: readonly string[];
  readonly endProfiling: () => void;
  readonly release: () => Promise<void>;
}

export interface LoadOptions {
  readonly threads: number;
  readonly device: Device;
  /** The beginning of the path of the file to which ONNX Runtime writes its profile, or undefined if it should write none. */
  readonly profilePrefix?: string | undefined;
  /** The outputs that stay in the memory of the device. All others are copied to the memory of the program. Default: none. */
  readonly onDevice?: readonly string[];
  /** Held while ONNX Runtime works. Default: no lock. */
  readonly lock?: Lock;
}

// ONNX Runtime throws its errors. By default it also prints them, in color and with the paths of its C++ files.
ort.env.logLevel = 'fatal';

/** Lets ONNX Runtime print its errors. Some say more than those that it throws. */
export function printErrors(): void {
  ort.env.logLevel = 'error';
}

/** Returns the kinds of devices for which ONNX Runtime has code on this system, such as `cpu` and `webgpu`. The libraries of some are
 * installed separately. */
export function offeredDevices(): readonly string[] {
  return ort.listSupportedBackends().map(({ name }) => name);
}

/** The execution provider of each kind of device. */
const providers: Readonly<
  Record<DeviceKind, (index: number) => ort.InferenceSession.ExecutionProviderConfig>
> = {
  cpu: () => 'cpu',
  webgpu: () => 'webgpu',
  cuda: (deviceId) => ({ name: 'cuda', deviceId }),
};

/** @throws Error when ONNX Runtime rejects the model, or cannot compute all of it on the device */
export async function loadModel(bytes: Uint8Array, options: LoadOptions): Promise<OrtModel> {
  const { lock = noLock, onDevice = [] } = options;
  const session = await lock.hold(() => createSession(bytes, options));
  const run = onDevice.length > 0 ? runBound : runDirectly;
  return {
    run: (feeds, fetches) => lock.hold(() => run(session, feeds, fetches)),
    inputMetadata: session.inputMetadata,
    outputNames: session.outputNames,
    endProfiling: () => session.endProfiling(),
    release: () => lock.hold(() => session.release()),
  };
}

type Run = (session: ort.InferenceSession, feeds: OrtTensors, fetches: OrtFetches) => Promise<OrtTensors>;

const runDirectly: Run = (session, feeds, fetches) => session.run(feeds, fetches);

/** Runs a session with outputs on the device. With such outputs, ONNX Runtime 1.30 has to return the same outputs in every run, in the
 * order of the model, and does not write to given tensors. So this requests all outputs, frees those that `fetches` lacks,
 * and copies those for which `fetches` has a tensor. */
const runBound: Run = async (session, feeds, fetches) => {
  const computed = await session.run(
    feeds,
    Object.fromEntries(session.outputNames.map((name) => [name, null] as const)),
  );
  const requested = Object.entries(fetches).map(([name, given]) => {
    const tensor = found(computed, name);
    if (given !== null) fill(given, tensorOf(tensor));
    return [name, given ?? tensor] as const;
  });
  for (const [name, tensor] of Object.entries(computed)) if (!(name in fetches)) tensor.dispose();
  return Object.fromEntries(requested);
};

function createSession(
  bytes: Uint8Array,
  { threads, device, profilePrefix, onDevice = [] }: LoadOptions,
): Promise<ort.InferenceSession> {
  const { kind, index } = deviceParts(device);
  return ort.InferenceSession.create(bytes, {
    executionProviders: [providers[kind](index)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // With a pattern, ONNX Runtime plans one more block for all tensors after the first run, and keeps the memory of the first run too.
    // Without it, sessions need a third less memory and are not slower.
    enableMemPattern: false,
    graphOptimizationLevel: 'all',
    ...(ort.env.logLevel === 'fatal' && { logSeverityLevel: 4 }),
    // Waiting threads must not spin, because the reader threads need the cores between steps.
    extra: {
      session: {
        force_spinning_stop: '1',
        // A node that the device lacks must be an error. By default, ONNX Runtime would compute it on the CPU.
        ...(kind !== 'cpu' && { disable_cpu_ep_fallback: '1' }),
      },
    },
    ...(onDevice.length > 0 && {
      preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer'] as const)),
    }),
    ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
  });
}

/** Frees those of the tensors that are in the memory of a device. They must not be used again. */
export async function disposeOnDevice(tensors: Iterable<OrtTensor>, lock: Lock = noLock): Promise<void> {
  const onDevice = [...tensors].filter(({ location }) => location === 'gpu-buffer');
  if (onDevice.length === 0) return;
  await lock.hold(async () => {
    for (const tensor of onDevice) tensor.dispose();
  });
}

/** Makes an ONNX Runtime tensor that shares the data of one of our tensors. Element types have the same names in both. */
export function ortTensor({ dtype, shape, data }: Tensor): OrtTensor {
  switch (dtype) {
    case 'float32':
      return new ort.Tensor(dtype, data, shape);
    case 'float16':
      return new ort.Tensor(dtype, data, shape);
    case 'int32':
      return new ort.Tensor(dtype, data, shape);
    case 'int64':
      return new ort.Tensor(dtype, data, shape);
    case 'bool':
      return new ort.Tensor(dtype, data, shape);
    case 'uint8':
      return new ort.Tensor(dtype, data, shape);
  }
}

/** Makes a tensor of zeros for each input of a model.
 * @throws TypeError for an input that is not a tensor of one of our types, or has an axis without a size */
export function zeroFeeds({ inputMetadata }: OrtModel): OrtTensors {
  return Object.fromEntries(
    inputMetadata.map((input) => {
      const dtype = input.isTensor ? dtypeNames.find((name) => name === input.type) : undefined;
      if (!input.isTensor || dtype === undefined)
        throw new TypeError(`the input ${input.name} of a model has an unknown type`);
      const shape = input.shape.map((size) => {
        if (typeof size === 'number') return size;
        throw new TypeError(`the input ${input.name} of a model has an axis ${size} without a size`);
      });
      return [input.name, ortTensor(zeros({ dtype, shape }))] as const;
    }),
  );
}

/** Copies the data, because the buffer of the ONNX Runtime tensor is reused. */
export function tensorOf({ type, dims, data }: OrtTensor): Tensor {
  const dtype = dtypeNames.find((name) => name === type);
  if (dtype === undefined || !ArrayBuffer.isView(data))
    throw new TypeError(`ONNX Runtime returned a tensor of type ${type}`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return tensorOver({ dtype, shape: dims }, bytes.slice().buffer);
}

/** Returns the tensor with the given name.
 * @throws TypeError when the tensor is not found */
export function found(tensors: OrtTensors, name: string): OrtTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TypeError(`ONNX Runtime returned no ${name}`);
  return tensor;
}

/** Copies the values of one of our tensors into an ONNX Runtime tensor. */
export function fill({ type, data: target }: OrtTensor, tensor: Tensor): void {
  if (type !== tensor.dtype || !ArrayBuffer.isView(target))
    throw new TypeError(`${tensor.dtype} cannot be written to ${type}`);
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytesOf(tensor));
}

/** Returns the elements of a float32 tensor, without a copy.
 * @throws TypeError for another type */
export function float32Of({ type, data }: OrtTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError(`expected a float32 tensor, found ${type}`);
}
