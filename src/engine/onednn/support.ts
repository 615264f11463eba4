/**
 * Finds out what oneDNN can do on this machine, by compiling and running a small training step with the same code that
 * compiles real training steps. The result is cached. Flags, `--engine auto`, bench, doctor and tests all use it.
 */
import { messageOf, RunError } from '../../errors.ts';
import { describeExhaustion, exhaustedResource } from '../../machine/exhaustion.ts';
import { requireMemory } from '../../machine/memory.ts';
import { float32, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { PartTime, Support } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import { Execution } from './execution.ts';
import { openLibrary } from './native/library.ts';
import { probeGraph } from './probe-graph.ts';

/** The instruction sets with bfloat16 (dnnl_cpu_isa_t: AVX-512 BF16), and the value for processors that are not x86. */
const [bfloat16Isa, unknownIsa] = [0xe7, 0];

/** The bytes of memory needed by the library, and by the code that it compiles for a step. */
const libraryBytes = 64 * 2 ** 20;

const known = new Map<PrecisionOf<'onednn'>, Support>();

/** Returns how well oneDNN computes in the precision, if at all. The first call takes about 50 ms; the result is cached.
 * @throws RunError when files, threads or memory run out, which says nothing about the library */
export function onednnSupport(precision: PrecisionOf<'onednn'>): Support {
  const answer = known.get(precision) ?? probe(precision);
  known.set(precision, answer);
  return answer;
}

function probe(precision: PrecisionOf<'onednn'>): Support {
  limitSpinning();
  let version: string;
  try {
    // oneDNN aborts the process when it cannot allocate memory for compiled code.
    requireMemory('oneDNN', libraryBytes, 'Use `engine: onnx`');
    ({ version } = openLibrary());
  } catch (error) {
    if (exhaustedResource(error) !== undefined) throw error;
    return { verdict: 'missing', why: messageOf(error) };
  }
  let parts: readonly PartTime[];
  try {
    parts = trialStep(precision);
  } catch (error) {
    const exhausted = describeExhaustion(error);
    if (exhausted !== undefined)
      throw new RunError(`oneDNN ${version} cannot start: ${exhausted}`, { cause: error });
    return { verdict: 'impossible', why: cannotCompute(version, precision, messageOf(error)) };
  }
  const why = slowness(version, precision, parts);
  return why === undefined ? { verdict: 'fast' } : { verdict: 'emulated', why };
}

/** Runs steps of the probe graph and returns the parts of a step, with the implementation that oneDNN chose for each.
 * @throws Error when the step fails, or its loss is not that of an untrained network */
function trialStep(precision: PrecisionOf<'onednn'>): readonly PartTime[] {
  const graph = probeGraph();
  const execution = new Execution(graph, 1, precision);
  try {
    const shape = graph.inputs.get('images')?.shape ?? [];
    const feeds = new Map<string, Tensor>([
      ['images', float32(shape, new Float32Array(sizeOf(shape)).fill(1))],
      ['labels', { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
      ['learning_rate', scalar(0.1)],
    ]);
    const loss = Number(execution.step(feeds).get('loss')?.data[0]);
    if (!(Math.abs(loss - Math.log(10)) < 0.01)) throw new Error(`expected a loss of ln 10, found ${loss}`);
    return execution.profile(feeds, 1);
  } finally {
    execution.close();
  }
}

function cannotCompute(version: string, precision: PrecisionOf<'onednn'>, message: string): string {
  if (precision === 'bfloat16' && !hasBfloat16())
    return `this CPU has no bfloat16 instructions (AVX-512 BF16 or AMX), and oneDNN ${version} does not emulate them on it`;
  return `oneDNN ${version} cannot compute in ${precision} on this CPU (${message})`;
}

/** Returns why the precision is slow here, or undefined if it is not. */
function slowness(
  version: string,
  precision: PrecisionOf<'onednn'>,
  parts: readonly PartTime[],
): string | undefined {
  if (precision === 'bfloat16' && !hasBfloat16())
    return 'this CPU has no bfloat16 instructions (AVX-512 BF16 or AMX), so bfloat16 is slower than float32';
  const slow = parts.find(({ op, code }) => /^(Conv2D|MatMul)/.test(op) && /\bref\b/.test(code));
  return (
    slow &&
    `oneDNN ${version} only has reference code for ${precision} on this CPU (${slow.op}: ${slow.code})`
  );
}

function hasBfloat16(): boolean {
  const isa = Number(openLibrary().function('dnnl_get_effective_cpu_isa', 'int', [])());
  return isa === unknownIsa || (isa & bfloat16Isa) === bfloat16Isa;
}

/**
 * Limits how long OpenMP's threads spin while they wait for work. A short spin helps, because the next primitive follows
 * within microseconds. The default of several milliseconds would take cores from the threads that prepare batches. GNU OpenMP
 * reads GOMP_SPINCOUNT when the library is loaded, so the variable must be set before that, on the main thread.
 */
function limitSpinning(): void {
  if (process.env['OMP_WAIT_POLICY'] === undefined) process.env['GOMP_SPINCOUNT'] ??= '5000';
}
