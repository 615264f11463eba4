/** The messages between a thread and the service in it: method calls by name, and one reply to each call, in order. */
import { isArrayBuffer, isMap } from 'node:util/types';
import type { Thrown } from './thrown.ts';

/** The methods of a service. Arguments and results are copied between threads, unless their memory is shared or transferred. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A service is the implementation of the methods, inside the thread. */
export type Service<M extends Methods> = {
  readonly [K in keyof M]: (...args: Parameters<M[K]>) => ReturnType<M[K]> | Promise<ReturnType<M[K]>>;
} & {
  /** Ends the service. Afterwards the thread can start another service. */
  readonly close?: () => void | Promise<void>;
};

export interface Call {
  /** `begin`, `close`, or one of the service's methods. */
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly thrown: Thrown }
  /** A notification that is not a reply to a call. */
  | { readonly kind: 'notice'; readonly notice: string };

/** Returns the buffers of all arrays in a value, which may be nested in objects, lists and maps. Shared memory is not
 * included. */
export function memoryOf(value: unknown): readonly ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    if (isArrayBuffer(part)) found.add(part);
    else if (ArrayBuffer.isView(part)) visit(part.buffer);
    else for (const inner of isMap(part) ? part.values() : Object.values(part)) visit(inner);
  };
  visit(value);
  return [...found];
}
