/**
 * The variables of a session in the memory of the device. A step takes them as inputs and leaves their new values there, so they
 * are only copied when they are written or read:
 *
 *     write ─► copy model ─► current values ─► step ─► new values, which replace the current ones
 *                                   │
 *                                   └────────► copy model ─► read
 *
 * ONNX Runtime's own function for reading a tensor of the device ends the process, so a model of Identity nodes copies them. It is
 * loaded twice: its outputs are in the memory of the device (`write`) or of the program (`read`).
 */

import { zeros } from '../../../tensor/tensor.ts';
import type { Tensors } from '../../engine.ts';
import { encodeModel } from '../compile/model.ts';
import {
  disposeOnDevice,
  found,
  type LoadOptions,
  loadModel,
  type OrtFetches,
  type OrtModel,
  type OrtTensor,
  type OrtTensors,
  ortTensor,
  tensorOf,
} from './onnx-runtime.ts';
import type { Variables, VariableType } from './variables.ts';

export class DeviceVariables implements Variables {
  readonly #lock: LoadOptions['lock'];
  readonly #toDevice: OrtModel;
  readonly #toHost: OrtModel;
  /** The output of the step for each variable that it changes. */
  readonly #updates: ReadonlyMap<string, string>;
  readonly #current: Map<string, OrtTensor>;

  private constructor(
    variables: readonly VariableType[],
    { lock }: LoadOptions,
    toDevice: OrtModel,
    toHost: OrtModel,
  ) {
    this.#lock = lock;
    this.#toDevice = toDevice;
    this.#toHost = toHost;
    this.#updates = new Map(
      variables.flatMap(({ name, update }) => (update === null ? [] : [[name, update] as const])),
    );
    this.#current = new Map(variables.map(({ name, type }) => [name, ortTensor(zeros(type))]));
  }

  /** Loads the models that copy the variables, and sets the variables to zeros.
   * @param variables at least one variable
   * @throws Error when ONNX Runtime fails, for example because the device lacks memory */
  static async load(variables: readonly VariableType[], options: LoadOptions): Promise<DeviceVariables> {
    const model = copyModel(variables);
    const toDevice = await loadModel(model, {
      ...options,
      onDevice: variables.map(({ name }) => copyOf(name)),
    });
    let toHost: OrtModel | undefined;
    try {
      toHost = await loadModel(model, options);
      const loaded = new DeviceVariables(variables, options, toDevice, toHost);
      await loaded.#upload(loaded.feeds);
      return loaded;
    } catch (error) {
      await toHost?.release();
      await toDevice.release();
      throw error;
    }
  }

  get feeds(): OrtTensors {
    return Object.fromEntries(this.#current);
  }

  get fetches(): OrtFetches {
    return fetch(this.#updates.values());
  }

  async accept(computed: OrtTensors): Promise<void> {
    await this.#replace([...this.#updates].map(([name, update]) => [name, found(computed, update)] as const));
  }

  discard(computed: OrtTensors): Promise<void> {
    return disposeOnDevice(Object.values(computed), this.#lock);
  }

  write(tensors: Tensors): Promise<void> {
    return this.#upload(Object.fromEntries([...tensors].map(([name, tensor]) => [name, ortTensor(tensor)])));
  }

  async read(): Promise<Tensors> {
    const names = [...this.#current.keys()];
    const copies = await this.#toHost.run(this.feeds, fetch(names.map(copyOf)));
    return new Map(names.map((name) => [name, tensorOf(found(copies, copyOf(name)))]));
  }

  async release(): Promise<void> {
    await disposeOnDevice(this.#current.values(), this.#lock);
    await this.#toHost.release();
    await this.#toDevice.release();
  }

  /** Copies the given tensors to the device and makes them the current values. */
  async #upload(tensors: OrtTensors): Promise<void> {
    const names = Object.keys(tensors);
    const copies = await this.#toDevice.run({ ...this.feeds, ...tensors }, fetch(names.map(copyOf)));
    await this.#replace(names.map((name) => [name, found(copies, copyOf(name))] as const));
  }

  async #replace(values: readonly (readonly [string, OrtTensor])[]): Promise<void> {
    const old = values.flatMap(([name]) => this.#current.get(name) ?? []);
    for (const [name, value] of values) this.#current.set(name, value);
    await disposeOnDevice(old, this.#lock);
  }
}

function copyOf(variable: string): string {
  return `${variable}/copy`;
}

function fetch(names: Iterable<string>): OrtFetches {
  return Object.fromEntries([...names].map((name) => [name, null]));
}

/** Returns a model that copies every variable. */
function copyModel(variables: readonly VariableType[]): Uint8Array {
  return encodeModel({
    name: 'variables',
    inputs: variables.map(({ name, type }) => ({ name, ...type })),
    outputs: variables.map(({ name, type }) => ({ name: copyOf(name), ...type })),
    nodes: variables.map(({ name }) => ({
      opType: 'Identity',
      inputs: [name],
      outputs: [copyOf(name)],
      attributes: {},
    })),
    initializers: new Map(),
  });
}
