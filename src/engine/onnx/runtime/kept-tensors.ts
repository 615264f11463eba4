/** The tensors that a session keeps between steps. */
import { dtypes } from '../../../tensor/dtype.ts';
import { sizeOf, type TensorType, tensorOver } from '../../../tensor/tensor.ts';
import { SessionMemory } from '../../session-memory.ts';
import { type OrtTensor, ortTensor } from './onnx-runtime.ts';

export class KeptTensors {
  readonly #memory: SessionMemory[] = [];

  /** Allocates a tensor filled with zeros.
   * @throws RangeError when there is not enough memory */
  zeros(type: TensorType): OrtTensor {
    const memory = new SessionMemory(sizeOf(type.shape) * dtypes[type.dtype].bytesPerElement);
    this.#memory.push(memory);
    return ortTensor(tensorOver(type, memory.buffer));
  }

  /** Frees the memory of all tensors. */
  free(): void {
    for (const memory of this.#memory) memory.free();
  }
}
