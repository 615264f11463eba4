/** The thread of one session: oneDNN's calls block it, never the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Graph } from '../../graph/graph.ts';
import type { Precision } from '../engine.ts';
import { serveSession } from '../serve-session.ts';
import { Execution } from './execution.ts';

/** What the thread starts from. */
export interface SessionStart {
  readonly graph: Graph;
  readonly threads: number;
  readonly precision: Precision;
}

if (parentPort === null) throw new Error('session-worker runs as a worker thread');
const { graph, threads, precision } = workerData as SessionStart;

const ready = Promise.resolve().then(() => {
  const execution = new Execution(graph, threads, precision);
  return {
    write: (tensors: Parameters<Execution['write']>[0]) => execution.write(tensors),
    step: (...args: Parameters<Execution['step']>) => execution.step(...args),
    read: () => execution.read(),
    profile: (...args: Parameters<Execution['profile']>) => execution.profile(...args),
    release: () => execution.release(),
  };
});
serveSession(parentPort, ready);
