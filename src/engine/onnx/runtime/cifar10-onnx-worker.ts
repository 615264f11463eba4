/**
 * The code of a session's thread. ONNX Runtime's `run` blocks the event loop of the thread that calls it. Calling it here
 * keeps the main thread free for signals, files and the next batch.
 */
import { serve } from '../../../threads/serve.ts';
import type { SessionMethods } from '../../worker-session.ts';
import { OnnxExecution, type SessionStart } from './execution.ts';

serve<SessionStart, SessionMethods>(OnnxExecution.create);
