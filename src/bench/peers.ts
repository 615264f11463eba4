/**
 * Runs other programs that train the same network. A peer prints one line per variant, each a JSON object: `variant` is the name
 * of the variant, and either `images_per_sec` is its speed, or `failed` is the reason why it has none. Other lines are ignored. A
 * variant with bf16 or bfloat16 in its name counts as bfloat16, one with fp16 or float16 as float16, and any other as float32.
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

/** The environment of this process as it was before engines set variables for their libraries. */
export const peerEnvironment: NodeJS.ProcessEnv = { ...process.env };

/** Runs a peer once, until it ends.
 * @param command a shell command
 * @throws RunError when the command fails or prints no measurement */
export async function runPeer(command: string, signal?: AbortSignal): Promise<readonly PeerVariant[]> {
  // The peer runs in its own process group, so that everything the shell starts can be stopped.
  const child = spawn(command, {
    ...{ shell: true, detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
    env: peerEnvironment,
  });
  const stop = () => process.kill(-(child.pid ?? 0), 'SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const found: PeerVariant[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(...readPeerLine(line));
  const code = await exit;
  signal?.removeEventListener('abort', stop);
  requireRunning(signal);
  if (code !== 0) throw new RunError(`the peer "${command}" exited with code ${code}`);
  if (found.length === 0)
    throw new RunError(
      `the peer "${command}" printed no line like {"variant": "a name", "images_per_sec": 123}`,
    );
  return found;
}

/** Parses a line that a peer printed. Returns a list with its variant, or an empty list for any other line. */
export function readPeerLine(line: string): readonly PeerVariant[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null) return [];
  const { variant, images_per_sec: imagesPerSecond } = parsed as Readonly<Record<string, unknown>>;
  if (typeof variant !== 'string' || typeof imagesPerSecond !== 'number') return [];
  return [{ variant, imagesPerSecond, precision: precisionOf(variant) }];
}

function precisionOf(variant: string): Precision {
  if (/bf16|bfloat16/i.test(variant)) return 'bfloat16';
  return /fp16|float16/i.test(variant) ? 'float16' : 'float32';
}
