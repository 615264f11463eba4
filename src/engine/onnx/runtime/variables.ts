/** The variables of a session, in the memory of the program. `device-variables.ts` has those in the memory of a device. */
import type { TensorType } from '../../../tensor/tensor.ts';
import type { Tensors } from '../../engine.ts';
import type { KeptTensors } from './kept-tensors.ts';
import { fill, type OrtFetches, type OrtTensor, type OrtTensors, tensorOf } from './onnx-runtime.ts';

/** A variable of a compiled graph. */
export interface VariableType {
  readonly name: string;
  readonly type: TensorType;
  /** The output of the model that holds its new value, or null if a step does not change it. */
  readonly update: string | null;
}

/** What holds the variables between steps. A step reads `feeds` and computes `fetches`. Then either `accept` or `discard` is
 * called with the outputs of the model. */
export interface Variables {
  /** The current values, by the names of the variables. */
  readonly feeds: OrtTensors;
  /** The outputs with the new values. */
  readonly fetches: OrtFetches;
  /** Replaces the current values by the new ones. */
  readonly accept: (computed: OrtTensors) => Promise<void>;
  /** Keeps the current values, and frees the new ones. */
  readonly discard: (computed: OrtTensors) => Promise<void>;
  /** Sets the given variables.
   * @throws Error for an unknown name or another type, or when ONNX Runtime fails. Then no variable changes */
  readonly write: (tensors: Tensors) => Promise<void>;
  /** Returns copies of all variables. */
  readonly read: () => Promise<Tensors>;
  readonly release: () => Promise<void>;
}

/**
 * A variable has two buffers: a step reads one and writes the other, then they are swapped. An output must never be bound to
 * the buffer of an input, because ONNX Runtime does not notice that they are the same and may write a new weight before an
 * operator has read the old one. A variable without an update has only one buffer. Both halves of a step with an exchange use
 * the same buffers.
 */
interface Buffers {
  current: OrtTensor;
  next: OrtTensor;
  readonly update: string | null;
}

export class HostVariables implements Variables {
  readonly #buffers: ReadonlyMap<string, Buffers>;

  /** @param kept allocates the buffers, and frees them */
  constructor(variables: readonly VariableType[], kept: KeptTensors) {
    this.#buffers = new Map(
      variables.map(({ name, type, update }) => {
        const current = kept.zeros(type);
        const next = update === null ? current : kept.zeros(type);
        return [name, { current, next, update }];
      }),
    );
  }

  get feeds(): OrtTensors {
    return Object.fromEntries([...this.#buffers].map(([name, { current }]) => [name, current]));
  }

  get fetches(): OrtFetches {
    return Object.fromEntries(
      [...this.#buffers.values()].flatMap(({ next, update }) => (update === null ? [] : [[update, next]])),
    );
  }

  accept(): Promise<void> {
    for (const buffers of this.#buffers.values())
      [buffers.current, buffers.next] = [buffers.next, buffers.current];
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  async write(tensors: Tensors): Promise<void> {
    for (const [name, tensor] of tensors) {
      const buffers = this.#buffers.get(name);
      if (buffers === undefined) throw new Error(`unknown variable ${name}`);
      fill(buffers.current, tensor);
    }
  }

  async read(): Promise<Tensors> {
    return new Map([...this.#buffers].map(([name, { current }]) => [name, tensorOf(current)]));
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
