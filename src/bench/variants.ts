/** The variants to measure: the engines, precisions and numbers of towers and threads that work on this machine. */
import { type Device, deviceParts } from '../engine/device.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, offersWith, type Precision } from '../engine/offers.ts';
import { counted } from '../wording.ts';

/** How threads are divided among towers. */
export interface Division {
  readonly towers: number;
  /** The number of threads of each tower. */
  readonly threads: number;
}

/** The divisions of a number of threads among one, two or as many towers as possible. */
export function divisionsOf(threads: number): readonly Division[] {
  return [...new Set([1, 2, threads])]
    .filter((towers) => threads % towers === 0)
    .map((towers) => ({ towers, threads: threads / towers }));
}

export interface Variant {
  readonly engine: Engine;
  /** The number of towers, which share the threads of the engine. */
  readonly towers: number;
  /** The name, such as `onednn bfloat16, 2 threads`, `onnx float32, 2 towers × 1` for towers of one thread, or
   * `onnx float32 on webgpu`. */
  readonly title: string;
  /** Whether the CPU lacks the instructions for the precision. The variant can then be measured, but it is too slow for
   * training. */
  readonly emulated: boolean;
}
/** An engine and a precision on a device that cannot be measured here. */
export interface MissingVariant {
  /** The name, such as `onednn bfloat16`. */
  readonly title: string;
  readonly verdict: 'impossible' | 'missing';
  readonly why: string;
}
export interface Variants {
  readonly available: readonly Variant[];
  /** The variants that were requested but do not work here. */
  readonly missing: readonly MissingVariant[];
}

/** What to measure. An omitted option means all values; an omitted device means the CPU. */
export interface WantedVariants {
  readonly engine?: EngineName | undefined;
  readonly precision?: Precision | undefined;
  /** `auto` means one device of each kind. */
  readonly device?: DeviceChoice | undefined;
}

/** Finds the variants to measure: the requested engines and precisions, or all of them. On the CPU, each is measured with every
 * division of the threads; on other devices with one tower and all threads. The variants include bfloat16 where it is only emulated,
 * to show how slow that is. */
export function findVariants(
  { engine: wanted, precision: type, device: named = 'cpu' }: WantedVariants,
  divisions: readonly Division[],
): Variants {
  const available: Variant[] = [];
  const missing: MissingVariant[] = [];
  const whole = { towers: 1, threads: Math.max(...divisions.map((one) => one.towers * one.threads)) };
  const offers = offersWith({
    ...(wanted !== undefined && { engine: wanted }),
    ...(type !== undefined && { precision: type }),
    ...(named !== 'auto' && { device: deviceParts(named).kind }),
  });
  for (const { engine, precision, device: kind } of offers) {
    const device = named === 'auto' ? kind : named;
    const support = engineSupport(engine, precision, device);
    if (support.verdict === 'impossible' || support.verdict === 'missing') {
      missing.push({ title: titleOf(engine, precision, device), verdict: support.verdict, why: support.why });
      continue;
    }
    for (const { towers, threads } of device === 'cpu' ? divisions : [whole]) {
      const choice = { engine, precision, device, threads: towers * threads, emulate: true };
      const chosen = chooseEngine(choice);
      available.push(variant(chosen.engine, towers, support.verdict === 'emulated'));
    }
  }
  return { available, missing };
}

function variant(engine: Engine, towers: number, emulated: boolean): Variant {
  const { name, precision, device, threads } = engine;
  const division = towers === 1 ? counted(threads, 'thread') : `${towers} towers × ${threads / towers}`;
  const of = titleOf(name, precision, device);
  const title = device === 'cpu' ? `${of}, ${division}` : of;
  return { engine, towers, emulated, title: emulated ? `${title} (emulated)` : title };
}

function titleOf(engine: EngineName, precision: Precision, device: Device): string {
  return device === 'cpu' ? `${engine} ${precision}` : `${engine} ${precision} on ${device}`;
}
