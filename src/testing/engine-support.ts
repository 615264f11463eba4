/**
 * Which of the engines' offers work on this machine. To find out whether a device other than the CPU works, a process is started that
 * tries it (`device-probe.ts`). `npm test` does this once, and passes the answers to all test files in a variable of the environment:
 *
 *     CIFAR10_TEST_SUPPORT={"onnx on webgpu in float32": {"verdict": "fast"}, …}
 */
import type { Support } from '../engine/engine.ts';
import { engineSupport } from '../engine/engines.ts';
import { allOffers, type Offer } from '../engine/offers.ts';

const known: Readonly<Record<string, Support>> = JSON.parse(process.env['CIFAR10_TEST_SUPPORT'] ?? '{}');

/** Returns why an offer does not work here, or false if it does. With `fast`, it must also be fast enough for training. */
export function reasonToSkip(
  offer: Offer,
  { fast = false }: { readonly fast?: boolean } = {},
): string | false {
  const support = known[keyOf(offer)] ?? supportOf(offer);
  const works = fast ? ['fast', 'slow'] : ['fast', 'slow', 'emulated'];
  return 'why' in support && !works.includes(support.verdict) ? support.why : false;
}

/** Returns how well the offers on devices other than the CPU work here. */
export function deviceSupports(): Readonly<Record<string, Support>> {
  const others = allOffers.filter(({ device }) => device !== 'cpu');
  return Object.fromEntries(others.map((offer) => [keyOf(offer), supportOf(offer)]));
}

/** Returns what tests with another oneDNN, or with another setting of it, know: whatever computes without oneDNN counts as missing,
 * because `npm test` has tested it. */
export function supportOfOnednnAlone(): Readonly<Record<string, Support>> {
  const others = allOffers.filter(({ engine }) => engine !== 'onednn');
  const support: Support = { verdict: 'missing', why: '`npm test` tests what computes without oneDNN' };
  return Object.fromEntries(others.map((offer) => [keyOf(offer), support]));
}

function supportOf({ engine, device, precision }: Offer): Support {
  return engineSupport(engine, precision, device);
}

function keyOf({ engine, device, precision }: Offer): string {
  return `${engine} on ${device} in ${precision}`;
}
