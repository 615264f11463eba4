/**
 * Starts a training run again and again, and kills it at random moments, until a start reaches the end. Every second kill comes a few
 * steps after a checkpoint, so that there is something to resume from. The others come at any time: during start, compilation, saving
 * or exit.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomStream } from '../tensor/random.ts';
import { type Outcome, stepsIn } from './program.ts';

/** A run that was started. */
export interface Victim {
  readonly outcome: Promise<Outcome>;
  /** Kills the run. Returns whether there was something to kill. */
  readonly kill: () => boolean;
}

export interface Storm {
  /** Starts or resumes the run. `onLine` receives its output line by line. */
  readonly start: (onLine: (line: string) => void) => Victim;
  readonly kills: number;
  /** The total number of steps of the run. */
  readonly steps: number;
  readonly stream: RandomStream;
  /** The time of a whole run in milliseconds. */
  readonly wholeMillis: number;
}

export interface Survived {
  /** The first step of every start that made one. */
  readonly starts: readonly number[];
  /** The number of starts that a kill ended. The others had ended before. */
  readonly killed: number;
}

/** Kills the run as often as requested, and lets it end.
 * @throws AssertionError when it ends with an error */
export async function survive(storm: Storm): Promise<Survived> {
  const starts: number[] = [];
  for (let killed = 0, start = 0; ; start++) {
    const kill = start % 2 === 0 ? killedAtStep : killedAtRandomTime;
    const { outcome, isKilled } =
      killed < storm.kills
        ? await kill(storm)
        : { outcome: await storm.start(() => {}).outcome, isKilled: false };
    const [first] = stepsIn(outcome.output);
    if (first !== undefined) starts.push(first);
    if (isKilled && outcome.shellCode !== 0) {
      killed++;
      continue;
    }
    assert.equal(outcome.shellCode, 0, outcome.errors);
    return { starts, killed };
  }
}

interface Killed {
  readonly outcome: Outcome;
  readonly isKilled: boolean;
}

/** Kills the run a few steps after the first checkpoint that this start can reach, and then somewhere within a step. */
async function killedAtStep({ start, steps, stream }: Storm): Promise<Killed> {
  let at: number | undefined;
  let isKilled = false;
  const victim = start((line) => {
    const [, step] = /: step (\d+), loss/.exec(line) ?? [];
    if (step === undefined) return;
    at ??= Math.min(steps - 6, Number(step) + 6 + stream.below(30));
    if (Number(step) === at)
      void sleep(stream.below(40)).then(() => {
        isKilled = victim.kill();
      });
  });
  const outcome = await victim.outcome;
  return { outcome, isKilled };
}

/** Kills the run at a random moment, uniformly distributed between its start and the end of a whole run. */
async function killedAtRandomTime({ start, stream, wholeMillis }: Storm): Promise<Killed> {
  const victim = start(() => {});
  let isKilled = false;
  let timer = setTimeout(function strike() {
    isKilled = victim.kill();
    // There may be no process yet.
    if (!isKilled) timer = setTimeout(strike, 20);
  }, stream.uniform() * wholeMillis);
  const outcome = await victim.outcome;
  clearTimeout(timer);
  return { outcome, isKilled };
}
