/** Draws one image of the generated set. The shape and the stream of random numbers determine every pixel. */
import type { RandomStream } from '../../tensor/random.ts';
import { synthetic } from '../datasets/synthetic.ts';
import { imageBytes } from '../record.ts';
import type { Shape } from './shapes.ts';

const imageShape = synthetic.record.image;
/** The height and the width of an image. */
const imageSize: number = imageShape[1];

/** Red, green and blue, 0 … 255. */
type Color = readonly [red: number, green: number, blue: number];

/** The position, size and rotation of a shape. It maps the image to the coordinate system of the shape. */
interface Placement {
  /** The center, in pixels from the left and top edges. */
  readonly center: readonly [x: number, y: number];
  /** The number of pixels per unit of the shape's coordinate system. */
  readonly radius: number;
  /** The direction of the x axis of the shape, as a unit vector. */
  readonly axis: readonly [x: number, y: number];
}

/** A surface with a linear color gradient: color + drift * (position along the direction, -1 … 1). */
interface Gradient {
  readonly color: Color;
  readonly direction: readonly [x: number, y: number];
  readonly drift: Color;
}

/** Clouds in the background: brightness offsets at the corners of a grid of cells, interpolated smoothly. */
interface Clouds {
  readonly heights: Float64Array;
}

/** The width and height of a cell of this grid, in pixels. */
const cellSize = 8;
const corners: number = imageSize / cellSize + 1;

/**
 * The maximum offset of the shape's center from the center of the image along each axis, and the range of the shape's radius,
 * in pixels. Training crops keep 24 of 32 rows and columns, so rows and columns 8 to 23 are in all of them. Every crop
 * therefore contains the center of the shape and at least 3 pixels around it, and usually the whole shape.
 */
const maxShift = 4.5;
const radiusRange: readonly [number, number] = [6, 11];

/** The range of the values of a color's channels, and the maximum difference between a channel and the gray of the color. */
const minLevel = 15;
const maxLevel = 240;
const maxTint = 40;
/** The minimum difference in brightness (0 … 255) between shape and background. */
const minContrast = 45;
/** The fraction of images whose shape is brighter than the background. */
const brighterShare = 0.7;
/** The maximum change of a channel due to the gradient, from the center of the image to its edge, and due to clouds. */
const maxDrift = 35;
const maxClouds = 35;
/** The range of the amplitude of the uniform noise on pixels. */
const noiseRange: readonly [number, number] = [10, 50];
/** Some images are almost hidden by noise. Without them, the network soon becomes certain of every training example. The
 * tutorial's learning rate is then too high, and training diverges between steps 600 and 1,400. */
const noisyShare = 0.1;
const highNoiseRange: readonly [number, number] = [90, 150];

/** Returns a uniformly distributed direction. Rejection sampling in the unit disc replaces cosines, for the reason given in
 * shapes.ts. */
function drawDirection(stream: RandomStream): readonly [x: number, y: number] {
  for (;;) {
    const x = stream.between(-1, 1);
    const y = stream.between(-1, 1);
    const square = x * x + y * y;
    if (square > 0.01 && square <= 1) return [x / Math.sqrt(square), y / Math.sqrt(square)];
  }
}

function drawPlacement(stream: RandomStream): Placement {
  const middle = imageSize / 2;
  return {
    center: [middle + stream.between(-maxShift, maxShift), middle + stream.between(-maxShift, maxShift)],
    radius: stream.between(...radiusRange),
    axis: drawDirection(stream),
  };
}

function drawDrift(stream: RandomStream): Color {
  const between = () => stream.between(-maxDrift, maxDrift);
  return [between(), between(), between()];
}

/** Returns a tinted gray, as in photographs. A saturated color would remain a large constant after whitening, which
 * subtracts one mean from all three channels, and training at the tutorial's learning rate would be unstable. */
function drawColor(stream: RandomStream): Color {
  const gray = stream.between(minLevel + maxTint, maxLevel - maxTint);
  const channel = () => gray + stream.between(-maxTint, maxTint);
  return [channel(), channel(), channel()];
}

/** Returns the luma of a color (ITU-R BT.601, section 2.5.1). */
function brightness([red, green, blue]: Color): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Returns two colors that differ enough in brightness. */
function drawContrast(stream: RandomStream): readonly [shape: Color, background: Color] {
  const brighter = stream.uniform() < brighterShare ? 1 : -1;
  for (;;) {
    const shape = drawColor(stream);
    const background = drawColor(stream);
    if (brighter * (brightness(shape) - brightness(background)) >= minContrast) return [shape, background];
  }
}

function drawGradient(stream: RandomStream, color: Color): Gradient {
  return { color, direction: drawDirection(stream), drift: drawDrift(stream) };
}

function drawClouds(stream: RandomStream): Clouds {
  const strength = stream.between(0, maxClouds);
  return { heights: Float64Array.from({ length: corners ** 2 }, () => stream.between(-strength, strength)) };
}

/** Returns the smoothstep function of t, which rises from 0 at t = 0 to 1 at t = 1, and whose derivative is 0 at both ends. */
function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Returns the brightness offset of the clouds at pixel (x, y), interpolated from the four grid corners around the pixel. */
function cloudsAt({ heights }: Clouds, x: number, y: number): number {
  const corner = Math.floor(y / cellSize) * corners + Math.floor(x / cellSize);
  const right = ease((x % cellSize) / cellSize);
  const down = ease((y % cellSize) / cellSize);
  const [a, b] = [heights[corner] as number, heights[corner + 1] as number];
  const [c, d] = [heights[corner + corners] as number, heights[corner + corners + 1] as number];
  return (a + (b - a) * right) * (1 - down) + (c + (d - c) * right) * down;
}

/** Returns the position of pixel (x, y) along a direction, from -1 to 1 across the image. */
function along([directionX, directionY]: readonly [number, number], x: number, y: number): number {
  const half = (imageSize - 1) / 2;
  return ((x - half) * directionX + (y - half) * directionY) / half;
}

/** Returns the fraction of pixel (x, y) that the shape covers, 0 … 1. The edge of the shape is one pixel wide. */
function coverage(shape: Shape, { center, radius, axis }: Placement, x: number, y: number): number {
  const dx = (x + 0.5 - center[0]) / radius;
  const dy = (y + 0.5 - center[1]) / radius;
  const distance = shape(dx * axis[0] + dy * axis[1], dy * axis[0] - dx * axis[1]);
  return Math.min(1, Math.max(0, 0.5 - distance * radius));
}

/** Draws an image with a shape.
 * @returns the pixels [C, H, W] of a record */
export function drawExample(shape: Shape, stream: RandomStream): Uint8Array {
  const placement = drawPlacement(stream);
  const [shapeColor, backgroundColor] = drawContrast(stream);
  const front = drawGradient(stream, shapeColor);
  const back = drawGradient(stream, backgroundColor);
  const clouds = drawClouds(stream);
  const noise = stream.between(...(stream.uniform() < noisyShare ? highNoiseRange : noiseRange));
  const pixels = new Uint8Array(imageBytes(imageShape));
  for (let pixel = 0; pixel < imageSize ** 2; pixel++) {
    const x = pixel % imageSize;
    const y = Math.floor(pixel / imageSize);
    const covered = coverage(shape, placement, x, y);
    const cloud = cloudsAt(clouds, x, y);
    const frontPosition = along(front.direction, x, y);
    const backPosition = along(back.direction, x, y);
    // One random number of 32 bits provides the noise of all three channels, 8 bits each.
    const grains = stream.uint32();
    for (let channel = 0; channel < 3; channel++) {
      const inFront = (front.color[channel] as number) + (front.drift[channel] as number) * frontPosition;
      const behind = (back.color[channel] as number) + (back.drift[channel] as number) * backPosition + cloud;
      const grain = ((grains >>> (8 * channel)) & 255) / 127.5 - 1;
      const value = behind + (inFront - behind) * covered + noise * grain;
      pixels[channel * imageSize ** 2 + pixel] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return pixels;
}
