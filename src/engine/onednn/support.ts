/**
 * Finds out what oneDNN can do on this machine, by compiling and running a small training step with the same code that
 * compiles real training steps. The result is cached. Flags, `--engine auto`, bench, doctor and tests all use it.
 *
 * No list of processors or of their features is involved. Whether a 16-bit type is fast follows from the kernels that oneDNN
 * chooses for the convolutions, and from their measured speed:
 *
 *     float32    jit:avx512_core
 *     bfloat16   jit_bf16:avx512_core        the same instruction set: oneDNN converts to float32, which is slow
 *     bfloat16   jit_bf16:avx512_core_bf16   another one: instructions for this type exist
 *
 * The names give an expectation. Only a measurement that clearly contradicts it in every round changes the verdict, so that
 * other load on the machine does not.
 */
import { messageOf, RunError } from '../../errors.ts';
import { describeExhaustion, exhaustedResource } from '../../machine/exhaustion.ts';
import { requireMemory } from '../../machine/memory.ts';
import type { PlacedKernel, Support } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import { UnsupportedCall } from './describe.ts';
import { type Gaps, noGaps } from './gaps.ts';
import { instructionSet, instructionSetOf } from './instruction-set.ts';
import { openLibrary } from './native/library.ts';
import type { ProbeSize } from './probe-graph.ts';
import { isMatrixWork, isReference, startTrial, type TrialStep } from './trial-step.ts';

/** The bytes of memory needed by the library, and by the code that it compiles for a step. */
const libraryBytes = 64 * 2 ** 20;

/** The size of the step that is timed. Its convolutions take a few milliseconds. */
const timedSize = { batch: 16, channels: 64 };
const [leastRounds, mostRounds] = [3, 12];
/** A 16-bit type that is expected to be fast is slow if it is clearly slower than float32. One that is expected to be slow is fast if
 * it is clearly faster. */
const clearlySlower = 0.8;
const clearlyFaster = 1.25;

/** What computes in 16-bit types, for messages. */
const needs = {
  bfloat16: process.arch === 'arm64' ? 'BF16' : 'AVX-512 BF16, AMX or AVX10.2',
  float16:
    process.arch === 'arm64'
      ? 'FP16, and a oneDNN with the Arm Compute Library'
      : 'AVX-512 FP16, AMX-FP16 or AVX10, and oneDNN 3.0 or later',
} as const;

interface Probe {
  readonly support: Support;
  readonly gaps: Gaps;
}

const known = new Map<PrecisionOf<'onednn'>, Probe>();

/** Returns how well oneDNN computes in the precision, if at all. The first call takes 50 to 200 ms; the result is cached.
 * @throws RunError when files, threads or memory run out, which says nothing about the library */
export function onednnSupport(precision: PrecisionOf<'onednn'>): Support {
  return probed(precision).support;
}

/** Returns what oneDNN lacks in the precision on this CPU although it can train. The answer is cached with that of
 * `onednnSupport`.
 * @throws RunError when files, threads or memory run out */
export function onednnGaps(precision: PrecisionOf<'onednn'>): Gaps {
  return probed(precision).gaps;
}

function probed(precision: PrecisionOf<'onednn'>): Probe {
  const answer = known.get(precision) ?? probe(precision);
  known.set(precision, answer);
  return answer;
}

function probe(precision: PrecisionOf<'onednn'>): Probe {
  limitSpinning();
  let version: string;
  try {
    // oneDNN aborts the process when it cannot allocate memory for compiled code.
    requireMemory('oneDNN', libraryBytes, 'Use `engine: onnx`');
    ({ version } = openLibrary());
  } catch (error) {
    if (exhaustedResource(error) !== undefined) throw error;
    return { support: { verdict: 'missing', why: messageOf(error) }, gaps: noGaps };
  }
  try {
    const { kernels, gaps } = withTrial(precision, {}, (trial) => {
      trial.check();
      return trial;
    });
    return { support: speedOf(version, precision, kernels), gaps };
  } catch (error) {
    const exhausted = describeExhaustion(error);
    if (exhausted !== undefined)
      throw new RunError(`oneDNN ${version} cannot start: ${exhausted}`, { cause: error });
    const why = cannotCompute(version, precision, error);
    return { support: { verdict: 'impossible', why }, gaps: noGaps };
  }
}

function withTrial<T>(precision: PrecisionOf<'onednn'>, size: ProbeSize, use: (trial: TrialStep) => T): T {
  const trial = startTrial(precision, size);
  try {
    return use(trial);
  } finally {
    trial.close();
  }
}

function cannotCompute(version: string, precision: PrecisionOf<'onednn'>, error: unknown): string {
  if (precision === 'float32' || !(error instanceof UnsupportedCall))
    return `oneDNN ${version} cannot compute in ${precision} on this CPU (${messageOf(error)})`;
  return (
    `this CPU has no ${precision} instructions that oneDNN ${version} can train with (it uses ${instructionSet()}; ` +
    `${precision} needs ${needs[precision]})`
  );
}

/** Returns whether the precision, which works, is fast. */
function speedOf(
  version: string,
  precision: PrecisionOf<'onednn'>,
  kernels: readonly PlacedKernel[],
): Support {
  const slow = kernels.find(({ op, kernel }) => isMatrixWork(op) && isReference(kernel));
  if (slow !== undefined) {
    const why = `oneDNN ${version} only has reference code for ${precision} on this CPU (${slow.op}: ${slow.kernel})`;
    return { verdict: 'emulated', why };
  }
  if (precision === 'float32') return { verdict: 'fast' };
  const expectsFast = usesOtherInstructions(
    convolutionsOf(kernels),
    convolutionsOf(withTrial('float32', {}, (trial) => trial.kernels)),
  );
  const speed = relativeSpeed(precision, expectsFast);
  if (speed > (expectsFast ? clearlySlower : clearlyFaster)) return { verdict: 'fast' };
  const why =
    `this CPU has no fast ${precision} instructions, so oneDNN ${version} is slower than in float32: ` +
    `convolutions and products have ${speed.toFixed(2)} × the speed (${convolutionsOf(kernels)[0]})`;
  // The tutorial's `--use-fp16` works everywhere. bfloat16 is only for speed.
  return { verdict: precision === 'float16' ? 'slow' : 'emulated', why };
}

function convolutionsOf(kernels: readonly PlacedKernel[]): readonly string[] {
  return kernels.flatMap(({ op, kernel }) => (op.startsWith('Conv2D') ? [kernel] : []));
}

/** Whether every convolution uses another instruction set than in float32, according to the names of the kernels. */
export function usesOtherInstructions(reduced: readonly string[], exact: readonly string[]): boolean {
  return reduced.every((kernel, index) => {
    const [used, usual] = [instructionSetOf(kernel), instructionSetOf(exact[index] ?? '')];
    return used !== undefined && usual !== undefined && used !== usual;
  });
}

/** Measures the speed of convolutions and products in the precision, relative to float32. Rounds alternate between the two, and end
 * as soon as the measurement does not contradict the expectation. */
function relativeSpeed(precision: PrecisionOf<'onednn'>, expectsFast: boolean): number {
  return withTrial(precision, timedSize, (reduced) =>
    withTrial('float32', timedSize, (exact) => {
      const fastest = { reduced: Number.POSITIVE_INFINITY, exact: Number.POSITIVE_INFINITY };
      for (let round = 0; round < mostRounds; round++) {
        fastest.exact = Math.min(fastest.exact, exact.time());
        fastest.reduced = Math.min(fastest.reduced, reduced.time());
        const speed = fastest.exact / fastest.reduced;
        const agrees = expectsFast ? speed > clearlySlower : speed < clearlyFaster;
        if (agrees && round + 1 >= leastRounds) break;
      }
      return fastest.exact / fastest.reduced;
    }),
  );
}

/**
 * Limits how long OpenMP's threads spin while they wait for work. A short spin helps, because the next primitive follows
 * within microseconds. The default of several milliseconds would take cores from the threads that prepare batches. GNU OpenMP
 * reads GOMP_SPINCOUNT when the library is loaded, so the variable must be set before that, on the main thread.
 */
function limitSpinning(): void {
  if (process.env['OMP_WAIT_POLICY'] === undefined) process.env['GOMP_SPINCOUNT'] ??= '5000';
}
