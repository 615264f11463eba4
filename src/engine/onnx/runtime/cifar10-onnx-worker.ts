/**
 * The thread of a session. ONNX Runtime's `run` blocks the event loop of the thread that calls it, so the main
 * thread never does; it stays free for signals, files and the next batch.
 */
import { parentPort } from 'node:worker_threads';
import { serveSession } from '../../serve-session.ts';
import { OnnxExecution, type SessionStart } from './execution.ts';

if (parentPort === null) throw new Error('cifar10-onnx-worker runs as a worker thread');
serveSession<SessionStart>(parentPort, (start) => OnnxExecution.create(start));
