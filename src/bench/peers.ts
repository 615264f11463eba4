/**
 * Other programs that train the same network. A peer prints one JSON object a line for each way it knows, with `variant`
 * (a name) and `images_per_sec`, or `failed` and the reason; other lines are passed over. A variant whose name has bf16 or
 * bfloat16 in it counts as bfloat16, every other as float32.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Precision } from '../engine/engine.ts';
import { RunError, requireRunning } from '../errors.ts';

export interface PeerVariant {
  readonly variant: string;
  readonly precision: Precision;
  readonly imagesPerSecond: number;
}

/** Runs the program once, to its end.
 * @param command as it would be typed in a shell
 * @throws RunError when it fails, or measures nothing */
export async function runPeer(command: string, signal?: AbortSignal): Promise<readonly PeerVariant[]> {
  // A group of its own, so that what the shell has started can be stopped with it.
  const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => process.kill(-(child.pid ?? 0), 'SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const found: PeerVariant[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(...readPeerLine(line));
  const code = await exit;
  signal?.removeEventListener('abort', stop);
  requireRunning(signal);
  if (code !== 0) throw new RunError(`the peer "${command}" left with exit code ${code}`);
  if (found.length === 0)
    throw new RunError(
      `the peer "${command}" printed no line like {"variant": "a name", "images_per_sec": 123}`,
    );
  return found;
}

/** What a line of a peer says: one variant, or nothing. */
export function readPeerLine(line: string): readonly PeerVariant[] {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof said !== 'object' || said === null) return [];
  const { variant, images_per_sec: imagesPerSecond } = said as Readonly<Record<string, unknown>>;
  if (typeof variant !== 'string' || typeof imagesPerSecond !== 'number') return [];
  return [{ variant, imagesPerSecond, precision: /bf16|bfloat16/i.test(variant) ? 'bfloat16' : 'float32' }];
}
