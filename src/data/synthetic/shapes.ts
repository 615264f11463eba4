/**
 * The ten shapes of the generated set, each a signed distance in a frame of its own: the origin is the shape's
 * middle, the shape reaches about 1 from there, and the distance is negative inside. Distances need not be exact
 * far from the edge, but they never change faster than the point moves, which is what drawing smooth edges needs.
 *
 * Every shape is its own mirror image in the x axis. So a picture that is flipped shows the same shape, turned.
 */

/** Signed distance from (x, y) to the edge; negative inside. */
export type Shape = (x: number, y: number) => number;

// Trigonometry is spelt out: with +, -, *, / and square roots only, which IEEE 754 rounds in one way, every
// machine draws the same bytes. (Math.hypot and Math.cos may differ in the last bit.)
const cos36 = 0.8090169943749475;
const sin36 = 0.5877852522924731;
const cos45 = Math.SQRT1_2;
const cos60 = 0.5;
const sin60 = 0.8660254037844386;
const cos72 = 0.30901699437494745;
const sin72 = 0.9510565162951535;

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** A box of the given half width and half height. */
function box(x: number, y: number, halfWidth: number, halfHeight: number): number {
  return Math.max(Math.abs(x) - halfWidth, Math.abs(y) - halfHeight);
}

/** The nearest of the three lattice points -pitch, 0, pitch. */
function nearestOfThree(x: number, pitch: number): number {
  return x < -pitch / 2 ? -pitch : x > pitch / 2 ? pitch : 0;
}

export const circle: Shape = (x, y) => length(x, y) - 0.85;

export const square: Shape = (x, y) => box(x, y, 0.75, 0.75);

/** Equilateral, one corner at (1.1, 0): the space common to three half planes. */
export const triangle: Shape = (x, y) => Math.max(-x, cos60 * x + sin60 * Math.abs(y)) - 0.55;

/** Two bars, one across the other. */
export const cross: Shape = (x, y) => Math.min(box(x, y, 0.95, 0.27), box(x, y, 0.27, 0.95));

/** What lies within 0.2 of a circle of radius 0.7. */
export const ring: Shape = (x, y) => Math.abs(length(x, y) - 0.7) - 0.2;

/**
 * Five points, one at (1.1, 0). The plane is folded along the star's mirror lines, at 72° and then 36°, until only
 * the sector from 0° to 36° is left; there the star is what lies on one side of the line from its outer corner to
 * its inner corner.
 */
export const star: Shape = (x, y) => {
  const beyond72 = Math.max(0, cos72 * Math.abs(y) - sin72 * x);
  const x72 = x + 2 * sin72 * beyond72;
  const y72 = Math.abs(Math.abs(y) - 2 * cos72 * beyond72);
  const beyond36 = Math.max(0, cos36 * y72 - sin36 * x72);
  const x36 = x72 + 2 * sin36 * beyond36;
  const y36 = y72 - 2 * cos36 * beyond36;
  const outer = 1.1;
  const inner = 0.46;
  const edgeX = inner * cos36 - outer;
  const edgeY = inner * sin36;
  return ((x36 - outer) * edgeY - y36 * edgeX) / length(edgeX, edgeY);
};

/** Three parallel bars. */
export const stripes: Shape = (x, y) => box(x, y - nearestOfThree(y, 0.66), 0.85, 0.18);

/**
 * Four cells by four, standing on a corner: the mirror lines of a checkerboard are its diagonals. Only the lines
 * between cells count as edges of cells, so that an empty cell at the rim is not outlined.
 */
export const checkerboard: Shape = (x, y) => {
  const cell = 0.42;
  const u = cos45 * (x + y);
  const v = cos45 * (x - y);
  const row = (w: number) => Math.min(1, Math.max(-2, Math.floor(w / cell))); // beyond the rim as at the rim
  const filled = (row(u) + row(v)) % 2 === 0;
  const toLine = Math.min(Math.abs(u - nearestOfThree(u, cell)), Math.abs(v - nearestOfThree(v, cell)));
  return Math.max(filled ? -toLine : toLine, box(u, v, 2 * cell, 2 * cell));
};

/** Nine discs, three by three. */
export const dots: Shape = (x, y) => length(x - nearestOfThree(x, 0.66), y - nearestOfThree(y, 0.66)) - 0.21;

/** A disc without another one that is moved towards +x. */
export const crescent: Shape = (x, y) => Math.max(length(x, y) - 0.95, 0.78 - length(x - 0.5, y));

/** In the order of the labels: shape 0 is drawn for class 0. */
export const shapes: readonly Shape[] = [
  circle,
  square,
  triangle,
  cross,
  ring,
  star,
  stripes,
  checkerboard,
  dots,
  crescent,
];
