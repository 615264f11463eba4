/**
 * What each engine offers: the precisions by kind of device. Types, flags, the choice of an engine, the benchmark and tests
 * are derived from this table. If an engine, device or precision is added here, the code does not compile until registry.ts has
 * a maker for it.
 */
import type { DeviceKind } from './device.ts';

export const offers = {
  onnx: { cpu: ['float32', 'float16'], webgpu: ['float32', 'float16'], cuda: ['float32', 'float16'] },
  onednn: { cpu: ['float32', 'bfloat16', 'float16'] },
} as const;

type Offers = typeof offers;

/** The name of an engine. */
export type EngineName = keyof Offers;
type PrecisionTable = {
  readonly [E in EngineName]: { readonly [D in keyof Offers[E]]: Elements<Offers[E][D]> };
};
type Elements<List> = List extends readonly (infer Item)[] ? Item : never;
type AnyOf<Table> = Table[keyof Table];

/** The kinds of devices of an engine. */
export type DeviceKindOf<E extends EngineName> = keyof PrecisionTable[E];
/** The precisions of an engine on a kind of device. */
export type PrecisionOn<E extends EngineName, D extends DeviceKindOf<E>> = PrecisionTable[E][D];
/** The element type of activations and matrix operations. Variables, their averages and the loss are always float32. */
export type PrecisionOf<E extends EngineName> = { readonly [F in EngineName]: AnyOf<PrecisionTable[F]> }[E];
/** The type in which an engine computes. */
export type Precision = PrecisionOf<EngineName>;

/** An engine, a kind of device and a precision that the engine offers there. */
export interface Offer {
  readonly engine: EngineName;
  readonly device: DeviceKind;
  readonly precision: Precision;
}

export const engineNames: readonly EngineName[] = Object.keys(offers) as readonly EngineName[];
/** The values of the `engine` option. `auto` selects the fastest engine that works on this machine. */
export const engineChoices: readonly ('auto' | EngineName)[] = ['auto', ...engineNames];

/** All offers, in the order of the table. */
export const allOffers: readonly Offer[] = engineNames.flatMap((engine) => {
  const devices: { readonly [D in DeviceKind]?: readonly Precision[] } = offers[engine];
  return (Object.keys(devices) as readonly DeviceKind[]).flatMap((device) =>
    (devices[device] ?? []).map((precision) => ({ engine, device, precision })),
  );
});

export const precisions: readonly Precision[] = [...new Set(allOffers.map(({ precision }) => precision))];
export const deviceKinds: readonly DeviceKind[] = [...new Set(allOffers.map(({ device }) => device))];

/** Returns the offers with the given properties. */
export function offersWith(wanted: Partial<Offer>): readonly Offer[] {
  return allOffers.filter(
    ({ engine, device, precision }) =>
      (wanted.engine ?? engine) === engine &&
      (wanted.device ?? device) === device &&
      (wanted.precision ?? precision) === precision,
  );
}

/** Returns the precisions of an engine on a kind of device, or on any if none is given. */
export function precisionsOf(engine: EngineName, device?: DeviceKind): readonly Precision[] {
  const found = offersWith({ engine, ...(device !== undefined && { device }) });
  return [...new Set(found.map(({ precision }) => precision))];
}
