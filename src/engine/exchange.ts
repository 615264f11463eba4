/**
 * The exchange in the middle of a step: a session averages the exchanged values of its graph with those of the other members of
 * its group (`graph/results.ts`, role `exchanged`). It runs in the thread of the session and blocks it until all members have
 * computed their values.
 */
import type { Collective } from '../collective/collective.ts';
import { joinGroup } from '../collective/join-group.ts';
import type { ExchangeStart, PlacedKernel } from './engine.ts';

/** Returns the name of the output that contains a session's own value of an exchanged scalar, before the exchange. */
export function ownName(exchanged: string): string {
  return `own/${exchanged}`;
}

/** The exchange in a profile of a step. Its time includes the wait for the other members. */
export const exchangePart = { op: 'Exchange', name: 'exchange', code: 'average' } as const;

/** The exchange in the placement of a step. It averages in the memory of the process. */
export const exchangeKernel: PlacedKernel = {
  ...{ op: exchangePart.op, name: exchangePart.name, kernel: exchangePart.code },
  ...{ device: '/device:CPU:0', fused: [] },
};

export class Exchange {
  readonly #group: Collective;
  readonly #weight: number;

  constructor({ group, weight }: ExchangeStart) {
    this.#group = joinGroup(group);
    this.#weight = weight;
  }

  /** Replaces the values by their weighted averages over all members, which are the same bits at every member.
   * @throws RunError when another member failed */
  average(values: readonly Float32Array[]): void {
    this.#group.sum(values, this.#weight);
  }

  close(): void {
    this.#group.leave();
  }
}
