/** Checks which devices other than the CPU work here, and how fast they are. */
import type { DeviceKind } from '../engine/device.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { deviceKinds, offersWith } from '../engine/offers.ts';
import { messageOf } from '../errors.ts';
import type { Finding } from './checks.ts';
import { rounded, trialSpeed } from './trial.ts';

/** The devices to try. */
export const triedDevices: readonly DeviceKind[] = deviceKinds.filter((kind) => kind !== 'cpu');

/** The number of images in a step of the trial. A GPU in software needs seconds for a step. */
const batchSize = 8;

/** Tries a device: finds out whether it works, and times one step. Training works without such a device, so none of the findings is
 * `missing`. */
export async function tryDevice(device: DeviceKind, onProgress: (what: string) => void): Promise<Finding> {
  const subject = `device ${device}`;
  const note = (text: string): Finding => ({ verdict: 'note', subject, text });
  onProgress(`${subject} …`);
  try {
    const [offer] = offersWith({ device, precision: 'float32' });
    if (offer === undefined) return note('no engine computes on it in float32');
    const support = engineSupport(offer.engine, 'float32', device);
    if ('why' in support && support.verdict !== 'slow') return note(support.why.trim());
    const { engine } = chooseEngine({ ...offer, device, emulate: true });
    onProgress(`${subject}: timing a step …`);
    const imagesPerSecond = await trialSpeed(engine, { batchSize, steps: 1 });
    const found = 'why' in support ? support.why : (support.adapter ?? 'works');
    const rate = `trains, about ${rounded(imagesPerSecond)} images/s in batches of ${batchSize}`;
    return { verdict: 'ok', subject, text: `${found}: ${rate} (${engine.library})` };
  } catch (error) {
    return note(messageOf(error));
  }
}
