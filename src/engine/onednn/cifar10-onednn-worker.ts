/** The thread of a session. oneDNN's calls block this thread instead of the main thread. */
import { parentPort } from 'node:worker_threads';
import type { Graph } from '../../graph/graph.ts';

import type { PrecisionOf } from '../offers.ts';
import { serveSession } from '../serve-session.ts';
import { Execution } from './execution.ts';

/** What the main thread sends to start a session. */
export interface SessionStart {
  readonly graph: Graph;
  readonly threads: number;
  readonly precision: PrecisionOf<'onednn'>;
}

if (parentPort === null) throw new Error('cifar10-onednn-worker runs as a worker thread');
serveSession<SessionStart>(
  parentPort,
  ({ graph, threads, precision }) => new Execution(graph, threads, precision),
);
