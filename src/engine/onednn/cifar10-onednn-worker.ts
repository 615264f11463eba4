/** The thread of a session: oneDNN's calls block it, never the main thread. */
import type { Graph } from '../../graph/graph.ts';
import { serve } from '../../threads/serve.ts';
import type { PrecisionOf } from '../offers.ts';
import type { SessionMethods } from '../worker-session.ts';
import { Execution } from './execution.ts';

/** What a session starts from. */
export interface SessionStart {
  readonly graph: Graph;
  readonly threads: number;
  readonly precision: PrecisionOf<'onednn'>;
}

serve<SessionStart, SessionMethods>(
  ({ graph, threads, precision }) => new Execution(graph, threads, precision),
);
