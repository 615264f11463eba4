/** The engine that runs graphs with oneDNN, the library that PyTorch and TensorFlow compute with on CPUs. */
import { Worker } from 'node:worker_threads';
import { RunError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { usableCores } from '../../machine/cores.ts';
import type { Engine, Precision, Session } from '../engine.ts';
import { SessionThreads } from '../session-threads.ts';
import { WorkerSession } from '../worker-session.ts';
import { openLibrary } from './native/library.ts';
import type { SessionStart } from './session-worker.ts';

/** Instruction sets from which bfloat16 is fast (dnnl_cpu_isa_t: AVX-512 with bfloat16). */
const bfloat16Isa = 0xe7;

const threadsOfSessions = new SessionThreads(
  () => new Worker(new URL('./session-worker.js', import.meta.url)),
);

export interface OnednnOptions {
  readonly threads?: number;
  readonly precision?: Precision;
  /** Take bfloat16 also where the CPU has no instructions for it: to measure how slow that is. */
  readonly emulate?: boolean;
}

/** @throws RunError when oneDNN is not on this machine, is too old, or the CPU lacks what is asked */
export function createOnednnEngine({
  threads = usableCores(),
  precision = 'float32',
  emulate = false,
}: OnednnOptions = {}): Engine {
  letThreadsRest();
  const { version } = openLibrary();
  if (precision === 'bfloat16' && !emulate) requireBfloat16();
  const library = `oneDNN ${version}`;
  return {
    name: 'onednn',
    library,
    precision,
    threads,
    compile: (graph) => compile(graph, threads, precision),
  };
}

/**
 * OpenMP's threads wait for work by spinning. A little is good, for the next primitive comes within microseconds; the
 * usual milliseconds would take the cores from the threads that prepare batches. The variable is GNU OpenMP's, read
 * when the library is opened, so it must be set before, on the main thread.
 */
function letThreadsRest(): void {
  if (process.env['OMP_WAIT_POLICY'] === undefined) process.env['GOMP_SPINCOUNT'] ??= '5000';
}

/** @throws RunError when this CPU would only emulate it */
function requireBfloat16(): void {
  const isa = Number(openLibrary().function('dnnl_get_effective_cpu_isa', 'int', [])());
  if ((isa & bfloat16Isa) === bfloat16Isa) return;
  throw new RunError(
    'this CPU has no bfloat16 instructions (AVX-512 BF16 or AMX), so bfloat16 would be slower than float32. ' +
      'Use --precision float32; cifar10 bench --engine onednn measures how they compare here.',
  );
}

function compile(graph: Graph, threads: number, precision: Precision): Promise<Session> {
  return WorkerSession.create(graph, {
    library: 'oneDNN',
    threads: threadsOfSessions,
    start: { graph, threads, precision } satisfies SessionStart,
    adviceFor: () => '',
  });
}
