/** The points of one curve in typed arrays that grow. */

/** A curve with all its points. The three arrays have the same length. */
export interface Points {
  readonly steps: Float64Array;
  /** Seconds since 1970. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Small, because a file may have many tags with few points. */
const firstCapacity = 4;

export class Series {
  #points: Points = emptyPoints(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The points. The arrays are valid until points are added or discarded. */
  get points(): Points {
    return sliceOf(this.#points, 0, this.#length);
  }

  add(step: number, time: number, value: number): void {
    const at = this.#length;
    if (at === this.#points.steps.length) this.#reserve(at + 1);
    const points = this.#points;
    points.steps[at] = step;
    points.times[at] = time;
    points.values[at] = value;
    this.#length = at + 1;
  }

  append(more: Points): void {
    const length = this.#length + more.steps.length;
    this.#reserve(length);
    this.#points.steps.set(more.steps, this.#length);
    this.#points.times.set(more.times, this.#length);
    this.#points.values.set(more.values, this.#length);
    this.#length = length;
  }

  /** Removes the points at a step and later ones. */
  discardFrom(step: number): void {
    const { steps, times, values } = this.#points;
    let kept = 0;
    for (let at = 0; at < this.#length; at++) {
      if ((steps[at] as number) >= step) continue;
      steps[kept] = steps[at] as number;
      times[kept] = times[at] as number;
      values[kept] = values[at] as number;
      kept++;
    }
    this.#length = kept;
  }

  #reserve(length: number): void {
    const capacity = this.#points.steps.length;
    if (length <= capacity) return;
    const grown = emptyPoints(Math.max(length, capacity * 2, firstCapacity));
    grown.steps.set(this.#points.steps);
    grown.times.set(this.#points.times);
    grown.values.set(this.#points.values);
    this.#points = grown;
  }
}

/** Returns points that share their memory with a part of others. */
export function sliceOf({ steps, times, values }: Points, from: number, to: number): Points {
  return {
    steps: steps.subarray(from, to),
    times: times.subarray(from, to),
    values: values.subarray(from, to),
  };
}

function emptyPoints(capacity: number): Points {
  return {
    steps: new Float64Array(capacity),
    times: new Float64Array(capacity),
    values: new Float64Array(capacity),
  };
}
