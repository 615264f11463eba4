/** Describes the devices that were tried for `--device auto`, and the choice. */
import type { DeviceTrial, FastestDevice } from '../run/fastest-device.ts';
import { oneLine, shortened } from '../wording.ts';
import type { JsonEvent } from './console.ts';
import { inFlags } from './option-flags.ts';

/** The maximum length of the reason why a device does not work. `doctor` shows all of it. */
const most = 200;

/** Returns a line such as `Device auto: cpu (onednn) 1,650 images/s, webgpu at most 31 images/s → cpu`, and one for each device that
 * does not work here. */
export function deviceLines({ device, trials }: FastestDevice): string {
  const rates = trials.flatMap((trial) => ('why' in trial ? [] : [rateOf(trial)]));
  const missing = trials.flatMap((trial) =>
    'why' in trial ? [oneLine(shortened(inFlags(trial.why).trim(), most))] : [],
  );
  const found = rates.length === 0 ? 'no other device offers this precision' : rates.join(', ');
  return [`Device auto: ${found} → ${device}`, ...missing.map((why) => `  ${why}`)].join('\n');
}

/** Returns the event that `--json` prints. */
export function deviceEvent({ device, trials }: FastestDevice): JsonEvent {
  const named = trials.map((trial) =>
    'why' in trial ? { ...trial, why: inFlags(trial.why).trim() } : trial,
  );
  return { kind: 'device', device, trials: named };
}

function rateOf({ device, engine, imagesPerSecond, isUpperBound }: Exclude<DeviceTrial, { why: string }>) {
  const rate = Number(imagesPerSecond.toPrecision(3)).toLocaleString('en-US');
  return `${device} (${engine}) ${isUpperBound ? 'at most ' : ''}${rate} images/s`;
}
