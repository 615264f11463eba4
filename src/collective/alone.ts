/** The group of a single member. */
import type { Collective } from './collective.ts';

export class Alone implements Collective {
  readonly rank = 0;
  readonly size = 1;

  sum(parts: readonly Float32Array[], weight: number = 1): void {
    if (weight === 1) return;
    for (const part of parts)
      for (let index = 0; index < part.length; index++) part[index] = (part[index] as number) * weight;
  }

  broadcast(): void {}

  barrier(): void {}

  allAgree(agrees: boolean): boolean {
    return agrees;
  }

  leave(): void {}
}
