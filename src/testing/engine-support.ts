/**
 * Which of the engines' offers work on this machine. To find out whether a device other than the CPU works, a process is started that
 * tries it (`device-probe.ts`). `npm test` does this once, and passes the answers to all test files in a variable of the environment:
 *
 *     CIFAR10_TEST_SUPPORT={"onnx on webgpu in float32": false, "onnx on cuda in float32": "`device: cuda` does not work here: …"}
 */
import { engineSupport } from '../engine/engines.ts';
import { allOffers, type Offer } from '../engine/offers.ts';

const known: Readonly<Record<string, string | false>> = JSON.parse(
  process.env['CIFAR10_TEST_SUPPORT'] ?? '{}',
);

/** Returns why an offer is not fast here, or false if it is. */
export function reasonToSkip(offer: Offer): string | false {
  return known[keyOf(offer)] ?? findOut(offer);
}

function findOut({ engine, device, precision }: Offer): string | false {
  const support = engineSupport(engine, precision, device);
  return support.verdict === 'fast' ? false : support.why;
}

function keyOf({ engine, device, precision }: Offer): string {
  return `${engine} on ${device} in ${precision}`;
}

/** Returns the offers on devices other than the CPU, each with the reason to skip it. */
export function devicesToSkip(): Readonly<Record<string, string | false>> {
  const others = allOffers.filter(({ device }) => device !== 'cpu');
  return Object.fromEntries(others.map((offer) => [keyOf(offer), findOut(offer)]));
}
