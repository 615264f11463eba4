/**
 * What each engine offers on machines that support it. Types, flags, the choice of an engine, the benchmark and tests are
 * derived from this table. If an engine, precision or device is added here, the code does not compile until registry.ts has
 * a maker for it.
 */

export const offers = {
  onnx: { precisions: ['float32'], devices: ['cpu'] },
  onednn: { precisions: ['float32', 'bfloat16'], devices: ['cpu'] },
} as const;

/** The name of an engine. */
export type EngineName = keyof typeof offers;
/** The element type of activations and matrix operations. Variables, their averages and the loss are always float32. */
export type PrecisionOf<E extends EngineName> = (typeof offers)[E]['precisions'][number];
export type DeviceOf<E extends EngineName> = (typeof offers)[E]['devices'][number];
/** The type in which an engine computes. */
export type Precision = PrecisionOf<EngineName>;
export type Device = DeviceOf<EngineName>;

export const engineNames: readonly EngineName[] = Object.keys(offers) as readonly EngineName[];
/** The values of the `engine` option. `auto` selects the fastest engine that works on this machine. */
export const engineChoices: readonly ('auto' | EngineName)[] = ['auto', ...engineNames];
export const precisions: readonly Precision[] = [
  ...new Set(engineNames.flatMap((name): readonly Precision[] => offers[name].precisions)),
];

export function offersPrecision<E extends EngineName>(
  engine: E,
  precision: Precision,
): precision is PrecisionOf<E> {
  const offered: readonly Precision[] = offers[engine].precisions;
  return offered.includes(precision);
}
