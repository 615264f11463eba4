/** The table of what the engines do well on this machine, from the trials of all of them. */
import { usedInstructions } from '../engine/engines.ts';
import { messageOf } from '../errors.ts';
import { usableCores } from '../machine/cores.ts';
import { counted } from '../wording.ts';
import type { Finding } from './checks.ts';
import type { EngineTrial } from './engines.ts';

/** A row of the table. */
export interface Capability
  extends Pick<EngineTrial, 'engine' | 'device' | 'precision' | 'verdict' | 'kernels'> {
  /** The training speed, or null if the engine does not train. */
  readonly imagesPerSecond: number | null;
  /** The training speed relative to float32 of the same engine, or null if one of them does not train. */
  readonly relativeSpeed: number | null;
}

export function capabilitiesOf(trials: readonly EngineTrial[]): readonly Capability[] {
  return trials.map(({ finding, imagesPerSecond, ...trial }) => {
    const usual = trials.find(
      ({ engine, device, precision }) =>
        engine === trial.engine && device === trial.device && precision === 'float32',
    )?.imagesPerSecond;
    const known = imagesPerSecond !== undefined && usual !== undefined;
    return {
      ...trial,
      imagesPerSecond: imagesPerSecond ?? null,
      relativeSpeed: known ? imagesPerSecond / usual : null,
    };
  });
}

/** Returns which instructions oneDNN uses, as it reports them itself. */
export function instructionSetFinding(): Finding {
  const subject = 'instruction set';
  try {
    const limit = process.env['ONEDNN_MAX_CPU_ISA'];
    const limited = limit === undefined ? '' : `, limited by ONEDNN_MAX_CPU_ISA=${limit}`;
    const text = `${usedInstructions().join('; ')}${limited}, ${counted(usableCores(), 'thread')}`;
    return { verdict: 'ok', subject, text };
  } catch (error) {
    return { verdict: 'note', subject, text: `known only to oneDNN: ${messageOf(error)}` };
  }
}
