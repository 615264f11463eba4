/** The engines there are, by name, and the choice between them. */
import { UsageError } from '../errors.ts';
import type { Engine, EngineName, Precision, Support } from './engine.ts';
import { createOnednnEngine } from './onednn/onednn-engine.ts';
import { onednnSupport } from './onednn/support.ts';
import { createOnnxEngine, onnxSupport } from './onnx/onnx-engine.ts';

export interface EngineRequest {
  /** `auto` is the fastest that works here. */
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  /** Threads of a session; by default one for each core that the process may use. */
  readonly threads?: number;
  /** Compute also where it is slow, such as bfloat16 on a CPU without instructions for it: to measure how slow. */
  readonly emulate?: boolean;
}

export interface ChosenEngine {
  readonly engine: Engine;
  /** Why this one, as the end of a sentence, or undefined where it was asked for. */
  readonly reason?: string;
}

/** @throws UsageError for what no engine of that name offers
 * @throws RunError when the engine asked for is not here, or this CPU lacks what is asked */
export function chooseEngine({ engine, precision, threads, emulate = false }: EngineRequest): ChosenEngine {
  requireOffered(engine, precision);
  const options = { precision, emulate, ...(threads !== undefined && { threads }) };
  if (engine === 'onnx') return { engine: createOnnxEngine(threads) };
  if (engine === 'onednn') return { engine: createOnednnEngine(options) };
  // Only oneDNN computes in bfloat16: where it cannot, its own message says what to do.
  if (precision === 'bfloat16') return { engine: createOnednnEngine(options), reason: 'for bfloat16' };
  const support = onednnSupport(precision);
  return support.verdict === 'fast'
    ? { engine: createOnednnEngine(options), reason: 'the fastest that works here' }
    : { engine: createOnnxEngine(threads), reason: support.why };
}

/** What an engine can do in a precision here. Asked of the engine's library, once.
 * @throws RunError when files, threads or memory run out */
export function engineSupport(engine: EngineName, precision: Precision): Support {
  switch (engine) {
    case 'onednn':
      return onednnSupport(precision);
    case 'onnx':
      return onnxSupport(precision);
  }
}

/** Refuses what cannot be had on any machine.
 * @throws UsageError */
export function requireOffered(engine: EngineName | 'auto', precision: Precision): void {
  if (engine !== 'onnx' || precision === 'float32') return;
  throw new UsageError(
    `--engine onnx computes in float32 only; for --precision ${precision} use --engine onednn or auto`,
  );
}
