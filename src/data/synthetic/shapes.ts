/**
 * The ten shapes of the generated set, as signed distances in a coordinate system whose origin is the center of the shape.
 * Shapes extend to a distance of about 1 from the origin. Distances are negative inside a shape. Far from the edge, distances
 * may be inexact, but they never change faster than the point moves, as smooth edges require.
 *
 * Every shape is symmetric about the x axis, so a flipped image shows the same shape with another rotation.
 */

/** Returns the signed distance from (x, y) to the edge of the shape, which is negative inside the shape. */
export type Shape = (x: number, y: number) => number;

// Constants replace trigonometric functions: +, -, *, / and square roots are rounded in the same way everywhere (IEEE 754),
// so every machine draws the same bytes. (Math.hypot and Math.cos may differ in the last bit.)
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

/** Returns the signed distance to a box with the given half width and half height. */
function box(x: number, y: number, halfWidth: number, halfHeight: number): number {
  return Math.max(Math.abs(x) - halfWidth, Math.abs(y) - halfHeight);
}

/** Returns whichever of the three points -pitch, 0 and pitch is nearest to x. */
function nearestOfThree(x: number, pitch: number): number {
  return x < -pitch / 2 ? -pitch : x > pitch / 2 ? pitch : 0;
}

export const circle: Shape = (x, y) => length(x, y) - 0.85;

export const square: Shape = (x, y) => box(x, y, 0.75, 0.75);

/** An equilateral triangle with one corner at (1.1, 0): the intersection of three half planes. */
export const triangle: Shape = (x, y) => Math.max(-x, cos60 * x + sin60 * Math.abs(y)) - 0.55;

/** Two crossing bars. */
export const cross: Shape = (x, y) => Math.min(box(x, y, 0.95, 0.27), box(x, y, 0.27, 0.95));

/** The points within 0.2 of a circle of radius 0.7. */
export const ring: Shape = (x, y) => Math.abs(length(x, y) - 0.7) - 0.2;

/**
 * A star with five points, one of which is at (1.1, 0). The plane is folded along the symmetry axes of the star, at 72° and
 * then at 36°, which leaves the sector from 0° to 36°. In this sector, the star is one side of the line from its outer to its
 * inner corner.
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
 * Four by four cells, rotated by 45° so that they are symmetric. Only lines between cells count as edges, so that empty
 * cells at the border have no outline.
 */
export const checkerboard: Shape = (x, y) => {
  const cell = 0.42;
  const u = cos45 * (x + y);
  const v = cos45 * (x - y);
  const row = (w: number) => Math.min(1, Math.max(-2, Math.floor(w / cell))); // clamped at the border
  const filled = (row(u) + row(v)) % 2 === 0;
  const toLine = Math.min(Math.abs(u - nearestOfThree(u, cell)), Math.abs(v - nearestOfThree(v, cell)));
  return Math.max(filled ? -toLine : toLine, box(u, v, 2 * cell, 2 * cell));
};

/** Nine discs in three rows and three columns. */
export const dots: Shape = (x, y) => length(x - nearestOfThree(x, 0.66), y - nearestOfThree(y, 0.66)) - 0.21;

/** A disc from which a second disc, shifted toward +x, is cut out. */
export const crescent: Shape = (x, y) => Math.max(length(x, y) - 0.95, 0.78 - length(x - 0.5, y));

/** The shapes in the order of the labels: shape 0 is drawn for class 0. */
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
