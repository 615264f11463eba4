/** One picture of the generated set. Everything that is drawn follows from the stream of random numbers. */
import type { RandomStream } from '../../tensor/random.ts';
import { imageBytes, imageSize } from '../record.ts';
import type { Shape } from './shapes.ts';

/** Red, green and blue, 0 … 255. */
type Colour = readonly [red: number, green: number, blue: number];

/** Where a shape lies. Its frame is the picture's, moved to the centre, turned and divided by the radius. */
interface Placement {
  /** In pixels from the left and the top edge. */
  readonly centre: readonly [x: number, y: number];
  /** Pixels to a unit of the shape's frame. */
  readonly radius: number;
  /** The direction of the shape's x axis, of length 1. */
  readonly axis: readonly [x: number, y: number];
}

/** A surface whose colour drifts across the picture: colour + drift * (the place along the direction, -1 … 1). */
interface Gradient {
  readonly colour: Colour;
  readonly direction: readonly [x: number, y: number];
  readonly drift: Colour;
}

/** Background clouds: brightness at the corners of 8 x 8 cells of `cellSize` pixels, smooth between them. */
interface Clouds {
  readonly heights: Float64Array;
}

const cellSize = 8;
const corners: number = imageSize / cellSize + 1;

/**
 * Pixels from the middle of the picture to the shape's, along each axis, and its radius in pixels. The training
 * crops keep 24 of 32 rows and columns, from anywhere; rows and columns 8 to 23 are in all of them. So every crop
 * holds the shape's middle and at least 3 pixels beyond it, on most sides the whole shape.
 */
const mostShift = 4.5;
const radiusRange: readonly [number, number] = [6, 11];

/** Range of the levels of a colour, and how far its channels lie from its grey. */
const lowest = 15;
const highest = 240;
const mostTint = 40;
/** Smallest difference in brightness (0 … 255) between shape and background. */
const leastContrast = 45;
/** How often the shape is the brighter of the two. */
const brighterShare = 0.7;
/** Largest change of a channel from the middle of the picture to its rim, and by clouds. */
const mostDrift = 35;
const mostClouds = 35;
/** Pixel noise is uniform, up to this many levels either way. */
const noiseRange: readonly [number, number] = [10, 50];
/** Some pictures are nearly lost in noise. Without them the network soon knows every training example for certain, and
 * then the tutorial's learning rate is too high for it: training breaks down between 600 and 1,400 steps. */
const lostShare = 0.1;
const lostNoiseRange: readonly [number, number] = [90, 150];

/** A direction, uniform over the circle: a point in the unit disc, without cosines (see shapes.ts). */
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
    centre: [middle + stream.between(-mostShift, mostShift), middle + stream.between(-mostShift, mostShift)],
    radius: stream.between(...radiusRange),
    axis: drawDirection(stream),
  };
}

function drawDrift(stream: RandomStream): Colour {
  const between = () => stream.between(-mostDrift, mostDrift);
  return [between(), between(), between()];
}

/** A grey with a tint, as photographs have: whitening, which takes one mean from all three channels, would leave a
 * saturated colour as a large constant, and that makes training at the tutorial's learning rate unstable. */
function drawColour(stream: RandomStream): Colour {
  const grey = stream.between(lowest + mostTint, highest - mostTint);
  const channel = () => grey + stream.between(-mostTint, mostTint);
  return [channel(), channel(), channel()];
}

/** Luma of ITU-R BT.601, section 2.5.1. */
function brightness([red, green, blue]: Colour): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Two colours that differ in brightness as well. */
function drawContrast(stream: RandomStream): readonly [shape: Colour, background: Colour] {
  const brighter = stream.uniform() < brighterShare ? 1 : -1;
  for (;;) {
    const shape = drawColour(stream);
    const background = drawColour(stream);
    if (brighter * (brightness(shape) - brightness(background)) >= leastContrast) return [shape, background];
  }
}

function drawGradient(stream: RandomStream, colour: Colour): Gradient {
  return { colour, direction: drawDirection(stream), drift: drawDrift(stream) };
}

function drawClouds(stream: RandomStream): Clouds {
  const strength = stream.between(0, mostClouds);
  return { heights: Float64Array.from({ length: corners ** 2 }, () => stream.between(-strength, strength)) };
}

/** 0 at 0, 1 at 1, level at both. */
function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** The clouds at the pixel (x, y), from the four corners around it. */
function cloudsAt({ heights }: Clouds, x: number, y: number): number {
  const corner = Math.floor(y / cellSize) * corners + Math.floor(x / cellSize);
  const right = ease((x % cellSize) / cellSize);
  const down = ease((y % cellSize) / cellSize);
  const [a, b] = [heights[corner] as number, heights[corner + 1] as number];
  const [c, d] = [heights[corner + corners] as number, heights[corner + corners + 1] as number];
  return (a + (b - a) * right) * (1 - down) + (c + (d - c) * right) * down;
}

/** The place of the pixel (x, y) along a direction, -1 … 1 across the picture. */
function along([directionX, directionY]: readonly [number, number], x: number, y: number): number {
  const half = (imageSize - 1) / 2;
  return ((x - half) * directionX + (y - half) * directionY) / half;
}

/** How much of the pixel (x, y) the shape covers, 0 … 1: its edge is a ramp of one pixel. */
function coverage(shape: Shape, { centre, radius, axis }: Placement, x: number, y: number): number {
  const dx = (x + 0.5 - centre[0]) / radius;
  const dy = (y + 0.5 - centre[1]) / radius;
  const distance = shape(dx * axis[0] + dy * axis[1], dy * axis[0] - dx * axis[1]);
  return Math.min(1, Math.max(0, 0.5 - distance * radius));
}

/** Draws a shape. @returns [3, 32, 32], the pixels of a record. */
export function drawExample(shape: Shape, stream: RandomStream): Uint8Array {
  const placement = drawPlacement(stream);
  const [shapeColour, backgroundColour] = drawContrast(stream);
  const front = drawGradient(stream, shapeColour);
  const back = drawGradient(stream, backgroundColour);
  const clouds = drawClouds(stream);
  const noise = stream.between(...(stream.uniform() < lostShare ? lostNoiseRange : noiseRange));
  const pixels = new Uint8Array(imageBytes);
  for (let pixel = 0; pixel < imageSize ** 2; pixel++) {
    const x = pixel % imageSize;
    const y = Math.floor(pixel / imageSize);
    const covered = coverage(shape, placement, x, y);
    const cloud = cloudsAt(clouds, x, y);
    const frontPlace = along(front.direction, x, y);
    const backPlace = along(back.direction, x, y);
    // One draw of 32 bits is enough for the noise of three channels, 8 bits each.
    const grains = stream.uint32();
    for (let channel = 0; channel < 3; channel++) {
      const inFront = (front.colour[channel] as number) + (front.drift[channel] as number) * frontPlace;
      const behind = (back.colour[channel] as number) + (back.drift[channel] as number) * backPlace + cloud;
      const grain = ((grains >>> (8 * channel)) & 255) / 127.5 - 1;
      const value = behind + (inFront - behind) * covered + noise * grain;
      pixels[channel * imageSize ** 2 + pixel] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return pixels;
}
