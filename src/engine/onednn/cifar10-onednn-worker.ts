/** The code of a session's thread. Calls to oneDNN block this thread instead of the main thread. */
import type { Graph } from '../../graph/graph.ts';
import { serve } from '../../threads/serve.ts';
import type { ExchangeStart } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import type { SessionMethods } from '../worker-session.ts';
import { Execution } from './execution.ts';

/** What the main thread sends to start a session. */
export interface SessionStart {
  readonly graph: Graph;
  readonly threads: number;
  readonly precision: PrecisionOf<'onednn'>;
  /** How the session averages exchanged values with others. Undefined: it does not. */
  readonly exchange: ExchangeStart | undefined;
}

serve<SessionStart, SessionMethods>(
  ({ graph, threads, precision, exchange }) => new Execution(graph, threads, precision, exchange),
);
