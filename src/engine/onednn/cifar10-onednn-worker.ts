/** The code of a session's thread. Calls to oneDNN block this thread instead of the main thread. */
import type { Graph } from '../../graph/graph.ts';
import { serve } from '../../threads/serve.ts';
import type { PrecisionOf } from '../offers.ts';
import type { SessionMethods } from '../worker-session.ts';
import { Execution, type ExecutionOptions } from './execution.ts';

/** What the main thread sends to start a session. */
export interface SessionStart extends ExecutionOptions {
  readonly graph: Graph;
  readonly threads: number;
  readonly precision: PrecisionOf<'onednn'>;
}

serve<SessionStart, SessionMethods>(
  ({ graph, threads, precision, ...options }) => new Execution(graph, threads, precision, options),
);
