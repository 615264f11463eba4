/** The curves of runs in the page: they are requested once, and then grow. New points may arrive while a request is under way. */
import type { Change, Curve, ScalarOverview } from '../wire.ts';
import { appended, emptyCurve, reducedCurve } from './curve.ts';

export interface KnownCurve {
  readonly curve: Curve;
  /** The number of points of the whole curve. */
  readonly count: number;
}

/** The curves of a run by their tags. */
export type KnownCurves = ReadonlyMap<string, KnownCurve>;

/** Points by tag, as a message of the server has them. */
type NewPoints = Change['points'][string];

/** Longer curves are reduced to half of these points, which keeps long sessions fast. */
const mostPoints = 2000;

interface Request {
  /** Which request of the page it is: a later one replaces it. */
  readonly number: number;
  /** The points that have arrived since. The answer may have been made before or after them. */
  readonly points: NewPoints[];
}

export class Overviews {
  readonly #known = new Map<string, KnownCurves>();
  readonly #requests = new Map<string, Request>();
  #count = 0;

  /** The curves that have arrived, by the id of the run. */
  get known(): ReadonlyMap<string, KnownCurves> {
    return new Map(this.#known);
  }

  /** Whether the curves of a run are known or under way. */
  has(id: string): boolean {
    return this.#known.has(id) || this.#requests.has(id);
  }

  /** Whether no request is under way. */
  get isComplete(): boolean {
    return this.#requests.size === 0;
  }

  get ids(): readonly string[] {
    return [...new Set([...this.#known.keys(), ...this.#requests.keys()])];
  }

  /** Notes that a request for a run begins. Returns its number. */
  request(id: string): number {
    const number = this.#count++;
    this.#requests.set(id, { number, points: [] });
    return number;
  }

  /** Takes an answer, and adds the points that arrived meanwhile. An answer to an earlier request is ignored.
   * @returns whether the curves changed */
  receive(id: string, number: number, { counts, curves }: ScalarOverview): boolean {
    const request = this.#requests.get(id);
    if (request?.number !== number) return false;
    this.#requests.delete(id);
    const numbers = new Map(Object.entries(counts));
    const known = new Map(
      Object.entries(curves).map(([tag, curve]) => {
        return [tag, { curve, count: numbers.get(tag) ?? curve.steps.length }] as const;
      }),
    );
    this.#known.set(id, request.points.reduce<KnownCurves>(grown, known));
    return true;
  }

  /** Notes that a request failed. What was known stays. */
  fail(id: string, number: number): void {
    if (this.#requests.get(id)?.number === number) this.#requests.delete(id);
  }

  /** Adds points of a run, if its curves are known or under way.
   * @returns whether the curves changed */
  add(id: string, points: NewPoints): boolean {
    this.#requests.get(id)?.points.push(points);
    const known = this.#known.get(id);
    if (known !== undefined) this.#known.set(id, grown(known, points));
    return known !== undefined;
  }

  /** Forgets a run. An answer that is under way is ignored. */
  forget(id: string): void {
    this.#known.delete(id);
    this.#requests.delete(id);
  }
}

function grown(known: KnownCurves, added: NewPoints): KnownCurves {
  const next = new Map(known);
  for (const [tag, points] of Object.entries(added)) {
    const { curve, count } = next.get(tag) ?? { curve: emptyCurve, count: 0 };
    const whole = appended(curve, points);
    next.set(tag, {
      curve: whole.steps.length > mostPoints ? reducedCurve(whole, mostPoints / 2) : whole,
      count: count + whole.steps.length - curve.steps.length,
    });
  }
  return next;
}
